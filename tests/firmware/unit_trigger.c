/* The trigger by itself: operands in memory, one evaluation after the other. */
#include <float.h>
#include <math.h>

#include "trigger_fixture.h"

static union {
    uint8_t u8[8];
    int8_t s8[8];
    uint16_t u16[4];
    int16_t s16[4];
    uint32_t u32[2];
    int32_t s32[2];
    float f32[2];
    uint64_t u64;
    int64_t s64;
    double f64;
} a, b, c;

static void test_integers_are_compared_exactly(void **state) {
    (void)state;
    scrutiny_operand_t u = variable(&a, SCRUTINY_TYPE_UINT64);
    scrutiny_operand_t s = variable(&b, SCRUTINY_TYPE_SINT64);
    a.u64 = 16777217;
    b.s64 = 16777216;
    assert_relation(1, u, s);
    b.s64 = -1;
    assert_relation(1, u, s);
    assert_relation(-1, s, u);
    a.u64 = UINT64_MAX;
    b.s64 = INT64_MAX;
    assert_relation(1, u, s);
    b.s64 = INT64_MIN;
    assert_relation(1, u, s);
    a.u64 = 5;
    b.s64 = 5;
    assert_relation(0, u, s);
    b.s64 = INT64_MIN;
    c.s64 = INT64_MIN + 1;
    assert_relation(-1, s, variable(&c, SCRUTINY_TYPE_SINT64));
}

static void test_each_type_is_read_in_its_size(void **state) {
    (void)state;
    memset(&a, 0xFF, sizeof(a));
    assert_relation(0, variable(&a, SCRUTINY_TYPE_SINT8), literal(-1.0f));
    assert_relation(0, variable(&a, SCRUTINY_TYPE_UINT8), literal(255.0f));
    assert_relation(0, variable(&a, SCRUTINY_TYPE_SINT16), literal(-1.0f));
    assert_relation(0, variable(&a.u8[1], SCRUTINY_TYPE_UINT16), literal(65535.0f)); /* unaligned */
    assert_relation(0, variable(&a, SCRUTINY_TYPE_SINT32), literal(-1.0f));
    assert_relation(0, variable(&a, SCRUTINY_TYPE_SINT64), literal(-1.0f));
    a.f32[0] = 2.5f;
    assert_relation(0, variable(&a, SCRUTINY_TYPE_FLOAT32), literal(2.5f));
    a.f64 = -0.75;
    assert_relation(0, variable(&a, SCRUTINY_TYPE_FLOAT64), literal(-0.75f));
}

static void test_whole_literals_are_integers(void **state) {
    (void)state;
    scrutiny_operand_t u = variable(&a, SCRUTINY_TYPE_UINT64);
    scrutiny_operand_t s = variable(&a, SCRUTINY_TYPE_SINT64);
    a.u64 = 16777217;
    assert_relation(1, variable(&a, SCRUTINY_TYPE_UINT32), literal(16777216.0f));
    a.s64 = -16777217;
    assert_relation(-1, s, literal(-16777216.0f));
    a.u64 = ((uint64_t)1 << 31) + 1;
    assert_relation(1, u, literal(2147483648.0f));
    a.u64 = ((uint64_t)1 << 32) + 1;
    assert_relation(1, u, literal(4294967296.0f));
    a.s64 = ((int64_t)1 << 62) + 1;
    assert_relation(1, s, literal(4611686018427387904.0f));
    a.u64 = ((uint64_t)1 << 63) - 1;
    assert_relation(-1, u, literal(9223372036854775808.0f));
    a.u64 = ((uint64_t)1 << 63) + 1;
    assert_relation(1, u, literal(9223372036854775808.0f));
    a.u64 = UINT64_MAX; /* the largest float32 below 2^64 */
    assert_relation(1, u, literal(18446742974197923840.0f));
    a.s64 = INT64_MIN;
    assert_relation(0, s, literal(-9223372036854775808.0f));
    a.s64 = INT64_MIN + 1;
    assert_relation(1, s, literal(-9223372036854775808.0f));
}

static void test_literals_of_both_zeros_are_equal(void **state) {
    (void)state;
    a.u64 = 0;
    assert_relation(0, variable(&a, SCRUTINY_TYPE_UINT64), literal(-0.0f));
    assert_relation(0, variable(&a, SCRUTINY_TYPE_SINT8), literal(-0.0f));
    assert_relation(0, variable(&a, SCRUTINY_TYPE_FLOAT32), literal(-0.0f));
    assert_relation(0, literal(-0.0f), literal(0.0f));
}

static void test_literals_that_fit_no_integer_are_float32(void **state) {
    (void)state;
    scrutiny_operand_t u = variable(&a, SCRUTINY_TYPE_UINT64);
    scrutiny_operand_t s = variable(&a, SCRUTINY_TYPE_SINT64);
    a.u64 = UINT64_MAX; /* as a float32, this is 2^64 */
    assert_relation(0, u, literal(18446744073709551616.0f));
    a.u64 = UINT64_MAX - ((uint64_t)1 << 40);
    assert_relation(-1, u, literal(18446744073709551616.0f));
    a.s64 = INT64_MIN;
    assert_relation(1, s, literal(-9223373136366403584.0f)); /* the float32 before -2^63 */
    assert_relation(1, s, literal(-FLT_MAX));
    assert_relation(-1, s, literal(FLT_MAX));
    a.s64 = 8388607;
    assert_relation(-1, s, literal(8388607.5f)); /* the largest fraction */
    assert_relation(1, s, literal(8388606.5f));
    a.s64 = -1;
    assert_relation(1, s, literal(-1.5f));
    assert_relation(-1, s, literal(FLT_MIN));
}

static void test_float32_meets_a_literal_as_it_was_on_the_wire(void **state) {
    (void)state;
    const float values[] = {16777216.0f, 2147483648.0f, 9223372036854775808.0f,
                            FLT_MAX,     -16777216.0f,  -9223372036854775808.0f,
                            3.0f,        0.1f,          FLT_MIN};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        scrutiny_operand_t f = variable(&a, SCRUTINY_TYPE_FLOAT32);
        a.f32[0] = values[i];
        assert_relation(0, f, literal(values[i]));
        assert_relation(0, literal(values[i]), f);
        a.f32[0] = nextafterf(values[i], INFINITY);
        assert_relation(1, f, literal(values[i]));
        a.f32[0] = nextafterf(values[i], -INFINITY);
        assert_relation(-1, f, literal(values[i]));
    }
}

static void test_an_integer_meets_a_float32_as_float32(void **state) {
    (void)state;
    scrutiny_operand_t u = variable(&a, SCRUTINY_TYPE_UINT64);
    scrutiny_operand_t f = variable(&b, SCRUTINY_TYPE_FLOAT32);
    a.u64 = 16777217; /* a tie, to even */
    b.f32[0] = 16777216.0f;
    assert_relation(0, u, f);
    a.u64 = 16777219;
    b.f32[0] = 16777220.0f;
    assert_relation(0, u, f);
    /* Over a tie by less than a double can tell: rounded in two steps it would be 2^53. */
    a.u64 = ((uint64_t)1 << 62) + ((uint64_t)1 << 38) + 1;
    b.f32[0] = 4611686568183201792.0f;
    assert_relation(0, u, f);
    scrutiny_operand_t s = variable(&a, SCRUTINY_TYPE_SINT64);
    a.s64 = -16777217;
    b.f32[0] = -16777216.0f;
    assert_relation(0, s, f);
    a.s64 = INT64_MIN;
    b.f32[0] = -9223372036854775808.0f;
    assert_relation(0, s, f);
    b.f32[0] = -INFINITY;
    assert_relation(1, s, f);
}

static void test_float64_is_rounded_to_float32(void **state) {
    (void)state;
    scrutiny_operand_t d = variable(&a, SCRUTINY_TYPE_FLOAT64);
    a.f64 = 1.0 + 1e-12;
    assert_relation(0, d, literal(1.0f));
    a.f64 = 1e300;
    assert_relation(1, d, literal(FLT_MAX));
}

static void test_nan_equals_nothing(void **state) {
    (void)state;
    a.u32[0] = 0x7FC00000u;
    scrutiny_operand_t nan = variable(&a, SCRUTINY_TYPE_FLOAT32);
    assert_false(once(EQ, nan, nan));
    assert_false(once(LE, nan, literal(0)));
    assert_false(once(GE, nan, literal(0)));
    assert_true(once(NE, nan, literal(0)));
    assert_false(within(nan, literal(0), literal(1)));
}

static void test_bit_fields_anywhere_in_their_type(void **state) {
    (void)state;
    for (unsigned int offset = 0; offset < 64; offset++) {
        for (unsigned int size = 1; offset + size <= 64; size++) {
            uint64_t mask = size == 64 ? UINT64_MAX : ((uint64_t)1 << size) - 1u;
            a.u64 = ~(mask << offset);
            b.u64 = 0;
            assert_true(once(EQ, bits(&a, SCRUTINY_TYPE_UINT64, offset, size),
                             variable(&b, SCRUTINY_TYPE_UINT64)));
            a.u64 = mask << offset;
            b.u64 = mask;
            assert_true(once(EQ, bits(&a, SCRUTINY_TYPE_UINT64, offset, size),
                             variable(&b, SCRUTINY_TYPE_UINT64)));
            assert_true(once(EQ, bits(&a, SCRUTINY_TYPE_SINT64, offset, size), literal(-1.0f)));
        }
    }
}

static bool changes(unsigned int type, int before, int now, scrutiny_operand_t change) {
    begin(CHANGE, variable(&a, type), change, change);
    a.s32[0] = before;
    bool first = fires();
    assert_false(first); /* only records */
    a.s32[0] = now;
    return fires();
}

static void test_change_more_than(void **state) {
    (void)state;
    const unsigned int type = SCRUTINY_TYPE_SINT32;
    assert_true(changes(type, 0, 6, literal(5.0f)));
    assert_false(changes(type, 0, 5, literal(5.0f)));
    assert_false(changes(type, 0, -6, literal(5.0f)));
    assert_true(changes(type, 0, -6, literal(-5.0f)));
    assert_false(changes(type, 0, -5, literal(-5.0f)));
    assert_false(changes(type, 0, 6, literal(-5.0f)));
    assert_true(changes(type, 0, 6, literal(5.9f)));  /* cut to 5 */
    assert_true(changes(type, 0, 1, literal(-0.5f))); /* cut to 0, which counts as upwards */
    assert_false(changes(type, 0, -1, literal(-0.5f)));
    assert_true(changes(type, INT32_MIN, INT32_MAX, literal(4294967040.0f)));
    assert_false(changes(type, INT32_MIN, INT32_MAX, literal(4294967296.0f)));
    assert_true(changes(SCRUTINY_TYPE_UINT32, 16777216, 16777218, literal(1.0f)));
    assert_false(changes(SCRUTINY_TYPE_UINT32, 16777216, 16777217, literal(1.0f)));
    assert_false(changes(type, 0, 6, literal(1e30f)));
    assert_false(changes(type, 0, 6, literal(-1e30f)));
}

static void test_change_by_a_variable(void **state) {
    (void)state;
    const unsigned int type = SCRUTINY_TYPE_SINT32;
    scrutiny_operand_t f = variable(&b, SCRUTINY_TYPE_FLOAT32);
    b.f32[0] = 5.9f;
    assert_true(changes(type, 0, 6, f));
    assert_false(changes(type, 0, 5, f));
    b.f32[0] = -0.5f;
    assert_true(changes(type, 0, 1, f));
    assert_false(changes(type, 0, -1, f));
    b.f32[0] = -1.0f;
    assert_true(changes(type, 0, -2, f));
    b.f32[0] = NAN;
    assert_false(changes(type, 0, 100, f));
    b.f32[0] = INFINITY;
    assert_false(changes(type, INT32_MIN, INT32_MAX, f));
    b.f32[0] = -INFINITY;
    assert_false(changes(type, INT32_MAX, INT32_MIN, f));
    scrutiny_operand_t s = variable(&b, SCRUTINY_TYPE_SINT64);
    b.s64 = INT64_MIN;
    assert_false(changes(type, INT32_MAX, INT32_MIN, s));
    b.s64 = -2;
    assert_true(changes(type, 1, -2, s));
    assert_false(changes(type, 1, -1, s));
}

static void test_change_over_the_whole_range(void **state) {
    (void)state;
    begin(CHANGE, variable(&a, SCRUTINY_TYPE_SINT64), variable(&b, SCRUTINY_TYPE_UINT64),
          literal(0));
    b.u64 = UINT64_MAX - 1;
    a.s64 = INT64_MIN;
    assert_false(fires());
    a.s64 = INT64_MAX;
    assert_true(fires());
    b.u64 = UINT64_MAX;
    a.s64 = INT64_MIN;
    assert_false(fires());
    a.s64 = INT64_MAX;
    assert_false(fires());
}

static void test_change_is_remembered_although_it_is_not_a_number(void **state) {
    (void)state;
    begin(CHANGE, variable(&a, SCRUTINY_TYPE_SINT32), variable(&b, SCRUTINY_TYPE_FLOAT32),
          literal(0));
    b.f32[0] = NAN;
    a.s32[0] = 0;
    assert_false(fires());
    a.s32[0] = 10;
    assert_false(fires());
    b.f32[0] = 5.0f;
    a.s32[0] = 11; /* more than 5 above 0, but not above 10 */
    assert_false(fires());
}

static void test_change_of_a_float(void **state) {
    (void)state;
    begin(CHANGE, variable(&a, SCRUTINY_TYPE_FLOAT32), literal(0.5f), literal(0));
    a.f32[0] = 1.0f;
    assert_false(fires());
    a.f32[0] = 1.5f;
    assert_false(fires());
    a.f32[0] = 2.25f; /* compared with the last evaluation */
    assert_true(fires());
}

static void test_is_within(void **state) {
    (void)state;
    scrutiny_operand_t s = variable(&a, SCRUTINY_TYPE_SINT64);
    scrutiny_operand_t u = variable(&b, SCRUTINY_TYPE_UINT64);
    scrutiny_operand_t margin = variable(&c, SCRUTINY_TYPE_SINT64);
    assert_true(within(literal(1.5f), literal(1.0f), literal(0.5f)));
    assert_true(within(literal(0.5f), literal(1.0f), literal(-0.5f)));
    assert_false(within(literal(1.625f), literal(1.0f), literal(0.5f)));
    a.s64 = 16777217;
    b.u64 = 16777216;
    c.s64 = 0;
    assert_false(within(s, u, margin));
    c.s64 = -1;
    assert_true(within(s, u, margin));
    a.s64 = -3;
    b.u64 = 4;
    c.s64 = 7;
    assert_true(within(s, u, margin));
    assert_true(within(u, s, margin));
    c.s64 = 6;
    assert_false(within(s, u, margin));
    a.s64 = INT64_MIN;
    b.u64 = UINT64_MAX;
    c.s64 = INT64_MIN;
    assert_false(within(s, u, margin));
}

static void test_is_within_counts_whole_steps_between_integers(void **state) {
    (void)state;
    scrutiny_operand_t s = variable(&a, SCRUTINY_TYPE_SINT32);
    scrutiny_operand_t f = variable(&b, SCRUTINY_TYPE_FLOAT32);
    for (int i = -4; i <= 4; i++) {
        a.s32[0] = 100 + i;
        assert_int_equal(i >= -2 && i <= 2, within(s, literal(100), literal(2.5f)));
        assert_int_equal(i >= -2 && i <= 2, within(literal(100), s, literal(-2.5f)));
        assert_int_equal(i == 0, within(s, literal(100), literal(-0.5f)));
        b.f32[0] = -2.5f;
        assert_int_equal(i >= -2 && i <= 2, within(s, literal(100), f));
        b.f32[0] = NAN;
        assert_false(within(s, literal(100), f));
        b.f32[0] = -INFINITY;
        assert_true(within(s, literal(100), f));
    }
    a.s32[0] = 16777217;
    assert_false(within(s, literal(16777216), literal(0)));
    assert_true(within(s, literal(16777216.0f), literal(1)));
}

static void test_is_within_is_exact_over_the_whole_range(void **state) {
    (void)state;
    scrutiny_operand_t s = variable(&a, SCRUTINY_TYPE_SINT64);
    scrutiny_operand_t u = variable(&b, SCRUTINY_TYPE_UINT64);
    scrutiny_operand_t f = variable(&c, SCRUTINY_TYPE_FLOAT32);
    a.s64 = INT64_MIN;
    b.u64 = UINT64_MAX; /* 2^64 + 2^63 - 1 apart */
    c.f32[0] = 27670116110564327424.0f;
    assert_true(within(s, u, f));
    assert_true(within(s, u, literal(27670116110564327424.0f)));
    assert_true(within(u, s, literal(-FLT_MAX)));
    c.f32[0] = 27670114461296885760.0f; /* the float32 before 2^64 + 2^63 */
    assert_false(within(s, u, f));
    assert_false(within(u, s, literal(18446744073709551616.0f)));
    b.u64 = (uint64_t)1 << 63; /* 2^64 apart */
    assert_true(within(s, u, literal(18446744073709551616.0f)));
    assert_false(within(s, u, variable(&b.u64, SCRUTINY_TYPE_UINT64)));
    b.u64++;
    assert_false(within(s, u, literal(18446744073709551616.0f)));
}

static void test_is_within_goes_through_float32_with_a_float(void **state) {
    (void)state;
    scrutiny_operand_t u = variable(&a, SCRUTINY_TYPE_UINT32);
    scrutiny_operand_t f = variable(&b, SCRUTINY_TYPE_FLOAT32);
    a.u32[0] = 16777217;
    b.f32[0] = 16777216.0f;
    assert_true(within(u, f, literal(0)));
    assert_true(within(f, u, literal(0)));
    a.u32[0] = 3;
    assert_true(within(u, literal(0.5f), literal(2.5f)));
    assert_false(within(u, literal(0.5f), variable(&a, SCRUTINY_TYPE_FLOAT32))); /* tiny */
    assert_true(within(u, literal(0.5f), u));
    b.f32[0] = INFINITY;
    assert_false(within(f, f, literal(1)));
}

static const scrutiny_published_value_t published_values[] = {
    {0, SCRUTINY_TYPE_SINT8},  {1, SCRUTINY_TYPE_UINT16},  {2, SCRUTINY_TYPE_SINT32},
    {3, SCRUTINY_TYPE_UINT64}, {4, SCRUTINY_TYPE_FLOAT32}, {5, SCRUTINY_TYPE_FLOAT64},
    {6, SCRUTINY_TYPE_BOOL},   {7, SCRUTINY_TYPE_SINT64}};
static bool refused;

static bool read_value(void *context, const scrutiny_published_value_t *definition,
                       scrutiny_value_t *value) {
    (void)context;
    switch (definition->id) {
    case 0:
        value->as_sint8 = -1;
        break;
    case 1:
        value->as_uint16 = 65535;
        break;
    case 2:
        value->as_sint32 = INT32_MIN;
        break;
    case 3:
        value->as_uint64 = UINT64_MAX;
        break;
    case 4:
        value->as_float32 = -2.5f;
        break;
    case 5:
        value->as_float64 = 0.1;
        break;
    case 6:
        value->as_bool = true;
        break;
    default:
        value->as_sint64 = INT64_MIN;
        break;
    }
    return !refused;
}

static bool published_once(unsigned int condition, unsigned int index, scrutiny_operand_t y) {
    static scrutiny_config_t config;
    scrutiny_datalog_setup_t *setup = &scrutiny.datalogger.setup;
    memset(&scrutiny, 0, sizeof(scrutiny));
    config.published_values = published_values;
    config.published_value_count = sizeof(published_values) / sizeof(published_values[0]);
    config.read_value = read_value;
    scrutiny.config = &config;
    setup->condition = (uint_least8_t)condition;
    setup->operand_count = 2;
    setup->operands[0].kind = SCRUTINY_OPERAND_RPV;
    setup->operands[0].source.published = &published_values[index];
    setup->operands[1] = y;
    scrutiny_trigger_prepare(setup);
    return fires();
}

static void test_published_values_are_compared_like_variables(void **state) {
    (void)state;
    refused = false;
    assert_true(published_once(EQ, 0, literal(-1)));
    assert_true(published_once(EQ, 1, literal(65535)));
    assert_true(published_once(EQ, 2, literal(-2147483648.0f)));
    assert_true(published_once(GT, 3, literal(18446742974197923840.0f)));
    assert_true(published_once(EQ, 4, literal(-2.5f)));
    assert_true(published_once(EQ, 5, literal(0.1f)));
    assert_true(published_once(EQ, 6, literal(1)));
    assert_true(published_once(EQ, 7, literal(-9223372036854775808.0f)));
    a.s64 = INT64_MIN + 1;
    assert_true(published_once(LT, 7, variable(&a, SCRUTINY_TYPE_SINT64)));
}

static void test_a_refused_value_fires_nothing(void **state) {
    (void)state;
    refused = true;
    assert_false(published_once(EQ, 1, literal(65535)));
    assert_false(published_once(NE, 1, literal(0)));
    assert_false(scrutiny.datalogger.trigger.was_true);
}

static void test_condition_operand_counts(void **state) {
    (void)state;
    const uint8_t counts[] = {0, 2, 2, 2, 2, 2, 2, 2, 3, 255};
    for (uint_least8_t i = 0; i < sizeof(counts); i++) {
        assert_int_equal(counts[i], scrutiny_condition_operands(i));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers_are_compared_exactly),
        cmocka_unit_test(test_each_type_is_read_in_its_size),
        cmocka_unit_test(test_whole_literals_are_integers),
        cmocka_unit_test(test_literals_of_both_zeros_are_equal),
        cmocka_unit_test(test_literals_that_fit_no_integer_are_float32),
        cmocka_unit_test(test_float32_meets_a_literal_as_it_was_on_the_wire),
        cmocka_unit_test(test_an_integer_meets_a_float32_as_float32),
        cmocka_unit_test(test_float64_is_rounded_to_float32),
        cmocka_unit_test(test_nan_equals_nothing),
        cmocka_unit_test(test_bit_fields_anywhere_in_their_type),
        cmocka_unit_test(test_change_more_than),
        cmocka_unit_test(test_change_by_a_variable),
        cmocka_unit_test(test_change_over_the_whole_range),
        cmocka_unit_test(test_change_is_remembered_although_it_is_not_a_number),
        cmocka_unit_test(test_change_of_a_float),
        cmocka_unit_test(test_is_within),
        cmocka_unit_test(test_is_within_counts_whole_steps_between_integers),
        cmocka_unit_test(test_is_within_is_exact_over_the_whole_range),
        cmocka_unit_test(test_is_within_goes_through_float32_with_a_float),
        cmocka_unit_test(test_published_values_are_compared_like_variables),
        cmocka_unit_test(test_a_refused_value_fires_nothing),
        cmocka_unit_test(test_condition_operand_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
