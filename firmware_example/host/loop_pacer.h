/** @file
 * How often to run the control loop: the model advances in steps of many iterations, because a
 * process that woke up 10,000 times a second would be busy with nothing else.
 *
 * No I/O and no clock.
 */
#ifndef HOST_LOOP_PACER_H
#define HOST_LOOP_PACER_H

#include <stdint.h>

typedef struct {
    uint64_t period_ns; /* of one iteration */
    uint64_t done_ns;   /* the iterations until here have run */
} loop_pacer_t;

void loop_pacer_init(loop_pacer_t *pacer, uint32_t frequency_hz, uint64_t now_ns);

/** Iterations to run now; 0 while less than a millisecond is due. They count as done. */
uint32_t loop_pacer_take(loop_pacer_t *pacer, uint64_t now_ns);

#endif
