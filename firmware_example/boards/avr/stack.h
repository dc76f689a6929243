/** @file
 * How much of the stack was never used: painted at start, and looked at while there is time.
 */
#ifndef STACK_H
#define STACK_H

#include <stdint.h>

/** Octets between the variables and the deepest use of the stack so far. */
extern volatile uint16_t stack_unused;

/** Look at a few octets, and go on with the next ones the next time. */
void stack_examine(void);

#endif
