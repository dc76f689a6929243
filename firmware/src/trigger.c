#include "trigger.h"

#if SCRUTINY_ENABLE_DATALOGGING

#include "numbers.h"
#include "operands.h"

uint_least8_t scrutiny_condition_operands(uint_least8_t condition) {
    if (condition == SCRUTINY_CONDITION_ALWAYS_TRUE) {
        return 0;
    }
    if (condition <= SCRUTINY_CONDITION_CHANGE_MORE_THAN) {
        return 2;
    }
    return condition == SCRUTINY_CONDITION_IS_WITHIN ? 3 : 0xFF;
}

void scrutiny_trigger_prepare(scrutiny_datalog_setup_t *setup) {
    size_t decisive = setup->condition == SCRUTINY_CONDITION_CHANGE_MORE_THAN ? 1 : 2;
    setup->exact = true;
    for (size_t i = 0; i < setup->operand_count && i < decisive; i++) {
        if (!scrutiny_operand_is_integer(&setup->operands[i])) {
            setup->exact = false;
        }
    }
    for (size_t i = 0; i < setup->operand_count; i++) {
        scrutiny_operand_prepare(&setup->operands[i], setup->exact);
    }
}

static bool has_changed(scrutiny_trigger_t *trigger, bool exact, const scrutiny_number_t *now,
                        const scrutiny_number_t *change) {
    bool changed = trigger->previous_known &&
                   scrutiny_number_has_changed(exact, &trigger->previous, now, change);
    trigger->previous = *now;
    trigger->previous_known = true;
    return changed;
}

static bool is_true(const scrutiny_datalog_setup_t *setup, scrutiny_trigger_t *trigger,
                    const scrutiny_number_t *operands) {
    switch (setup->condition) {
    case SCRUTINY_CONDITION_ALWAYS_TRUE:
        return true;
    case SCRUTINY_CONDITION_IS_WITHIN:
        return scrutiny_numbers_are_within(setup->exact, &operands[0], &operands[1], &operands[2]);
    case SCRUTINY_CONDITION_CHANGE_MORE_THAN:
        return has_changed(trigger, setup->exact, &operands[0], &operands[1]);
    default:
        return scrutiny_numbers_compare(setup->condition, setup->exact, &operands[0], &operands[1]);
    }
}

bool scrutiny_trigger_fires(scrutiny_t *scrutiny) {
    const scrutiny_datalog_setup_t *setup = &scrutiny->datalogger.setup;
    scrutiny_trigger_t *trigger = &scrutiny->datalogger.trigger;
    uint32_t now_100ns = scrutiny->datalogger.time_100ns;
    scrutiny_number_t operands[3];
    for (size_t i = 0; i < setup->operand_count; i++) {
        if (!scrutiny_operand_fetch(scrutiny->config, &setup->operands[i], &operands[i])) {
            return false;
        }
    }
    bool holds = is_true(setup, trigger, operands);
    if (holds && !trigger->was_true) {
        trigger->latched_100ns = now_100ns;
    }
    trigger->was_true = holds;
    return holds && (uint32_t)(now_100ns - trigger->latched_100ns) >= setup->hold_100ns;
}

#endif
