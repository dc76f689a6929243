/* What the programs share that count instructions on an emulated Cortex-M3, and print lines of
 * "name;number;number". QEMU lets each instruction take 256 ns, and SysTick tick every 40 ns: often
 * enough to count them exactly.
 */
#ifndef COUNTED_LINE_H
#define COUNTED_LINE_H

#include <stdint.h>

enum {
    NS_PER_INSTRUCTION = 256,
    NS_PER_TICK = 40
};

/* Both return where the line goes on. */
static inline char *append(char *at, const char *text) {
    while (*text != '\0') {
        *at++ = *text++;
    }
    return at;
}

static inline char *append_number(char *at, uint32_t number) {
    char digits[11];
    char *next = &digits[10];
    *next = '\0';
    do {
        *--next = (char)('0' + number % 10u);
        number /= 10u;
    } while (number > 0);
    *at++ = ';';
    return append(at, next);
}

#endif
