#include "statistics.h"

#include <string.h>

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

void statistics_reset(void) {
    const uint32_t reset_count = statistics.reset_count + 1u;

    memset(&statistics, 0, sizeof statistics);
    memset(statistics_speed_history, 0, sizeof statistics_speed_history);
    memset(statistics_histogram, 0, sizeof statistics_histogram);
    statistics.reset_count = reset_count;
    statistics_history_next = 0u;
    history_ticks = 0u;
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
