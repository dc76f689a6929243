/* Numbers in memory as they lie there, at any address. Where the address is a multiple of the size,
 * a number is read with a single access, which no interrupt can divide, on processors with words of
 * that size.
 */
#ifndef SCRUTINY_SRC_WORDS_H
#define SCRUTINY_SRC_WORDS_H

#include <string.h>

#include "linkage.h"
#include "scrutiny/scrutiny_config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 0: memcpy() of a constant size becomes an access to any address. 1: it becomes a call, unless the
 * compiler is told that the address is aligned, and single octets are faster than the call. */
#ifndef SCRUTINY_ALIGNED_ONLY
#if defined(__GNUC__) && CHAR_BIT == 8 && !defined(__ARM_FEATURE_UNALIGNED) &&                     \
    !defined(__aarch64__) && !defined(__x86_64__) && !defined(__i386__) && !defined(__AVR__)
#define SCRUTINY_ALIGNED_ONLY 1
#else
#define SCRUTINY_ALIGNED_ONLY 0
#endif
#endif

/* Whether a word at any address is one access. */
#if !defined(__AVR__) && !SCRUTINY_ALIGNED_ONLY
#define SCRUTINY_WORDS_ANYWHERE 1
#else
#define SCRUTINY_WORDS_ANYWHERE 0
#endif

static inline uint32_t scrutiny_load_u32(const unsigned char *chars) {
    uint32_t number = 0;
#if SCRUTINY_ALIGNED_ONLY
    if ((uintptr_t)chars % sizeof(number) != 0) {
        for (unsigned int i = 0; i < sizeof(number); i++) {
            number = (number << 8) | chars[SCRUTINY_BIG_ENDIAN ? i : 3u - i];
        }
        return number;
    }
    chars = (const unsigned char *)__builtin_assume_aligned(chars, sizeof(number));
#endif
    memcpy(&number, chars, sizeof(number));
    return number;
}

static inline uint16_t scrutiny_load_u16(const unsigned char *chars) {
    uint16_t number = 0;
#if SCRUTINY_ALIGNED_ONLY
    if ((uintptr_t)chars % sizeof(number) != 0) {
        unsigned int high = chars[SCRUTINY_BIG_ENDIAN ? 0 : 1];
        return (uint16_t)((high << 8) | chars[SCRUTINY_BIG_ENDIAN ? 1 : 0]);
    }
    chars = (const unsigned char *)__builtin_assume_aligned(chars, sizeof(number));
#endif
    memcpy(&number, chars, sizeof(number));
    return number;
}

static inline void scrutiny_save_u32(unsigned char *chars, uint32_t number) {
#if SCRUTINY_ALIGNED_ONLY
    if ((uintptr_t)chars % sizeof(number) != 0) {
        for (unsigned int i = 0; i < sizeof(number); i++) {
            chars[SCRUTINY_BIG_ENDIAN ? 3u - i : i] = (unsigned char)(number & 0xFFu);
            number >>= 8;
        }
        return;
    }
    chars = (unsigned char *)__builtin_assume_aligned(chars, sizeof(number));
#endif
    memcpy(chars, &number, sizeof(number));
}

static inline void scrutiny_save_u16(unsigned char *chars, uint16_t number) {
#if SCRUTINY_ALIGNED_ONLY
    chars[SCRUTINY_BIG_ENDIAN ? 1 : 0] = (unsigned char)(number & 0xFFu);
    chars[SCRUTINY_BIG_ENDIAN ? 0 : 1] = (unsigned char)(number >> 8);
#else
    memcpy(chars, &number, sizeof(number));
#endif
}

#if SCRUTINY_ENABLE_DATALOGGING
/* Copy chars from anywhere to anywhere, in words as far as they go. If the two places overlap,
 * what is copied is undefined: somebody records the recording itself. */
SCRUTINY_INTERNAL void scrutiny_copy_words(unsigned char *to, const unsigned char *from,
                                           size_t char_count);
#endif

#ifdef __cplusplus
}
#endif

#endif
