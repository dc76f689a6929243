/* Memory as octets. With 8-bit chars this is a copy; a 16-bit char is two octets, in the order in
 * which the target would store them if it had octets. Source: device protocol, section 16.
 *
 * Each char is read, and written, exactly once: it may be a register, or be changed by an interrupt
 * meanwhile. Without a call of memcpy(), which takes 200 to 500 octets of flash in some C
 * libraries.
 */
#ifndef SCRUTINY_SRC_CHARS_H
#define SCRUTINY_SRC_CHARS_H

#include "linkage.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SCRUTINY_OCTETS_PER_CHAR (CHAR_BIT / 8u)

SCRUTINY_INTERNAL void scrutiny_chars_to_octets(scrutiny_octet_t *octets,
                                                const volatile unsigned char *chars,
                                                size_t char_count);

/* Char number `index` of those that follow each other as octets. */
static inline unsigned char scrutiny_char_at(const scrutiny_octet_t *octets, size_t index) {
#if CHAR_BIT == 8
    return octets[index];
#else
    unsigned int low = octets[2 * index + SCRUTINY_BIG_ENDIAN];
    unsigned int high = octets[2 * index + 1 - SCRUTINY_BIG_ENDIAN];
    return (unsigned char)((high << 8) | low);
#endif
}

/* Set all chars to 0. */
SCRUTINY_INTERNAL void scrutiny_clear_chars(void *chars, size_t char_count);

#ifdef __cplusplus
}
#endif

#endif
