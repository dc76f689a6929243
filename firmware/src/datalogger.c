#include "datalogger.h"

#if SCRUTINY_ENABLE_DATALOGGING

#include "chars.h"
#include "encoder.h"
#include "trigger.h"

#define NO_LOOP 0xFFu
#define COMMAND_MASK 0x03u
#define COMMAND_SEQUENCE_STEP 0x04u

/* The rest is zero already. */
void scrutiny_datalogger_init(scrutiny_datalogger_t *datalogger) {
    datalogger->owner = NO_LOOP;
}

bool scrutiny_datalogger_hold(scrutiny_datalogger_t *datalogger) {
    datalogger->poll_holds = 1;
    SCRUTINY_FENCE();
    uint_least8_t owner = datalogger->owner;
    bool outside = owner == NO_LOOP || datalogger->loop_inside[owner] == 0;
    SCRUTINY_FENCE();
    return outside;
}

void scrutiny_datalogger_release(scrutiny_datalogger_t *datalogger) {
    SCRUTINY_FENCE();
    datalogger->poll_holds = 0;
}

void scrutiny_datalogger_reset(scrutiny_datalogger_t *datalogger) {
    datalogger->owner = NO_LOOP;
    datalogger->state = SCRUTINY_DATALOG_IDLE;
    datalogger->applied_command = datalogger->command;
    datalogger->time_100ns = 0;
    datalogger->decimation_count = 0;
    datalogger->pass_open = false;
    datalogger->encoder.next = 0;
    datalogger->encoder.held = 0;
    scrutiny_clear_chars(&datalogger->setup, sizeof(datalogger->setup));
    scrutiny_clear_chars(&datalogger->trigger, sizeof(datalogger->trigger));
}

void scrutiny_datalogger_start(scrutiny_datalogger_t *datalogger) {
    datalogger->state = SCRUTINY_DATALOG_CONFIGURED;
    SCRUTINY_FENCE(); /* a loop that is just looking becomes the owner here, not at the release */
    datalogger->owner = datalogger->setup.loop_id;
}

void scrutiny_datalogger_command(scrutiny_datalogger_t *datalogger,
                                 scrutiny_datalog_command_t command) {
    uint_least8_t last = datalogger->command;
    unsigned int sequence = last & ~COMMAND_MASK;
    if (last == datalogger->applied_command) {
        sequence += COMMAND_SEQUENCE_STEP; /* else this one replaces the last, which still waits */
    }
    datalogger->command = (uint_least8_t)((sequence & 0xFFu) | (unsigned int)command);
}

static scrutiny_datalog_state_t after_command(scrutiny_datalog_state_t state,
                                              uint_least8_t command) {
    if (state == SCRUTINY_DATALOG_IDLE) {
        return state;
    }
    return (command & COMMAND_MASK) == SCRUTINY_DATALOG_DO_ARM ? SCRUTINY_DATALOG_ARMED
                                                               : SCRUTINY_DATALOG_CONFIGURED;
}

scrutiny_datalog_state_t scrutiny_datalogger_state(const scrutiny_datalogger_t *datalogger) {
    bool applied = datalogger->command == datalogger->applied_command;
    SCRUTINY_FENCE();
    scrutiny_datalog_state_t state = (scrutiny_datalog_state_t)datalogger->state;
    SCRUTINY_FENCE();
    return applied ? state : after_command(state, datalogger->command);
}

size_t scrutiny_datalogger_acquired(const scrutiny_datalogger_t *datalogger) {
    uint_least8_t turn = 0;
    size_t chars = 0;
    do {
        turn = datalogger->acquired_turn;
        SCRUTINY_FENCE();
        chars = datalogger->acquired_chars[turn % 2u];
        SCRUTINY_FENCE();
    } while (turn != datalogger->acquired_turn);
    return chars;
}

/* ---- From here on: called from the owning loop. -----------------------------------------------
 */

static void set_state(scrutiny_datalogger_t *datalogger, scrutiny_datalog_state_t state) {
    SCRUTINY_FENCE(); /* whoever sees the state sees what led to it */
    datalogger->state = (uint_least8_t)state;
}

/* Apply the command that waits, if there is one. Returns the state. */
static scrutiny_datalog_state_t apply_command(scrutiny_datalogger_t *datalogger) {
    scrutiny_datalog_state_t state = (scrutiny_datalog_state_t)datalogger->state;
    uint_least8_t command = datalogger->command;
    if (command != datalogger->applied_command) {
        state = after_command(state, command);
        set_state(datalogger, state);
        SCRUTINY_FENCE();
        datalogger->applied_command = command;
    }
    return state;
}

/* The time of this iteration: a fixed loop counts its periods, which costs no look at the clock. */
static void advance_time(scrutiny_t *scrutiny) {
    scrutiny_datalogger_t *datalogger = &scrutiny->datalogger;
    uint32_t period_100ns = datalogger->setup.period_100ns;
    if (period_100ns != 0) {
        datalogger->time_100ns = (uint32_t)(datalogger->time_100ns + period_100ns);
    } else {
        uint32_t now_us = scrutiny->port.now_us(scrutiny->port.context);
        datalogger->time_100ns = (uint32_t)(now_us * UINT32_C(10)); /* wraps without a jump */
    }
}

/* Whether this iteration is one of those that are recorded. */
static bool is_sampled(scrutiny_datalogger_t *datalogger) {
    datalogger->decimation_count = (uint_least16_t)(datalogger->decimation_count + 1u);
    if (datalogger->decimation_count < datalogger->setup.decimation) {
        return false;
    }
    datalogger->decimation_count = 0;
    return true;
}

/* The poll may come in between at any place: it finds the number before or this one. */
static void set_acquired(scrutiny_datalogger_t *datalogger, size_t chars) {
    uint_least8_t turn = (uint_least8_t)((datalogger->acquired_turn + 1u) & 0xFFu);
    datalogger->acquired_chars[turn % 2u] = chars;
    SCRUTINY_FENCE();
    datalogger->acquired_turn = turn;
}

static size_t acquired(const scrutiny_datalogger_t *datalogger) {
    return datalogger->acquired_chars[datalogger->acquired_turn % 2u];
}

static void fire(scrutiny_t *scrutiny) {
    scrutiny_datalogger_t *datalogger = &scrutiny->datalogger;
    /* At least what fills the buffer for the first time. */
    size_t unused = datalogger->setup.ring_size - datalogger->encoder.held;
    size_t share = datalogger->setup.share_chars;
    if (scrutiny->config->datalog_triggered != NULL) {
        scrutiny->config->datalog_triggered(scrutiny->config->context);
    }
    datalogger->triggered_100ns = datalogger->time_100ns;
    datalogger->target_chars = share > unused ? share : unused;
    set_acquired(datalogger, 0);
    set_state(datalogger, SCRUTINY_DATALOG_TRIGGERED);
}

static bool is_complete(const scrutiny_datalogger_t *datalogger) {
    uint32_t timeout_100ns = datalogger->setup.timeout_100ns;
    uint32_t elapsed_100ns = (uint32_t)(datalogger->time_100ns - datalogger->triggered_100ns);
    return acquired(datalogger) >= datalogger->target_chars ||
           (timeout_100ns > 0 && elapsed_100ns >= timeout_100ns);
}

static void complete(scrutiny_datalogger_t *datalogger) {
    datalogger->acquisition_id = (uint_least16_t)((datalogger->acquisition_id + 1u) & 0xFFFFu);
    set_state(datalogger, SCRUTINY_DATALOG_COMPLETED);
}

static void iterate(scrutiny_t *scrutiny) {
    scrutiny_datalogger_t *datalogger = &scrutiny->datalogger;
    advance_time(scrutiny);
    scrutiny_datalog_state_t state = apply_command(datalogger);
    if (state == SCRUTINY_DATALOG_COMPLETED) {
        return;
    }
    if (is_sampled(datalogger)) {
        scrutiny_encoder_append(scrutiny);
        if (state == SCRUTINY_DATALOG_TRIGGERED) {
            set_acquired(datalogger, acquired(datalogger) + datalogger->setup.entry_size);
        }
    }
    if (state == SCRUTINY_DATALOG_ARMED && scrutiny_trigger_fires(scrutiny)) {
        fire(scrutiny);
        state = SCRUTINY_DATALOG_TRIGGERED;
    }
    if (state == SCRUTINY_DATALOG_TRIGGERED && is_complete(datalogger)) {
        complete(datalogger);
    }
}

void scrutiny_datalogger_run(scrutiny_t *scrutiny, uint_least8_t loop_id) {
    scrutiny_datalogger_t *datalogger = &scrutiny->datalogger;
    if (datalogger->owner != loop_id || loop_id >= SCRUTINY_MAX_LOOPS) {
        return;
    }
    datalogger->loop_inside[loop_id] = 1;
    SCRUTINY_FENCE();
    if (datalogger->poll_holds == 0 && datalogger->owner == loop_id) {
        SCRUTINY_FENCE(); /* only now look at the configuration */
        iterate(scrutiny);
    }
    SCRUTINY_FENCE();
    datalogger->loop_inside[loop_id] = 0;
}

#endif
