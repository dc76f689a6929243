/* Arithmetic of trigger operands: exact between integers, or in float32. The rules are in
 * trigger.h.
 */
#ifndef SCRUTINY_SRC_NUMBERS_H
#define SCRUTINY_SRC_NUMBERS_H

#include "linkage.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

#if SCRUTINY_ENABLE_DATALOGGING

/* A distance between two integers, or from zero: it has one binary digit more than they. */
typedef struct {
    scrutiny_wide_uint_t low;
    bool top; /* 2^64 more; 2^32 without SCRUTINY_ENABLE_64BIT */
} scrutiny_distance_t;

/* Float32 by its bits: what compilers bring along for comparing and converting takes more flash
 * where there is no hardware for it, and may even go through double. */
#define SCRUTINY_REAL_SIGN UINT32_C(0x80000000)

/* The distance of a float32 from zero, with its fraction cut off; beyond twice the widest integer,
 * the largest there is. False for NaN. */
SCRUTINY_INTERNAL bool scrutiny_real_distance(uint32_t bits, scrutiny_distance_t *distance);

/* Whether a float32 that is a number has no fraction. */
SCRUTINY_INTERNAL bool scrutiny_real_is_whole(uint32_t bits);

/* With `exact`, the numbers that decide are integers: all but the last one of each function, of
 * scrutiny_numbers_compare() both. */

/* Conditions SCRUTINY_CONDITION_EQUAL to SCRUTINY_CONDITION_GREATER_OR_EQUAL. */
SCRUTINY_INTERNAL bool scrutiny_numbers_compare(uint_least8_t condition, bool exact,
                                                const scrutiny_number_t *a,
                                                const scrutiny_number_t *b);

/* |a - b| <= |margin| */
SCRUTINY_INTERNAL bool scrutiny_numbers_are_within(bool exact, const scrutiny_number_t *a,
                                                   const scrutiny_number_t *b,
                                                   const scrutiny_number_t *margin);

/* Whether `now` lies beyond `before` by more than `change`, on the side of its sign. */
SCRUTINY_INTERNAL bool scrutiny_number_has_changed(bool exact, const scrutiny_number_t *before,
                                                   const scrutiny_number_t *now,
                                                   const scrutiny_number_t *change);

#endif

#ifdef __cplusplus
}
#endif

#endif
