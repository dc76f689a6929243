/* The operands of a trigger: what they are as numbers, and how to get them. The rules are in
 * trigger.h.
 */
#ifndef SCRUTINY_SRC_OPERANDS_H
#define SCRUTINY_SRC_OPERANDS_H

#include "linkage.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

#if SCRUTINY_ENABLE_DATALOGGING

typedef enum {
    SCRUTINY_OPERAND_LITERAL = 0,
    SCRUTINY_OPERAND_VAR = 1,
    SCRUTINY_OPERAND_VAR_BIT = 2,
    SCRUTINY_OPERAND_RPV = 3
} scrutiny_operand_kind_t;

/* Whether a checked operand is an integer. A literal is to be as on the wire. */
SCRUTINY_INTERNAL bool scrutiny_operand_is_integer(const scrutiny_operand_t *operand);

/* Get a checked operand ready for scrutiny_operand_fetch(), once. A literal becomes a float32; or,
 * if that is asked for and it fits, an integer, with its fraction cut off. */
SCRUTINY_INTERNAL void scrutiny_operand_prepare(scrutiny_operand_t *operand, bool as_integer);

/* The value of an operand now. False if the application refuses it. Called from the owning loop. */
SCRUTINY_INTERNAL bool scrutiny_operand_fetch(const scrutiny_config_t *config,
                                              const scrutiny_operand_t *operand,
                                              scrutiny_number_t *number);

#endif

#ifdef __cplusplus
}
#endif

#endif
