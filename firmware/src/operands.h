/* The operands of a trigger: what they are as numbers, and how to get them. The rules are in
 * trigger.h.
 */
#ifndef SCRUTINY_SRC_OPERANDS_H
#define SCRUTINY_SRC_OPERANDS_H

#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

#if SCRUTINY_ENABLE_DATALOGGING

#if SCRUTINY_ENABLE_64BIT
#define SCRUTINY_WIDE_UINT_END 18446744073709551616.0f /* 2^64 */
#else
#define SCRUTINY_WIDE_UINT_END 4294967296.0f /* 2^32 */
#endif

typedef enum {
    SCRUTINY_OPERAND_LITERAL = 0,
    SCRUTINY_OPERAND_VAR = 1,
    SCRUTINY_OPERAND_VAR_BIT = 2,
    SCRUTINY_OPERAND_RPV = 3
} scrutiny_operand_kind_t;

/* Whether a checked operand is an integer. A literal is to be as on the wire. */
bool scrutiny_operand_is_integer(const scrutiny_t *scrutiny, const scrutiny_operand_t *operand);

/* Make a literal, as on the wire, a float32; or, if it fits, an integer, with its fraction cut
 * off. Called once. */
void scrutiny_operand_set_literal(scrutiny_operand_t *operand, bool as_integer);

/* The value of an operand now. False if the application refuses it. Called from the owning loop. */
bool scrutiny_operand_fetch(const scrutiny_t *scrutiny, const scrutiny_operand_t *operand,
                            scrutiny_number_t *number);

#endif

#ifdef __cplusplus
}
#endif

#endif
