/* A trigger without a device around it: operands, and one evaluation after the other. */
#ifndef TRIGGER_FIXTURE_H
#define TRIGGER_FIXTURE_H

#include "fixture.h"
#include "operands.h"
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

static scrutiny_t scrutiny;

static inline scrutiny_operand_t variable(const void *address, unsigned int type) {
    scrutiny_operand_t operand;
    memset(&operand, 0, sizeof(operand));
    operand.kind = SCRUTINY_OPERAND_VAR;
    operand.data_type = (uint_least8_t)type;
    operand.source.address = (uintptr_t)address;
    return operand;
}

static inline scrutiny_operand_t bits(const void *address, unsigned int type, unsigned int offset,
                                      unsigned int size) {
    scrutiny_operand_t operand = variable(address, type);
    operand.kind = SCRUTINY_OPERAND_VAR_BIT;
    operand.bit_offset = (uint_least8_t)offset;
    operand.bit_size = (uint_least8_t)size;
    return operand;
}

static inline scrutiny_operand_t literal(float value) {
    scrutiny_operand_t operand;
    memset(&operand, 0, sizeof(operand));
    operand.kind = SCRUTINY_OPERAND_LITERAL;
    operand.source.real = value;
    return operand;
}

static inline void begin(unsigned int condition, scrutiny_operand_t x, scrutiny_operand_t y,
                         scrutiny_operand_t z) {
    scrutiny_datalog_setup_t *setup = &scrutiny.datalogger.setup;
    memset(&scrutiny, 0, sizeof(scrutiny));
    setup->condition = (uint_least8_t)condition;
    setup->operand_count = scrutiny_condition_operands((uint_least8_t)condition);
    setup->operands[0] = x;
    setup->operands[1] = y;
    setup->operands[2] = z;
    scrutiny_trigger_prepare(setup);
}

static inline bool fires(void) {
    return scrutiny_trigger_fires(&scrutiny);
}

static inline bool once(unsigned int condition, scrutiny_operand_t x, scrutiny_operand_t y) {
    begin(condition, x, y, y);
    return fires();
}

static inline bool within(scrutiny_operand_t x, scrutiny_operand_t y, scrutiny_operand_t margin) {
    begin(WITHIN, x, y, margin);
    return fires();
}

/* All six comparisons of x and y agree with this relation: -1, 0 or 1. */
static inline void assert_relation(int relation, scrutiny_operand_t x, scrutiny_operand_t y) {
    assert_int_equal(relation == 0, once(EQ, x, y));
    assert_int_equal(relation != 0, once(NE, x, y));
    assert_int_equal(relation < 0, once(LT, x, y));
    assert_int_equal(relation <= 0, once(LE, x, y));
    assert_int_equal(relation > 0, once(GT, x, y));
    assert_int_equal(relation >= 0, once(GE, x, y));
}

#endif
