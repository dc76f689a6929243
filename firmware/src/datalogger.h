/* The recording engine: samples in one control loop, its owner, until some time after a trigger.
 *
 * The owner may be an interrupt that preempts the poll, a task that the poll preempts, or run on
 * another core. What they share changes hands as follows. Every flag is an octet that one side
 * writes, so neither of them ever sees half of it.
 *
 * - Configure and Reset rebuild everything. The poll raises `poll_holds` and looks whether the
 *   owner is inside an iteration; the owner raises `loop_inside` and looks whether the poll holds.
 *   Each puts a fence between the two, so at least one of them sees the other. The loop never
 * waits: it skips the iteration. The poll comes back at its next turn. It depends on no iteration
 * to happen, so a configuration can be replaced although its loop has stopped. A loop that has
 * raised `loop_inside` looks once more whether it is the owner, because that may have changed
 * since. The poll sets `owner` last, behind a fence: who finds itself the owner finds the whole
 * configuration, even if it has looked for `poll_holds` before the poll came.
 * - Arm and Disarm only leave `command`, a small number with a sequence number in the same octet,
 *   which the owner applies at its next iteration. No iteration is skipped. A command that still
 *   waits is replaced by the next one, and counts as applied for whoever asks for the state.
 * - The owner shows a state, behind a fence, when everything that belongs to it is there, and that
 *   it has applied a command when the state is. `acquired_chars`, the one number that changes while
 *   the poll may read it, exists twice, because narrow processors move it in pieces.
 * - A completed acquisition lies still until the next command, so the poll reads it freely.
 *
 * In tests/firmware/, interrupted.c lets each side interrupt the other at every instruction, and
 * unit_interleaved.c lets them alternate in every order, as on two cores.
 *
 * Source: device protocol, sections 11 and 12.
 */
#ifndef SCRUTINY_SRC_DATALOGGER_H
#define SCRUTINY_SRC_DATALOGGER_H

#include "linkage.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

#if SCRUTINY_ENABLE_DATALOGGING

typedef enum {
    SCRUTINY_DATALOG_IDLE = 0,       /* ends with Configure */
    SCRUTINY_DATALOG_CONFIGURED = 1, /* records the time before a trigger; ends with Arm */
    SCRUTINY_DATALOG_ARMED = 2,      /* ends when the trigger fires */
    SCRUTINY_DATALOG_TRIGGERED = 3,  /* ends with enough entries, or the timeout */
    SCRUTINY_DATALOG_COMPLETED = 4   /* ends with Arm, Disarm, Configure or Reset */
} scrutiny_datalog_state_t;

typedef enum {
    SCRUTINY_DATALOG_DO_ARM = 1,
    SCRUTINY_DATALOG_DO_DISARM = 2
} scrutiny_datalog_command_t;

SCRUTINY_INTERNAL void scrutiny_datalogger_init(scrutiny_datalogger_t *datalogger);

/* One iteration of a loop; called from that loop. */
SCRUTINY_INTERNAL void scrutiny_datalogger_run(scrutiny_t *scrutiny, uint_least8_t loop_id);

/* The others are called from the poll. */

/* Keep the owner out. False while it is inside an iteration: the datalogger must not be touched,
 * and the owner is out at a later call. */
SCRUTINY_INTERNAL bool scrutiny_datalogger_hold(scrutiny_datalogger_t *datalogger);
/* Let the owner in again. */
SCRUTINY_INTERNAL void scrutiny_datalogger_release(scrutiny_datalogger_t *datalogger);

/* Forget the configuration and what was recorded. Needs the hold. */
SCRUTINY_INTERNAL void scrutiny_datalogger_reset(scrutiny_datalogger_t *datalogger);
/* Start to record by `setup`, which was filled in after the reset. Needs the hold. */
SCRUTINY_INTERNAL void scrutiny_datalogger_start(scrutiny_datalogger_t *datalogger);

SCRUTINY_INTERNAL void scrutiny_datalogger_command(scrutiny_datalogger_t *datalogger,
                                                   scrutiny_datalog_command_t command);

/* The state, with a command that the owner has yet to apply counted as applied. */
SCRUTINY_INTERNAL scrutiny_datalog_state_t
scrutiny_datalogger_state(const scrutiny_datalogger_t *datalogger);

/* Chars recorded since the trigger. */
SCRUTINY_INTERNAL size_t scrutiny_datalogger_acquired(const scrutiny_datalogger_t *datalogger);

#endif

#ifdef __cplusplus
}
#endif

#endif
