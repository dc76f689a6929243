/* Arithmetic of trigger operands: exact between integers, or in float32. The rules are in
 * trigger.h.
 */
#ifndef SCRUTINY_SRC_NUMBERS_H
#define SCRUTINY_SRC_NUMBERS_H

#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

#if SCRUTINY_ENABLE_DATALOGGING

/* What a float32 has to stay below to fit the widest integer. */
#if SCRUTINY_ENABLE_64BIT
#define SCRUTINY_WIDE_UINT_END 18446744073709551616.0f /* 2^64 */
#else
#define SCRUTINY_WIDE_UINT_END 4294967296.0f /* 2^32 */
#endif

/* With `exact`, the numbers that decide are integers: all but the last one of each function, of
 * scrutiny_numbers_compare() both. */

/* Conditions SCRUTINY_CONDITION_EQUAL to SCRUTINY_CONDITION_GREATER_OR_EQUAL. */
bool scrutiny_numbers_compare(uint_least8_t condition, bool exact, const scrutiny_number_t *a,
                              const scrutiny_number_t *b);

/* |a - b| <= |margin| */
bool scrutiny_numbers_are_within(bool exact, const scrutiny_number_t *a, const scrutiny_number_t *b,
                                 const scrutiny_number_t *margin);

/* Whether `now` lies beyond `before` by more than `change`, on the side of its sign. */
bool scrutiny_number_has_changed(bool exact, const scrutiny_number_t *before,
                                 const scrutiny_number_t *now, const scrutiny_number_t *change);

#endif

#ifdef __cplusplus
}
#endif

#endif
