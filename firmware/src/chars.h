/* Memory as octets. With 8-bit chars this is a copy; a 16-bit char is two octets, in the order in
 * which the target would store them if it had octets. Source: device protocol, section 16.
 */
#ifndef SCRUTINY_SRC_CHARS_H
#define SCRUTINY_SRC_CHARS_H

#include <string.h>

#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SCRUTINY_OCTETS_PER_CHAR (CHAR_BIT / 8u)

/* Source and destination may overlap: a server may read the library's own buffers. */
static inline void scrutiny_chars_to_octets(scrutiny_octet_t *octets, const unsigned char *chars,
                                            size_t char_count) {
#if CHAR_BIT == 8
    memmove(octets, chars, char_count);
#else
    for (size_t i = 0; i < char_count; i++) {
        octets[2 * i + SCRUTINY_BIG_ENDIAN] = (scrutiny_octet_t)(chars[i] & 0xFFu);
        octets[2 * i + 1 - SCRUTINY_BIG_ENDIAN] = (scrutiny_octet_t)((chars[i] >> 8) & 0xFFu);
    }
#endif
}

static inline void scrutiny_octets_to_chars(unsigned char *chars, const scrutiny_octet_t *octets,
                                            size_t char_count) {
#if CHAR_BIT == 8
    memmove(chars, octets, char_count);
#else
    for (size_t i = 0; i < char_count; i++) {
        unsigned int low = octets[2 * i + SCRUTINY_BIG_ENDIAN];
        unsigned int high = octets[2 * i + 1 - SCRUTINY_BIG_ENDIAN];
        chars[i] = (unsigned char)((high << 8) | low);
    }
#endif
}

#ifdef __cplusplus
}
#endif

#endif
