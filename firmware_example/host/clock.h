/** @file
 * The one clock of the host application: monotonic, in nanoseconds.
 */
#ifndef HOST_CLOCK_H
#define HOST_CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER UINT64_MAX
#define CLOCK_NS_PER_US 1000u
#define CLOCK_NS_PER_MS 1000000u
#define CLOCK_NS_PER_S 1000000000u

uint64_t clock_now_ns(void);

#endif
