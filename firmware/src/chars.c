#include "chars.h"

void scrutiny_chars_to_octets(scrutiny_octet_t *octets, const volatile unsigned char *chars,
                              size_t char_count) {
    for (size_t i = 0; i < char_count; i++) {
#if CHAR_BIT == 8
        octets[i] = chars[i];
#else
        unsigned int both = chars[i];
        octets[2 * i + SCRUTINY_BIG_ENDIAN] = (scrutiny_octet_t)(both & 0xFFu);
        octets[2 * i + 1 - SCRUTINY_BIG_ENDIAN] = (scrutiny_octet_t)((both >> 8) & 0xFFu);
#endif
    }
}

void scrutiny_clear_chars(void *chars, size_t char_count) {
    volatile unsigned char *place = (volatile unsigned char *)chars;
    for (size_t i = 0; i < char_count; i++) {
        place[i] = 0;
    }
}
