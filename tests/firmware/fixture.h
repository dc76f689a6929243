/* A device under test: a context with a clock that the test sets and a link made of memory. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scrutiny/scrutiny.h"

enum {
    FIXTURE_PAYLOAD = 128,
    FIXTURE_RING = 512,
    FIXTURE_OUTPUT = 4096
};

enum {
    OK = 0,
    INVALID_REQUEST = 1,
    UNSUPPORTED = 2,
    TOO_LARGE = 3,
    BUSY = 4,
    FAILURE = 5,
    FORBIDDEN = 6,
    NO_ANSWER = 1000
};

typedef struct {
    scrutiny_t scrutiny;
    scrutiny_config_t config;
    scrutiny_port_t port;
    scrutiny_octet_t rx_buffer[SCRUTINY_RX_BUFFER_SIZE(FIXTURE_PAYLOAD)];
    scrutiny_octet_t tx_buffer[SCRUTINY_TX_BUFFER_SIZE(FIXTURE_PAYLOAD)];
    scrutiny_octet_t ring[FIXTURE_RING];
    uint32_t now_us;
    size_t write_limit; /* octets per call that the port takes */
    uint8_t output[FIXTURE_OUTPUT];
    size_t output_size;
} fixture_t;

/* What a device answered. */
typedef struct {
    int code; /* NO_ANSWER if nothing or no whole frame came */
    uint8_t command;
    uint8_t subfunction;
    uint8_t payload[FIXTURE_PAYLOAD];
    size_t size;
} answer_t;

/* A request under construction. */
typedef struct {
    uint8_t octets[512];
    size_t size;
} message_t;

/* Fill in a plain configuration; change it, then boot. */
void fixture_prepare(fixture_t *fixture);
void fixture_boot(fixture_t *fixture);
/* Both, and a session. */
void fixture_connect(fixture_t *fixture);

void add_u8(message_t *message, unsigned int value);
void add_u16(message_t *message, unsigned int value);
void add_u32(message_t *message, uint32_t value);
void add_address(message_t *message, const volatile void *pointer);
void add_octets(message_t *message, const void *octets, size_t size);

/* A whole frame with this payload. */
message_t request_frame(unsigned int command, unsigned int subfunction, const message_t *payload);

void receive(fixture_t *fixture, const message_t *frame);
/* Poll until nothing is left to do, or the port stops taking octets. */
void poll_all(fixture_t *fixture);
/* Take one answer from the front of the output. Checks its CRC. */
answer_t take_answer(fixture_t *fixture);

answer_t ask(fixture_t *fixture, unsigned int command, unsigned int subfunction,
             const message_t *payload);
answer_t ask_empty(fixture_t *fixture, unsigned int command, unsigned int subfunction);
answer_t ask_heartbeat(fixture_t *fixture, uint32_t session_id, unsigned int challenge);

uint32_t get_u16(const uint8_t *octets);
uint32_t get_u32(const uint8_t *octets);

#endif
