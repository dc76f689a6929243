/* When a recording fires: operands, conditions, edge and hold time.
 *
 * Operands. Each is either an integer or a float32; which of them is known from the configuration.
 * - Variables, bit fields and published values of integer types are integers, with all their
 *   digits. A boolean is the unsigned integer that lies in memory.
 * - float32 is itself; float64 is rounded to float32.
 * - A literal, a float32 on the wire, is an integer if it is whole and fits the widest integer of
 *   this build, which has N = 64 bits (32 without SCRUTINY_ENABLE_64BIT): from 0, to which -0.0
 *   counts, to 2^N - 1, or from -2^(N-1) to -1. Any other literal is a float32.
 *
 * Conditions. The first two operands decide how, for ChangeMoreThan the first alone.
 * - Integers are compared as numbers, whatever their types: -1 is less than any unsigned number,
 *   and a uint32 of 16777217 is greater than the literal 16777216.
 * - If one is a float32, so is the other: an integer is rounded to it, once, and a literal becomes
 *   again what it was on the wire. NaN is neither less than, nor equal to, nor greater than
 *   anything; NotEqual holds.
 * - IsWithin(a, b, c): |a - b| <= |c|. Between integers the difference is exact, and a c with a
 *   fraction counts without it: of 2.5, 2. Nothing is within NaN, everything within infinity.
 *   Otherwise c is taken as a float32, too, and a - b is rounded to float32.
 * - ChangeMoreThan(a, b), with p, the value of a at the previous evaluation: a > p + b, or a < p +
 * b if b is negative. For an integer a, all of it is exact, after b has lost its fraction; a b of
 *   -0.5 is then 0, and not negative. Never for a NaN. Otherwise b is taken as a float32, too, and
 *   p + b is rounded to float32. The first evaluation finds no change.
 *
 * Rounding is to the nearest, ties to even; beyond the range of float32 lies infinity.
 *
 * The condition has to become true, and to stay so for the hold time.
 *
 * Source: device protocol, sections 11.1 and 12; the reference firmware goes through float32 with
 * any literal, and for IsWithin always.
 */
#ifndef SCRUTINY_SRC_TRIGGER_H
#define SCRUTINY_SRC_TRIGGER_H

#include "linkage.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

#if SCRUTINY_ENABLE_DATALOGGING

typedef enum {
    SCRUTINY_CONDITION_ALWAYS_TRUE = 0,
    SCRUTINY_CONDITION_EQUAL = 1,
    SCRUTINY_CONDITION_NOT_EQUAL = 2,
    SCRUTINY_CONDITION_LESS_THAN = 3,
    SCRUTINY_CONDITION_LESS_OR_EQUAL = 4,
    SCRUTINY_CONDITION_GREATER_THAN = 5,
    SCRUTINY_CONDITION_GREATER_OR_EQUAL = 6,
    SCRUTINY_CONDITION_CHANGE_MORE_THAN = 7,
    SCRUTINY_CONDITION_IS_WITHIN = 8
} scrutiny_condition_t;

/* How many operands a condition takes, 0 to 3; above 3 if there is no such condition. */
SCRUTINY_INTERNAL uint_least8_t scrutiny_condition_operands(uint_least8_t condition);

/* Choose between integers and float32 for a checked setup whose literals are as on the wire, and
 * make the literals what they are compared as. Needs the hold, see datalogger.h. */
SCRUTINY_INTERNAL void scrutiny_trigger_prepare(scrutiny_datalog_setup_t *setup);

/* Evaluate the trigger at datalogger.time_100ns. Called from the owning loop. */
SCRUTINY_INTERNAL bool scrutiny_trigger_fires(scrutiny_t *scrutiny);

#endif

#ifdef __cplusplus
}
#endif

#endif
