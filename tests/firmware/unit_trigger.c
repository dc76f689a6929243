/* The trigger by itself: operands in memory, one evaluation after the other. */
#include "fixture.h"
#include "trigger.h"

enum {
    EQ = 1,
    NE = 2,
    LT = 3,
    LE = 4,
    GT = 5,
    GE = 6,
    CHANGE = 7,
    WITHIN = 8
};

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

static scrutiny_t scrutiny;

static scrutiny_operand_t variable(const void *address, unsigned int type) {
    scrutiny_operand_t operand;
    memset(&operand, 0, sizeof(operand));
    operand.kind = SCRUTINY_OPERAND_VAR;
    operand.data_type = (uint_least8_t)type;
    operand.source.address = (uintptr_t)address;
    return operand;
}

static scrutiny_operand_t bits(const void *address, unsigned int type, unsigned int offset,
                               unsigned int size) {
    scrutiny_operand_t operand = variable(address, type);
    operand.kind = SCRUTINY_OPERAND_VAR_BIT;
    operand.bit_offset = (uint_least8_t)offset;
    operand.bit_size = (uint_least8_t)size;
    return operand;
}

static scrutiny_operand_t literal(float value) {
    scrutiny_operand_t operand;
    memset(&operand, 0, sizeof(operand));
    operand.kind = SCRUTINY_OPERAND_LITERAL;
    operand.source.literal = value;
    return operand;
}

static void begin(unsigned int condition, scrutiny_operand_t x, scrutiny_operand_t y) {
    memset(&scrutiny, 0, sizeof(scrutiny));
    scrutiny.datalogger.setup.condition = (uint_least8_t)condition;
    scrutiny.datalogger.setup.operand_count = scrutiny_condition_operands((uint_least8_t)condition);
    scrutiny.datalogger.setup.operands[0] = x;
    scrutiny.datalogger.setup.operands[1] = y;
}

static bool fires(void) {
    return scrutiny_trigger_fires(&scrutiny);
}

static bool once(unsigned int condition, scrutiny_operand_t x, scrutiny_operand_t y) {
    begin(condition, x, y);
    return fires();
}

static bool within(scrutiny_operand_t x, scrutiny_operand_t y, scrutiny_operand_t margin) {
    begin(WITHIN, x, y);
    scrutiny.datalogger.setup.operands[2] = margin;
    return fires();
}

/* All six comparisons of x and y agree with this relation: -1, 0 or 1. */
static void assert_relation(int relation, scrutiny_operand_t x, scrutiny_operand_t y) {
    assert_int_equal(relation == 0, once(EQ, x, y));
    assert_int_equal(relation != 0, once(NE, x, y));
    assert_int_equal(relation < 0, once(LT, x, y));
    assert_int_equal(relation <= 0, once(LE, x, y));
    assert_int_equal(relation > 0, once(GT, x, y));
    assert_int_equal(relation >= 0, once(GE, x, y));
}

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

static void test_literal_makes_it_float32(void **state) {
    (void)state;
    a.u32[0] = 16777217;
    assert_relation(0, variable(&a, SCRUTINY_TYPE_UINT32), literal(16777216.0f));
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
    begin(CHANGE, variable(&a, type), change);
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
}

static void test_change_of_a_float(void **state) {
    (void)state;
    begin(CHANGE, variable(&a, SCRUTINY_TYPE_FLOAT32), literal(0.5f));
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
        cmocka_unit_test(test_literal_makes_it_float32),
        cmocka_unit_test(test_nan_equals_nothing),
        cmocka_unit_test(test_bit_fields_anywhere_in_their_type),
        cmocka_unit_test(test_change_more_than),
        cmocka_unit_test(test_change_of_a_float),
        cmocka_unit_test(test_is_within),
        cmocka_unit_test(test_condition_operand_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
