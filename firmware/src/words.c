#include "words.h"

#if SCRUTINY_ENABLE_DATALOGGING

void scrutiny_copy_words(unsigned char *to, const unsigned char *from, size_t char_count) {
#ifndef __AVR__ /* whose words are octets */
    while (char_count >= sizeof(uint32_t)) {
        scrutiny_save_u32(to, scrutiny_load_u32(from));
        to += sizeof(uint32_t);
        from += sizeof(uint32_t);
        char_count -= sizeof(uint32_t);
    }
    if (char_count >= sizeof(uint16_t)) {
        scrutiny_save_u16(to, scrutiny_load_u16(from));
        to += sizeof(uint16_t);
        from += sizeof(uint16_t);
        char_count -= sizeof(uint16_t);
    }
#endif
    for (size_t i = 0; i < char_count; i++) {
        to[i] = ((const volatile unsigned char *)from)[i];
    }
}

#endif
