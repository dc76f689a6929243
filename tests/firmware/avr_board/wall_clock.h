/* Keeps the emulated time beside that of the wall clock. */
#ifndef WALL_CLOCK_H
#define WALL_CLOCK_H

#include <stdint.h>

typedef struct {
    double origin_s; /* of the device's time, on the host's clock */
} wall_clock_t;

void wall_clock_start(wall_clock_t *clock);

/* Wait until the host's time is as late as the device's, which is `device_s` after the start.
 * If it is much later, as on a busy host, the device's time is late from then on, too: it never
 * runs faster to make up for it, which would be no time that a firmware can meet. */
void wall_clock_wait(wall_clock_t *clock, double device_s);

#endif
