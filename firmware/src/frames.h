/* Requests out of the ring, responses out to the port.
 *
 *     request    command  subfunction  length u16  payload  CRC-32    (4 + payload + 4)
 *     response   command | 0x80  subfunction  code  length u16  payload  CRC-32    (5 + payload +
 * 4)
 *
 * Source: device protocol, sections 2 and 3.
 */
#ifndef SCRUTINY_SRC_FRAMES_H
#define SCRUTINY_SRC_FRAMES_H

#include "codec.h"
#include "protocol.h"
#include "scrutiny/scrutiny_context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint_least8_t command;
    uint_least8_t subfunction;
    const scrutiny_octet_t *payload;
    size_t size; /* of the payload, in octets */
} scrutiny_request_t;

void scrutiny_rx_init(scrutiny_rx_t *rx, scrutiny_octet_t *frame, size_t size);

/* With the ring empty, let go of an unfinished frame after a silence. Call it with a fresh time
 * before scrutiny_rx_fetch(). The gap that the next octet brings says the same, unless the clock
 * has wrapped around in between. */
void scrutiny_rx_watch_silence(scrutiny_t *scrutiny, uint32_t now_us);

/* Read octets from the ring until a good request is pending, the ring is empty or `budget` octets
 * were read. Reduces `budget` by what was read. */
void scrutiny_rx_fetch(scrutiny_t *scrutiny, size_t *budget);

/* The pending request; valid until scrutiny_rx_release(). */
scrutiny_request_t scrutiny_rx_request(const scrutiny_rx_t *rx);
void scrutiny_rx_release(scrutiny_t *scrutiny);

/* Largest payloads, in octets. */
size_t scrutiny_rx_payload_max(const scrutiny_t *scrutiny);
size_t scrutiny_tx_payload_max(const scrutiny_t *scrutiny);

void scrutiny_tx_init(scrutiny_tx_t *tx, scrutiny_octet_t *frame, size_t size);

/* A writer over the payload of the next response. */
scrutiny_writer_t scrutiny_tx_payload(scrutiny_tx_t *tx);

/* Finish the response whose payload of `size` octets was written, and start sending it. */
void scrutiny_tx_start(scrutiny_tx_t *tx, const scrutiny_request_t *request, scrutiny_code_t code,
                       size_t size, uint32_t now_us);
bool scrutiny_tx_busy(const scrutiny_tx_t *tx);
void scrutiny_tx_drop(scrutiny_tx_t *tx);

/* Offer octets to the port. Returns false if it took none although there are some. */
bool scrutiny_tx_pump(scrutiny_t *scrutiny, uint32_t now_us);

#ifdef __cplusplus
}
#endif

#endif
