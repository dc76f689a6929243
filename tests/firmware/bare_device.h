/* A device that can record, and a server that asks it, for programs without a test framework or an
 * operating system around them.
 */
#ifndef BARE_DEVICE_H
#define BARE_DEVICE_H

#include "scrutiny/scrutiny.h"

enum {
    BARE_PAYLOAD = 256,
    BARE_RECORDING_MAX = 0x30000, /* chars */
    BARE_FIXED_LOOP = 0,
    BARE_VARIABLE_LOOP = 1,
    BARE_OTHER_LOOP = 2,
    BARE_LOOPS = 3
};

/* DataLogControl. */
enum {
    BARE_CONFIGURE = 2,
    BARE_ARM = 3,
    BARE_DISARM = 4,
    BARE_STATUS = 5,
    BARE_METADATA = 6,
    BARE_READ = 7,
    BARE_RESET = 8
};

enum {
    BARE_OK = 0,
    BARE_NO_ANSWER = 1000
};

typedef struct {
    scrutiny_octet_t octets[BARE_PAYLOAD + 8];
    size_t size;
} bare_request_t;

typedef struct {
    int code; /* BARE_NO_ANSWER if none came */
    const scrutiny_octet_t *payload;
    size_t size;
} bare_answer_t;

extern scrutiny_t bare_device;

/* Start a device with a session. A table of no values may be NULL, and so may `read_value` then. */
void bare_start(size_t recording_size, const scrutiny_published_value_t *values,
                uint16_t value_count, scrutiny_read_value_t read_value);

/* A request of DataLogControl. */
void bare_begin(bare_request_t *request, unsigned int subfunction);
void bare_put(bare_request_t *request, uint32_t value, size_t size);
void bare_put_address(bare_request_t *request, const volatile void *address);

/* Add what makes it whole: length and CRC. */
void bare_finish(bare_request_t *request);
/* Let its octets arrive, as they would in an interrupt. All but the last are parsed at once, so
 * that the next poll is about what is asked, and about little else. */
void bare_send(const bare_request_t *request);
/* What has been answered since the last time. */
bare_answer_t bare_take_answer(void);
/* Finish it, send, poll until nothing is left to do, take the answer. */
bare_answer_t bare_ask(bare_request_t *request);
bare_answer_t bare_ask_empty(unsigned int subfunction);

uint32_t bare_number(const scrutiny_octet_t *octets, size_t size);

#endif
