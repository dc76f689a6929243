#include "frames.h"

#include "counters.h"
#include "crc32.h"
#include "ring.h"
#include "settings.h"

/* Any buffer can hold a request of this payload. While hunting for a frame in noise longer ones
 * are not considered: a wrong length then costs few octets, and few steps. */
#define HUNT_PAYLOAD_MAX SCRUTINY_PAYLOAD_MIN
#define REQUEST_OVERHEAD (SCRUTINY_REQUEST_HEADER + SCRUTINY_CRC_SIZE)
#define RESPONSE_OVERHEAD (SCRUTINY_RESPONSE_HEADER + SCRUTINY_CRC_SIZE)
#define DIRECTION_BIT 0x80u

typedef uint_least8_t verdict_t; /* one of these */
enum {
    UNFINISHED,
    COMPLETE,
    BAD_HEADER,
    BAD_CRC
};

/* Forget the first `size` octets held. */
static void drop(scrutiny_rx_t *rx, size_t size) {
    size_t left = rx->count - size;
    rx->count = 0;
    rx->crc = 0;
    rx->crc_count = 0;
    while (rx->count < left) { /* memmove() in fewer octets of flash; while hunting only */
        rx->frame[rx->count] = rx->frame[rx->count + size];
        rx->count++;
    }
}

/* How many octets may be ignored before noise counts as permanent: nothing but silence ends
 * deafness on a well-behaved link; where noise or impatient requests never leave one, look for
 * frames among the octets after as many as the longest exchange has. */
void scrutiny_rx_restart(scrutiny_t *scrutiny) {
    scrutiny_rx_t *rx = &scrutiny->rx;
    drop(rx, rx->count);
    rx->patience = scrutiny->config->rx_buffer_size + scrutiny->config->tx_buffer_size;
    rx->state = SCRUTINY_RX_FRAME;
}

static size_t declared_payload(const scrutiny_rx_t *rx) {
    return (size_t)(((unsigned int)rx->frame[2] << 8) | rx->frame[3]);
}

static verdict_t examine(const scrutiny_config_t *config, scrutiny_rx_t *rx) {
    if (rx->count >= 1 && (rx->frame[0] & DIRECTION_BIT) != 0) {
        return BAD_HEADER;
    }
    if (rx->count < SCRUTINY_REQUEST_HEADER) {
        return UNFINISHED;
    }
    size_t payload = declared_payload(rx);
    if (payload > (rx->state == SCRUTINY_RX_HUNT ? HUNT_PAYLOAD_MAX
                                                 : config->rx_buffer_size - REQUEST_OVERHEAD)) {
        return BAD_HEADER;
    }
    size_t covered = SCRUTINY_REQUEST_HEADER + payload;
    size_t present = rx->count < covered ? rx->count : covered;
    rx->crc = scrutiny_crc32(rx->crc, rx->frame + rx->crc_count, present - rx->crc_count);
    rx->crc_count = present;
    if (rx->count < covered + SCRUTINY_CRC_SIZE) {
        return UNFINISHED;
    }
    return scrutiny_load(rx->frame + covered, SCRUTINY_CRC_SIZE) == rx->crc ? COMPLETE : BAD_CRC;
}

static void reject(scrutiny_t *scrutiny, verdict_t verdict) {
    scrutiny_rx_t *rx = &scrutiny->rx;
    if (rx->state != SCRUTINY_RX_HUNT) {
        if (verdict == BAD_CRC) {
            SCRUTINY_COUNT(scrutiny, crc_errors);
            drop(rx, rx->count);
            return;
        }
        SCRUTINY_COUNT(scrutiny, header_errors);
        if (rx->patience > 0) {
            rx->state = SCRUTINY_RX_DEAF;
            drop(rx, rx->count);
            return;
        }
        rx->state = SCRUTINY_RX_HUNT;
    }
    drop(rx, 1);
}

/* Decide what the octets held are, until more are needed. */
static void settle(scrutiny_t *scrutiny) {
    scrutiny_rx_t *rx = &scrutiny->rx;
    for (;;) {
        verdict_t verdict = examine(scrutiny->config, rx);
        if (verdict == COMPLETE) {
            rx->pending = true;
            rx->state = SCRUTINY_RX_FRAME;
        }
        if (verdict == COMPLETE || verdict == UNFINISHED) {
            return;
        }
        reject(scrutiny, verdict);
    }
}

static void silence(scrutiny_t *scrutiny) {
    if (scrutiny->rx.count > 0) {
        SCRUTINY_COUNT(scrutiny, silences);
    }
    scrutiny_rx_restart(scrutiny);
}

static void consume(scrutiny_t *scrutiny, scrutiny_octet_t octet) {
    scrutiny_rx_t *rx = &scrutiny->rx;
    if (rx->state == SCRUTINY_RX_DEAF) {
        if (rx->patience > 0) {
            rx->patience--;
            return;
        }
        rx->state = SCRUTINY_RX_HUNT;
    }
    rx->frame[rx->count++] = octet;
    settle(scrutiny);
}

void scrutiny_rx_watch_silence(scrutiny_t *scrutiny, uint32_t now_us) {
    if (!scrutiny->rx.pending &&
        scrutiny_ring_is_silent(&scrutiny->ring, now_us, scrutiny_silence_us(scrutiny->config))) {
        silence(scrutiny);
    }
}

void scrutiny_rx_fetch(scrutiny_t *scrutiny, size_t *budget) {
    while (!scrutiny->rx.pending && *budget > 0) {
        scrutiny_octet_t octet = 0;
        scrutiny_ring_found_t found = scrutiny_ring_take(&scrutiny->ring, &octet);
        if (found == SCRUTINY_RING_EMPTY) {
            return;
        }
        if (found == SCRUTINY_RING_AFTER_GAP) {
            silence(scrutiny);
        }
        (*budget)--;
        consume(scrutiny, octet);
    }
}

void scrutiny_rx_rewind(scrutiny_exchange_t *exchange) {
    const scrutiny_rx_t *rx = &exchange->scrutiny->rx;
    const scrutiny_config_t *config = exchange->config;
    exchange->request = rx->frame + SCRUTINY_REQUEST_HEADER;
    exchange->left = declared_payload(rx);
    exchange->truncated = false;
    exchange->response = config->tx_buffer + SCRUTINY_RESPONSE_HEADER;
    exchange->room = config->tx_buffer_size - RESPONSE_OVERHEAD;
    exchange->overflow = false;
}

void scrutiny_rx_open(scrutiny_t *scrutiny, scrutiny_exchange_t *exchange, uint32_t now_us) {
    exchange->scrutiny = scrutiny;
    exchange->config = scrutiny->config;
    exchange->now_us = now_us;
    exchange->command = scrutiny->rx.frame[0];
    exchange->subfunction = scrutiny->rx.frame[1];
    exchange->execute = false;
    scrutiny_rx_rewind(exchange);
}

void scrutiny_rx_release(scrutiny_t *scrutiny) {
    scrutiny_rx_t *rx = &scrutiny->rx;
    rx->pending = false;
    drop(rx, declared_payload(rx) + REQUEST_OVERHEAD);
    settle(scrutiny); /* octets behind a frame that was found in noise */
}

void scrutiny_tx_start(scrutiny_exchange_t *exchange, scrutiny_code_t code) {
    scrutiny_octet_t *frame = exchange->config->tx_buffer;
    scrutiny_octet_t *end = exchange->response;
    if (code != SCRUTINY_CODE_OK) {
        SCRUTINY_COUNT(exchange->scrutiny, refusals);
        end = frame + SCRUTINY_RESPONSE_HEADER;
    }
    size_t covered = (size_t)(end - frame);
    frame[0] = (scrutiny_octet_t)(exchange->command | DIRECTION_BIT);
    frame[1] = exchange->subfunction;
    frame[2] = (scrutiny_octet_t)code;
    scrutiny_store(frame + 3, (scrutiny_word_t)(covered - SCRUTINY_RESPONSE_HEADER), 2);
    scrutiny_store(end, scrutiny_crc32(0, frame, covered), SCRUTINY_CRC_SIZE);
    exchange->scrutiny->tx.next = 0;
    exchange->scrutiny->tx.end = covered + SCRUTINY_CRC_SIZE;
    exchange->scrutiny->tx.progress_us = exchange->now_us;
}

bool scrutiny_tx_busy(const scrutiny_t *scrutiny) {
    return scrutiny->tx.next < scrutiny->tx.end;
}

void scrutiny_tx_drop(scrutiny_t *scrutiny) {
    scrutiny->tx.end = 0;
}

bool scrutiny_tx_pump(scrutiny_t *scrutiny, uint32_t now_us) {
    scrutiny_tx_t *tx = &scrutiny->tx;
    while (scrutiny_tx_busy(scrutiny)) {
        size_t left = tx->end - tx->next;
        size_t taken = scrutiny->port.write(scrutiny->port.context,
                                            scrutiny->config->tx_buffer + tx->next, left);
        if (taken == 0) {
            return false;
        }
        tx->next += taken < left ? taken : left;
        tx->progress_us = now_us;
    }
    return true;
}
