/* When a recording fires: operands, conditions, edge and hold time.
 * Source: device protocol, sections 11.1 and 12.
 */
#ifndef SCRUTINY_SRC_TRIGGER_H
#define SCRUTINY_SRC_TRIGGER_H

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

typedef enum {
    SCRUTINY_OPERAND_LITERAL = 0,
    SCRUTINY_OPERAND_VAR = 1,
    SCRUTINY_OPERAND_VAR_BIT = 2,
    SCRUTINY_OPERAND_RPV = 3
} scrutiny_operand_kind_t;

/* How many operands a condition takes, 0 to 3; above 3 if there is no such condition. */
uint_least8_t scrutiny_condition_operands(uint_least8_t condition);

/* Evaluate the trigger at datalogger.time_100ns. Called from the owning loop. */
bool scrutiny_trigger_fires(scrutiny_t *scrutiny);

#endif

#ifdef __cplusplus
}
#endif

#endif
