/* Cursors over payloads. Both remember that they hit the end: read or write all fields first, then
 * look at `failed` once. A failed reader gives zeros, a failed writer drops what does not fit.
 */
#ifndef SCRUTINY_SRC_CODEC_H
#define SCRUTINY_SRC_CODEC_H

#include "scrutiny/scrutiny_context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const scrutiny_octet_t *next;
    size_t left;
    bool failed; /* a field was truncated, or an address does not exist on this target */
} scrutiny_reader_t;

typedef struct {
    scrutiny_octet_t *next;
    size_t left;
    size_t size; /* octets written */
    bool failed; /* something did not fit */
} scrutiny_writer_t;

/* Store a number, big endian. */
static inline void scrutiny_store_u16(scrutiny_octet_t *octets, unsigned int value) {
    octets[0] = (scrutiny_octet_t)((value >> 8) & 0xFFu);
    octets[1] = (scrutiny_octet_t)(value & 0xFFu);
}
static inline void scrutiny_store_u32(scrutiny_octet_t *octets, uint32_t value) {
    octets[0] = (scrutiny_octet_t)((value >> 24) & 0xFFu);
    octets[1] = (scrutiny_octet_t)((value >> 16) & 0xFFu);
    octets[2] = (scrutiny_octet_t)((value >> 8) & 0xFFu);
    octets[3] = (scrutiny_octet_t)(value & 0xFFu);
}
/* `size` octets: 1, 2, 4 or 8. */
void scrutiny_store_number(scrutiny_octet_t *octets, scrutiny_wide_uint_t bits, size_t size);

scrutiny_reader_t scrutiny_reader(const scrutiny_octet_t *data, size_t size);

/* The next `size` octets, or NULL if there are fewer. */
const scrutiny_octet_t *scrutiny_take(scrutiny_reader_t *reader, size_t size);
uint_least8_t scrutiny_take_u8(scrutiny_reader_t *reader);
uint_least16_t scrutiny_take_u16(scrutiny_reader_t *reader);
uint32_t scrutiny_take_u32(scrutiny_reader_t *reader);
uintptr_t scrutiny_take_address(scrutiny_reader_t *reader);

scrutiny_writer_t scrutiny_writer(scrutiny_octet_t *data, size_t size);

/* Room for `size` octets, to be filled by the caller, or NULL if there is less. */
scrutiny_octet_t *scrutiny_put(scrutiny_writer_t *writer, size_t size);
void scrutiny_put_u8(scrutiny_writer_t *writer, uint_least8_t value);
void scrutiny_put_u16(scrutiny_writer_t *writer, uint_least16_t value);
void scrutiny_put_u32(scrutiny_writer_t *writer, uint32_t value);
void scrutiny_put_address(scrutiny_writer_t *writer, uintptr_t address);

/* One octet with the length of `text`, then `text`, both cut to `max` octets and to the room left,
 * and never inside a UTF-8 sequence. NULL counts as empty. */
void scrutiny_put_name(scrutiny_writer_t *writer, const char *text, size_t max);

#ifdef __cplusplus
}
#endif

#endif
