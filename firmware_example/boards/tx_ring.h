/** @file
 * Octets from the main loop to the transmit interrupt.
 *
 * Each index has one writer, so that neither side needs to turn interrupts off. BOARD_TX_RING_SIZE
 * is one more than it holds.
 */
#ifndef TX_RING_H
#define TX_RING_H

#include "board.h"

/** Main loop: append what fits, and return how much that was. */
size_t tx_ring_put(const scrutiny_octet_t *data, size_t size);

/** Interrupt: take the oldest octet. Returns false if there is none. */
bool tx_ring_take(scrutiny_octet_t *octet);

#endif
