/* A port to start from: copy this folder, then work through the TODO lines. */
#include "scrutiny_board.h"

#include "scrutiny/scrutiny.h"

/* TODO: choose the largest payloads, 32 to 65519 octets. Larger ones mean fewer round trips. */
#define RX_PAYLOAD 128u
#define TX_PAYLOAD 128u
/* TODO: choose what the link can bring between two polls, plus one. With more than a whole request
 * (RX_PAYLOAD + 8), the server sends the next one while the last one is answered. */
#define RING_SIZE 192u

static scrutiny_octet_t rx_buffer[SCRUTINY_RX_BUFFER_SIZE(RX_PAYLOAD)];
static scrutiny_octet_t tx_buffer[SCRUTINY_TX_BUFFER_SIZE(TX_PAYLOAD)];
static scrutiny_octet_t ring[RING_SIZE];
static scrutiny_config_t config;
static scrutiny_t scrutiny;

static size_t board_write(void *context, const scrutiny_octet_t *data, size_t size) {
    (void)context;
    (void)data;
    (void)size;
    /* TODO: put octets into the transmit FIFO or a DMA buffer; return how many fitted. */
    return 0;
}

static uint32_t board_now_us(void *context) {
    (void)context;
    /* TODO: return a free-running count of microseconds that wraps at 2^32. */
    return 0;
}

void scrutiny_board_init(void) {
    scrutiny_port_t port;
    port.write = board_write;
    port.now_us = board_now_us;
    port.context = NULL;

    config.display_name = "my device"; /* TODO */
    config.rx_buffer = rx_buffer;
    config.rx_buffer_size = sizeof(rx_buffer) / sizeof(rx_buffer[0]);
    config.tx_buffer = tx_buffer;
    config.tx_buffer_size = sizeof(tx_buffer) / sizeof(tx_buffer[0]);
    config.ring = ring;
    config.ring_size = sizeof(ring) / sizeof(ring[0]);
    config.memory_write_enabled = true; /* TODO: decide */
    /* TODO: if the link is slower than the server may assume: config.max_bitrate_bps. */
    /* TODO: loops, published values, regions, user command, data logging: see scrutiny.h. */

    if (scrutiny_init(&scrutiny, &config, &port) != SCRUTINY_OK) {
        /* TODO: report; the configuration above is wrong. */
    }
}

void scrutiny_board_poll(void) {
    scrutiny_poll(&scrutiny);
}

/* TODO: call this from the receive interrupt, or with what a DMA buffer brought. */
void scrutiny_board_octet_received(scrutiny_octet_t octet);
void scrutiny_board_octet_received(scrutiny_octet_t octet) {
    (void)scrutiny_receive(&scrutiny, &octet, 1);
}
