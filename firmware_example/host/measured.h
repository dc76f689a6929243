/** @file
 * For measurements: a table of which as much can be watched as anybody likes, and the time at
 * which a request was read.
 */
#ifndef HOST_MEASURED_H
#define HOST_MEASURED_H

#include <stdint.h>

#define MEASURED_TABLE_SIZE 16384u

extern uint32_t measured_table[MEASURED_TABLE_SIZE];

/** CLOCK_MONOTONIC, in nanoseconds: a client on this computer can tell how old it is. */
extern uint64_t measured_clock_ns;

#endif
