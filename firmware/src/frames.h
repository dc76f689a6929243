/* Requests out of the ring, responses out to the port.
 *
 *     request    command         subfunction        length u16  payload  CRC-32    4 + payload + 4
 *     response   command | 0x80  subfunction  code  length u16  payload  CRC-32    5 + payload + 4
 *
 * Source: device protocol, sections 2 and 3.
 */
#ifndef SCRUTINY_SRC_FRAMES_H
#define SCRUTINY_SRC_FRAMES_H

#include "codec.h"
#include "protocol.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Start over, in good faith: with nothing held, and ready for the next frame. */
SCRUTINY_INTERNAL void scrutiny_rx_restart(scrutiny_t *scrutiny);

/* With the ring empty, let go of an unfinished frame after a silence. Call it with a fresh time
 * before scrutiny_rx_fetch(). The gap that the next octet brings says the same, unless the clock
 * has wrapped around in between. */
SCRUTINY_INTERNAL void scrutiny_rx_watch_silence(scrutiny_t *scrutiny, uint32_t now_us);

/* Read octets from the ring until a good request is pending, the ring is empty or `budget` octets
 * were read. Reduces `budget` by what was read. */
SCRUTINY_INTERNAL void scrutiny_rx_fetch(scrutiny_t *scrutiny, size_t *budget);

/* Begin to answer the pending request; valid until scrutiny_rx_release(). */
SCRUTINY_INTERNAL void scrutiny_rx_open(scrutiny_t *scrutiny, scrutiny_exchange_t *exchange,
                                        uint32_t now_us);
/* Read it from its front again, and write the response anew. */
SCRUTINY_INTERNAL void scrutiny_rx_rewind(scrutiny_exchange_t *exchange);
SCRUTINY_INTERNAL void scrutiny_rx_release(scrutiny_t *scrutiny);

/* Finish the response: with what was put, or with nothing for a code other than OK. */
SCRUTINY_INTERNAL void scrutiny_tx_start(scrutiny_exchange_t *exchange, scrutiny_code_t code);
SCRUTINY_INTERNAL bool scrutiny_tx_busy(const scrutiny_t *scrutiny);
SCRUTINY_INTERNAL void scrutiny_tx_drop(scrutiny_t *scrutiny);

/* Offer octets to the port. Returns false if it took none although there are some. */
SCRUTINY_INTERNAL bool scrutiny_tx_pump(scrutiny_t *scrutiny, uint32_t now_us);

#ifdef __cplusplus
}
#endif

#endif
