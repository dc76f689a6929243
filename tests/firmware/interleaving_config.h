/* Options for unit_interleaved.c: wherever the library orders what the two sides do, the other side
 * may come in between.
 */
#ifndef INTERLEAVING_CONFIG_H
#define INTERLEAVING_CONFIG_H

void yielding_fence(void);

#define SCRUTINY_FENCE() yielding_fence()

#endif
