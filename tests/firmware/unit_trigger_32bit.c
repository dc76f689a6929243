/* The trigger where the widest integer has 32 bits; the Makefile builds this file that way. */
#include "trigger_fixture.h"

static uint32_t u;
static int32_t s;
static float f;

static void test_there_are_no_wider_integers(void **state) {
    (void)state;
    assert_int_equal(4, sizeof(scrutiny_wide_uint_t));
}

static void test_whole_literals_are_integers(void **state) {
    (void)state;
    scrutiny_operand_t x = variable(&u, SCRUTINY_TYPE_UINT32);
    scrutiny_operand_t y = variable(&s, SCRUTINY_TYPE_SINT32);
    u = 16777217;
    assert_relation(1, x, literal(16777216.0f));
    u = 0x7FFFFFFFu;
    assert_relation(-1, x, literal(2147483648.0f));
    u = 0x80000001u;
    assert_relation(1, x, literal(2147483648.0f));
    u = UINT32_MAX; /* the largest float32 below 2^32 */
    assert_relation(1, x, literal(4294967040.0f));
    s = INT32_MIN;
    assert_relation(0, y, literal(-2147483648.0f));
    assert_relation(-1, y, literal(2147483648.0f));
    assert_relation(-1, y, literal(-0.0f));
    s = INT32_MIN + 1;
    assert_relation(1, y, literal(-2147483648.0f));
}

static void test_literals_that_fit_no_integer_are_float32(void **state) {
    (void)state;
    scrutiny_operand_t x = variable(&u, SCRUTINY_TYPE_UINT32);
    scrutiny_operand_t y = variable(&s, SCRUTINY_TYPE_SINT32);
    u = UINT32_MAX; /* as a float32, this is 2^32 */
    assert_relation(0, x, literal(4294967296.0f));
    u = UINT32_MAX - 0x100u;
    assert_relation(-1, x, literal(4294967296.0f));
    s = INT32_MIN;
    assert_relation(1, y, literal(-2147483904.0f)); /* the float32 before -2^31 */
    assert_relation(-1, y, literal(1e30f));
}

static void test_an_integer_meets_a_float32_as_float32(void **state) {
    (void)state;
    u = 16777217;
    f = 16777216.0f;
    assert_relation(0, variable(&u, SCRUTINY_TYPE_UINT32), variable(&f, SCRUTINY_TYPE_FLOAT32));
    s = INT32_MIN;
    f = -2147483648.0f;
    assert_relation(0, variable(&s, SCRUTINY_TYPE_SINT32), variable(&f, SCRUTINY_TYPE_FLOAT32));
    assert_relation(0, literal(-2147483648.0f), variable(&f, SCRUTINY_TYPE_FLOAT32));
}

static void test_is_within_is_exact_over_the_whole_range(void **state) {
    (void)state;
    scrutiny_operand_t x = variable(&u, SCRUTINY_TYPE_UINT32);
    scrutiny_operand_t y = variable(&s, SCRUTINY_TYPE_SINT32);
    u = UINT32_MAX; /* 2^32 + 2^31 - 1 apart */
    s = INT32_MIN;
    assert_true(within(x, y, literal(6442450944.0f)));
    assert_false(within(x, y, literal(6442450432.0f))); /* the float32 before */
    assert_false(within(x, y, literal(4294967296.0f)));
    assert_false(within(y, x, x));
    assert_true(within(y, x, literal(-1e30f)));
    s = 2147483647;
    u = 0;
    assert_true(within(x, y, literal(2147483648.0f)));
    assert_false(within(x, y, literal(2147483520.0f)));
}

static void test_bit_fields_anywhere_in_their_type(void **state) {
    (void)state;
    for (unsigned int offset = 0; offset < 32; offset++) {
        for (unsigned int size = 1; offset + size <= 32; size++) {
            uint32_t mask = size == 32 ? UINT32_MAX : ((uint32_t)1 << size) - 1u;
            u = ~(mask << offset);
            assert_relation(0, bits(&u, SCRUTINY_TYPE_UINT32, offset, size), literal(0));
            u = mask << offset;
            assert_relation(0, bits(&u, SCRUTINY_TYPE_UINT32, offset, size),
                            variable(&mask, SCRUTINY_TYPE_UINT32));
            assert_relation(0, bits(&u, SCRUTINY_TYPE_SINT32, offset, size), literal(-1.0f));
        }
    }
}

static void test_change_more_than(void **state) {
    (void)state;
    begin(CHANGE, variable(&s, SCRUTINY_TYPE_SINT32), literal(4294967040.0f), literal(0));
    s = INT32_MIN;
    assert_false(fires());
    s = INT32_MAX;
    assert_true(fires());
    begin(CHANGE, variable(&s, SCRUTINY_TYPE_SINT32), literal(-4294967296.0f), literal(0));
    assert_false(fires());
    s = INT32_MIN;
    assert_false(fires());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_are_no_wider_integers),
        cmocka_unit_test(test_whole_literals_are_integers),
        cmocka_unit_test(test_literals_that_fit_no_integer_are_float32),
        cmocka_unit_test(test_an_integer_meets_a_float32_as_float32),
        cmocka_unit_test(test_is_within_is_exact_over_the_whole_range),
        cmocka_unit_test(test_bit_fields_anywhere_in_their_type),
        cmocka_unit_test(test_change_more_than),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
