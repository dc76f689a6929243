/* An exchange: a request that is read from its front to its end, and the response that is written
 * meanwhile. Both remember that they hit the end: read or write all fields first, then look once
 * at `truncated`; a response that is too long becomes a refusal by itself. What is read past the
 * end is 0, and what does not fit is dropped.
 */
#ifndef SCRUTINY_SRC_CODEC_H
#define SCRUTINY_SRC_CODEC_H

#include "linkage.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    scrutiny_t *scrutiny;
    const scrutiny_config_t *config;
    const scrutiny_octet_t *request; /* the next octet to take */
    size_t left;                     /* octets to take */
    scrutiny_octet_t *response;      /* where the next octet goes */
    size_t room;                     /* octets that still fit */
    uint32_t now_us;
    bool truncated; /* a field was cut, or an address does not exist on this target */
    bool overflow;  /* something did not fit */
    bool execute;   /* for handlers that look through the whole request first: the second pass */
    uint_least8_t command;
    uint_least8_t subfunction;
} scrutiny_exchange_t;

/* Wide enough for all numbers but those of 64 bits, and for addresses. */
#if UINTPTR_MAX > 0xFFFFFFFFu
typedef uintptr_t scrutiny_word_t;
#else
typedef uint32_t scrutiny_word_t;
#endif

/* The number in `size` octets, big endian. */
SCRUTINY_INTERNAL SCRUTINY_OUT_OF_LINE scrutiny_word_t scrutiny_load(const scrutiny_octet_t *octets,
                                                                     size_t size);

/* Store a number of `size` octets, big endian. */
SCRUTINY_INTERNAL void scrutiny_store(scrutiny_octet_t *octets, scrutiny_word_t number,
                                      size_t size);

/* The next `size` octets, or NULL if there are fewer. */
SCRUTINY_INTERNAL SCRUTINY_OUT_OF_LINE const scrutiny_octet_t *
scrutiny_take(scrutiny_exchange_t *exchange, size_t size);
SCRUTINY_INTERNAL uint_least8_t scrutiny_take_u8(scrutiny_exchange_t *exchange);
SCRUTINY_INTERNAL uint_least16_t scrutiny_take_u16(scrutiny_exchange_t *exchange);
SCRUTINY_INTERNAL uint32_t scrutiny_take_u32(scrutiny_exchange_t *exchange);
SCRUTINY_INTERNAL uintptr_t scrutiny_take_address(scrutiny_exchange_t *exchange);

/* Whether the request had all that was taken, and has no more. */
SCRUTINY_INTERNAL bool scrutiny_all_taken(const scrutiny_exchange_t *exchange);

/* Room for `size` octets, to be filled by the caller, or NULL if there is less. */
SCRUTINY_INTERNAL SCRUTINY_OUT_OF_LINE scrutiny_octet_t *scrutiny_put(scrutiny_exchange_t *exchange,
                                                                      size_t size);
SCRUTINY_INTERNAL void scrutiny_put_u8(scrutiny_exchange_t *exchange, uint_least8_t value);
SCRUTINY_INTERNAL void scrutiny_put_u16(scrutiny_exchange_t *exchange, uint_least16_t value);
SCRUTINY_INTERNAL void scrutiny_put_u32(scrutiny_exchange_t *exchange, uint32_t value);
SCRUTINY_INTERNAL void scrutiny_put_address(scrutiny_exchange_t *exchange, uintptr_t address);

/* One octet with the length of `text`, then `text`, both cut to `max` octets and to the room left,
 * and never inside a UTF-8 sequence. NULL counts as empty. */
SCRUTINY_INTERNAL void scrutiny_put_name(scrutiny_exchange_t *exchange, const char *text,
                                         size_t max);

#ifdef __cplusplus
}
#endif

#endif
