#include "statistics.h"

#define MEAN_WEIGHT 0.001f

statistics_t statistics;
statistics_range_t *statistics_focus;
float statistics_speed_history[STATISTICS_HISTORY_SIZE];
uint16_t statistics_history_next;
uint32_t statistics_histogram[MOTOR_STATE_COUNT][STATISTICS_BIN_COUNT];

static uint16_t history_ticks;

void statistics_init(void) {
    statistics_reset();
    statistics.reset_count = 0u;
    statistics_focus = &statistics.speed_rpm;
}

static void forget(statistics_range_t *range) {
    range->minimum = 0.0f;
    range->maximum = 0.0f;
    range->mean = 0.0f;
}

void statistics_reset(void) {
    unsigned int i;
    unsigned int j;

    statistics.reset_count++;
    forget(&statistics.speed_rpm);
    forget(&statistics.current_a);
    for (i = 0u; i < STATISTICS_HISTORY_SIZE; i++) {
        statistics_speed_history[i] = 0.0f;
    }
    for (i = 0u; i < MOTOR_STATE_COUNT; i++) {
        for (j = 0u; j < STATISTICS_BIN_COUNT; j++) {
            statistics_histogram[i][j] = 0u;
        }
    }
    statistics_history_next = 0u;
    history_ticks = 0u;
    statistics.sample_count = 0u; /* last: the loop may have run in between */
}

static void extend(statistics_range_t *range, float value) {
    if (statistics.sample_count == 0u) {
        range->minimum = value;
        range->maximum = value;
        range->mean = value;
        return;
    }
    if (value < range->minimum) {
        range->minimum = value;
    }
    if (value > range->maximum) {
        range->maximum = value;
    }
    range->mean += (value - range->mean) * MEAN_WEIGHT;
}

static void record_history(void) {
    if (++history_ticks < STATISTICS_HISTORY_DIVIDER) {
        return;
    }
    history_ticks = 0u;
    if (statistics_history_next >= STATISTICS_HISTORY_SIZE) { /* written from outside */
        statistics_history_next = 0u;
    }
    statistics_speed_history[statistics_history_next] = motor_speed_rpm;
    statistics_history_next = (uint16_t)((statistics_history_next + 1u) % STATISTICS_HISTORY_SIZE);
}

static void count_bin(void) {
    const float speed = motor_speed_rpm < 0.0f ? -motor_speed_rpm : motor_speed_rpm;
    const float bin_rpm = MOTOR_SPEED_LIMIT_RPM / (float)STATISTICS_BIN_COUNT;
    const unsigned int state = (unsigned int)motor_state;
    unsigned int bin = STATISTICS_BIN_COUNT - 1u;

    if (speed < MOTOR_SPEED_LIMIT_RPM) { /* false for NaN as well */
        bin = (unsigned int)(speed / bin_rpm);
    }
    if (bin < STATISTICS_BIN_COUNT && state < MOTOR_STATE_COUNT) {
        statistics_histogram[state][bin]++;
    }
}

void statistics_step(void) {
    extend(&statistics.speed_rpm, motor_speed_rpm);
    extend(&statistics.current_a, motor_current_a);
    statistics.sample_count++;
    record_history();
    count_bin();
}
