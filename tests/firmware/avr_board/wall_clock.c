#define _GNU_SOURCE
#include "wall_clock.h"

#include <sys/prctl.h>
#include <time.h>

#define WAIT_MIN_S 0.0003 /* shorter ones are not worth their system calls */
#define LATE_MAX_S 0.05
#define TIMER_SLACK_NS 1000ul /* instead of 50 us */

static double now_s(void) {
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void wall_clock_start(wall_clock_t *clock) {
    (void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0ul, 0ul, 0ul);
    clock->origin_s = now_s();
}

void wall_clock_wait(wall_clock_t *clock, double device_s) {
    const double ahead_s = clock->origin_s + device_s - now_s();

    if (ahead_s > WAIT_MIN_S) {
        struct timespec wait;

        wait.tv_sec = (time_t)ahead_s;
        wait.tv_nsec = (long)((ahead_s - (double)wait.tv_sec) * 1e9);
        (void)nanosleep(&wait, NULL);
    } else if (ahead_s < -LATE_MAX_S) {
        clock->origin_s -= ahead_s;
    }
}
