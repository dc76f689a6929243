/* What the library calls, and the compiler by itself, where there is no C library. The places are
 * volatile because compilers know these loops, and would make each function call itself. */
#include "string.h"

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    volatile unsigned char *target = to;
    const unsigned char *source = from;

    while (size-- > 0u) {
        *target++ = *source++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size) {
    volatile unsigned char *target = to;
    const unsigned char *source = from;

    if (target <= source) {
        return memcpy(to, from, size);
    }
    while (size-- > 0u) {
        target[size] = source[size];
    }
    return to;
}

void *memset(void *to, int value, size_t size) {
    volatile unsigned char *target = to;

    while (size-- > 0u) {
        *target++ = (unsigned char)value;
    }
    return to;
}

int memcmp(const void *one, const void *other, size_t size) {
    const unsigned char *left = one;
    const unsigned char *right = other;

    for (; size > 0u; size--, left++, right++) {
        if (*left != *right) {
            return *left < *right ? -1 : 1;
        }
    }
    return 0;
}
