/* A request that meets an iteration of a loop: how to bring it about, and whether it ended well.
 * Two programs let the poll and the loop meet in all ways there are: interrupted.c,
 * unit_interleaved.c.
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include "bare_device.h"

typedef enum {
    FROM_IDLE,
    FROM_CONFIGURED,
    FROM_CONFIGURED_TO_BE_ARMED, /* acknowledged, and yet to be seen by the loop */
    FROM_ARMED,
    FROM_ARMED_AND_DUE, /* the next iteration fires */
    FROM_TRIGGERED,
    FROM_TRIGGERED_TO_BE_DISARMED,
    FROM_TRIGGERED_AND_DUE, /* the next iteration completes */
    FROM_COMPLETED,
    FROM_COMPLETED_TO_BE_ARMED,
    SITUATIONS
} situation_t;

typedef enum {
    CONFIGURE_AGAIN,
    CONFIGURE_ANOTHER_LOOP,
    RESET,
    ARM,
    DISARM,
    STATUS,
    METADATA,
    READ,
    REQUESTS
} request_t;

extern const char *const situation_names[SITUATIONS];
extern const char *const request_names[REQUESTS];

/* What was found first, or NULL. */
extern const char *handover_flaw;

void handover_start(void);

/* Bring the device into a situation, and let a request arrive. */
void handover_prepare(request_t what, situation_t situation);

/* One iteration of the loop that is configured. Once between the other two. */
void handover_run_loop(void);

/* Look at the answer and at the state; then record something. Polls if that has yet to be done. */
void handover_check(request_t what, situation_t situation);

#endif
