#include "frames.h"

#include <string.h>

#include "crc32.h"
#include "ring.h"
#include "settings.h"

/* Any buffer can hold a request of this payload. While hunting for a frame in noise longer ones
 * are not considered: a wrong length then costs few octets, and few steps. */
#define HUNT_PAYLOAD_MAX SCRUTINY_PAYLOAD_MIN
#define REQUEST_OVERHEAD (SCRUTINY_REQUEST_HEADER + SCRUTINY_CRC_SIZE)
#define RESPONSE_OVERHEAD (SCRUTINY_RESPONSE_HEADER + SCRUTINY_CRC_SIZE)
#define DIRECTION_BIT 0x80u

typedef enum {
    UNFINISHED,
    COMPLETE,
    BAD_HEADER,
    BAD_CRC
} verdict_t;

void scrutiny_rx_init(scrutiny_rx_t *rx, scrutiny_octet_t *frame, size_t size) {
    memset(rx, 0, sizeof(*rx));
    rx->frame = frame;
    rx->size = size;
    rx->state = SCRUTINY_RX_FRAME;
}

size_t scrutiny_rx_payload_max(const scrutiny_t *scrutiny) {
    return scrutiny->rx.size - REQUEST_OVERHEAD;
}

static size_t declared_payload(const scrutiny_rx_t *rx) {
    return (size_t)(((unsigned int)rx->frame[2] << 8) | rx->frame[3]);
}

static size_t payload_limit(const scrutiny_rx_t *rx) {
    return rx->state == SCRUTINY_RX_HUNT ? HUNT_PAYLOAD_MAX : rx->size - REQUEST_OVERHEAD;
}

/* Bring the CRC up to date with the first `size` octets held. */
static void extend_crc(scrutiny_rx_t *rx, size_t size) {
    if (size > rx->crc_count) {
        rx->crc = scrutiny_crc32(rx->crc, rx->frame + rx->crc_count, size - rx->crc_count);
        rx->crc_count = size;
    }
}

static verdict_t examine(scrutiny_rx_t *rx) {
    if (rx->count >= 1 && (rx->frame[0] & DIRECTION_BIT) != 0) {
        return BAD_HEADER;
    }
    if (rx->count < SCRUTINY_REQUEST_HEADER) {
        return UNFINISHED;
    }
    size_t payload = declared_payload(rx);
    if (payload > payload_limit(rx)) {
        return BAD_HEADER;
    }
    size_t covered = SCRUTINY_REQUEST_HEADER + payload;
    extend_crc(rx, rx->count < covered ? rx->count : covered);
    if (rx->count < covered + SCRUTINY_CRC_SIZE) {
        return UNFINISHED;
    }
    scrutiny_reader_t reader = scrutiny_reader(rx->frame + covered, SCRUTINY_CRC_SIZE);
    return scrutiny_take_u32(&reader) == rx->crc ? COMPLETE : BAD_CRC;
}

/* Forget the first `size` octets held. */
static void drop(scrutiny_rx_t *rx, size_t size) {
    rx->count -= size;
    memmove(rx->frame, rx->frame + size, rx->count * sizeof(*rx->frame));
    rx->crc = 0;
    rx->crc_count = 0;
}

/* How many octets may still be ignored before noise counts as permanent: nothing but silence ends
 * deafness on a well-behaved link; where noise or impatient requests never leave one, look for
 * frames among the octets after as many as the longest exchange has. */
static size_t patience(const scrutiny_t *scrutiny) {
    size_t limit = scrutiny->rx.size + scrutiny->tx.size;
    size_t ignored = scrutiny->rx.deaf_octets;
    return ignored < limit ? limit - ignored : 0;
}

static void reject_header(scrutiny_t *scrutiny) {
    scrutiny_rx_t *rx = &scrutiny->rx;
    scrutiny->counters.header_errors++;
    if (patience(scrutiny) == 0) {
        rx->state = SCRUTINY_RX_HUNT;
        drop(rx, 1);
        return;
    }
    rx->state = SCRUTINY_RX_DEAF;
    rx->deaf_octets += rx->count;
    drop(rx, rx->count);
}

static void reject(scrutiny_t *scrutiny, verdict_t verdict) {
    scrutiny_rx_t *rx = &scrutiny->rx;
    if (rx->state == SCRUTINY_RX_HUNT) {
        drop(rx, 1);
    } else if (verdict == BAD_HEADER) {
        reject_header(scrutiny);
    } else {
        scrutiny->counters.crc_errors++;
        drop(rx, rx->count);
    }
}

/* Decide what the octets held are, until more are needed. */
static void settle(scrutiny_t *scrutiny) {
    scrutiny_rx_t *rx = &scrutiny->rx;
    for (;;) {
        verdict_t verdict = examine(rx);
        if (verdict == UNFINISHED) {
            return;
        }
        if (verdict == COMPLETE) {
            rx->pending = true;
            rx->state = SCRUTINY_RX_FRAME;
            return;
        }
        reject(scrutiny, verdict);
    }
}

/* Octets still needed before something can be decided. */
static size_t wanted(const scrutiny_rx_t *rx) {
    if (rx->count < SCRUTINY_REQUEST_HEADER) {
        return SCRUTINY_REQUEST_HEADER - rx->count;
    }
    return declared_payload(rx) + REQUEST_OVERHEAD - rx->count;
}

static void silence(scrutiny_t *scrutiny) {
    scrutiny_rx_t *rx = &scrutiny->rx;
    if (rx->count > 0) {
        scrutiny->counters.silences++;
    }
    drop(rx, rx->count);
    rx->deaf_octets = 0;
    rx->state = SCRUTINY_RX_FRAME;
}

static size_t ignore(scrutiny_t *scrutiny, size_t size) {
    scrutiny_rx_t *rx = &scrutiny->rx;
    size_t left = patience(scrutiny);
    size_t ignored = size < left ? size : left;
    rx->deaf_octets += ignored;
    if (ignored == left) {
        rx->state = SCRUTINY_RX_HUNT;
    }
    return ignored;
}

/* Take some of `size` octets at the front of the ring. Returns how many. */
static size_t consume(scrutiny_t *scrutiny, size_t size) {
    scrutiny_rx_t *rx = &scrutiny->rx;
    if (rx->state == SCRUTINY_RX_DEAF) {
        return ignore(scrutiny, size);
    }
    size_t missing = wanted(rx);
    size_t taken = size < missing ? size : missing;
    memcpy(rx->frame + rx->count, scrutiny_ring_front(&scrutiny->ring), taken * sizeof(*rx->frame));
    rx->count += taken;
    settle(scrutiny);
    return taken;
}

void scrutiny_rx_watch_silence(scrutiny_t *scrutiny, uint32_t now_us) {
    scrutiny_rx_t *rx = &scrutiny->rx;
    bool unfinished = rx->count > 0 || rx->state != SCRUTINY_RX_FRAME;
    if (!unfinished || rx->pending || !scrutiny_ring_is_empty(&scrutiny->ring)) {
        rx->quiet = false;
    } else if (!rx->quiet) {
        rx->quiet = true;
        rx->quiet_since_us = now_us;
    } else if ((uint32_t)(now_us - rx->quiet_since_us) >= scrutiny_silence_us(scrutiny)) {
        silence(scrutiny);
        rx->quiet = false;
    }
}

void scrutiny_rx_fetch(scrutiny_t *scrutiny, size_t *budget) {
    while (!scrutiny->rx.pending && *budget > 0) {
        bool after_gap = false;
        size_t size = scrutiny_ring_readable(&scrutiny->ring, &after_gap);
        if (after_gap) {
            silence(scrutiny);
        }
        if (size == 0) {
            return;
        }
        scrutiny->rx.quiet = false;
        size_t taken = consume(scrutiny, size < *budget ? size : *budget);
        scrutiny_ring_skip(&scrutiny->ring, taken);
        *budget -= taken;
    }
}

scrutiny_request_t scrutiny_rx_request(const scrutiny_rx_t *rx) {
    scrutiny_request_t request;
    request.command = rx->frame[0];
    request.subfunction = rx->frame[1];
    request.payload = rx->frame + SCRUTINY_REQUEST_HEADER;
    request.size = declared_payload(rx);
    return request;
}

void scrutiny_rx_release(scrutiny_t *scrutiny) {
    scrutiny_rx_t *rx = &scrutiny->rx;
    rx->pending = false;
    drop(rx, declared_payload(rx) + REQUEST_OVERHEAD);
    settle(scrutiny); /* octets behind a frame that was found in noise */
}

void scrutiny_tx_init(scrutiny_tx_t *tx, scrutiny_octet_t *frame, size_t size) {
    memset(tx, 0, sizeof(*tx));
    tx->frame = frame;
    tx->size = size;
}

size_t scrutiny_tx_payload_max(const scrutiny_t *scrutiny) {
    return scrutiny->tx.size - RESPONSE_OVERHEAD;
}

scrutiny_writer_t scrutiny_tx_payload(scrutiny_tx_t *tx) {
    return scrutiny_writer(tx->frame + SCRUTINY_RESPONSE_HEADER, tx->size - RESPONSE_OVERHEAD);
}

void scrutiny_tx_start(scrutiny_tx_t *tx, const scrutiny_request_t *request, scrutiny_code_t code,
                       size_t size, uint32_t now_us) {
    scrutiny_writer_t header = scrutiny_writer(tx->frame, SCRUTINY_RESPONSE_HEADER);
    scrutiny_put_u8(&header, (uint_least8_t)(request->command | DIRECTION_BIT));
    scrutiny_put_u8(&header, request->subfunction);
    scrutiny_put_u8(&header, (uint_least8_t)code);
    scrutiny_put_u16(&header, (uint_least16_t)size);

    size_t covered = SCRUTINY_RESPONSE_HEADER + size;
    scrutiny_writer_t trailer = scrutiny_writer(tx->frame + covered, SCRUTINY_CRC_SIZE);
    scrutiny_put_u32(&trailer, scrutiny_crc32(0, tx->frame, covered));
    tx->next = 0;
    tx->end = covered + SCRUTINY_CRC_SIZE;
    tx->progress_us = now_us;
}

bool scrutiny_tx_busy(const scrutiny_tx_t *tx) {
    return tx->next < tx->end;
}

void scrutiny_tx_drop(scrutiny_tx_t *tx) {
    tx->next = 0;
    tx->end = 0;
}

bool scrutiny_tx_pump(scrutiny_t *scrutiny, uint32_t now_us) {
    scrutiny_tx_t *tx = &scrutiny->tx;
    while (scrutiny_tx_busy(tx)) {
        size_t left = tx->end - tx->next;
        size_t taken = scrutiny->port.write(scrutiny->port.context, tx->frame + tx->next, left);
        if (taken == 0) {
            return false;
        }
        tx->next += taken < left ? taken : left;
        tx->progress_us = now_us;
    }
    return true;
}
