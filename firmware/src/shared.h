/* Numbers that an interrupt or a loop writes and the poll reads. */
#ifndef SCRUTINY_SRC_SHARED_H
#define SCRUTINY_SRC_SHARED_H

#include "scrutiny/scrutiny_config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Read a number whose writer may interrupt between two halves of it, on 8- and 16-bit targets. */
static inline uint32_t scrutiny_shared_u32(const volatile uint32_t *number) {
#if UINT_MAX >= 0xFFFFFFFFu
    return *number;
#else
    uint32_t first = 0;
    uint32_t second = *number;
    do {
        first = second;
        second = *number;
    } while (first != second);
    return first;
#endif
}

#ifdef __cplusplus
}
#endif

#endif
