/** @file
 * What the loop has seen so far: extremes, mean, a short history, and time spent per state.
 */
#ifndef APP_STATISTICS_H
#define APP_STATISTICS_H

#include <stdint.h>

#include "app_config.h"
#include "motor.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Entries of the history ring, and loop iterations between two of them (10 ms). */
#define STATISTICS_HISTORY_SIZE APP_HISTORY_SIZE
#define STATISTICS_HISTORY_DIVIDER (MOTOR_LOOP_HZ / 100u)

/** Speed bins of the histogram, over 0 to MOTOR_SPEED_LIMIT_RPM in either direction. */
#define STATISTICS_BIN_COUNT 8u

typedef struct {
    float minimum;
    float maximum;
    float mean; /* exponential, over about 1000 samples */
} statistics_range_t;

typedef struct {
    uint32_t sample_count; /* 0: the ranges say nothing yet */
    uint32_t reset_count;
    statistics_range_t speed_rpm;
    statistics_range_t current_a;
} statistics_t;

extern statistics_t statistics;
/** The range that an operator has chosen to look at; the program itself never follows it. */
extern statistics_range_t *statistics_focus;
extern float statistics_speed_history[STATISTICS_HISTORY_SIZE];
/** Index of the oldest entry of the history, which is the next one to be replaced. */
extern uint16_t statistics_history_next;
/** Iterations by state and speed. */
extern uint32_t statistics_histogram[MOTOR_STATE_COUNT][STATISTICS_BIN_COUNT];

/** Start with nothing. */
void statistics_init(void);

/** Forget everything but the number of resets. */
void statistics_reset(void);

/** Take the motor's values of this iteration. */
void statistics_step(void);

#ifdef __cplusplus
}
#endif

#endif
