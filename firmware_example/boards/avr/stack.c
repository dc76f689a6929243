#include "stack.h"

#include <avr/io.h>

#define PAINT 0xC5u
#define OCTETS_AT_ONCE 8u /* a few microseconds */

/* Of the linker: the first octet after the variables. The stack grows down to it. */
extern uint8_t _end;

volatile uint16_t stack_unused;

void stack_paint(void) __attribute__((naked, used, section(".init3")));

/* Runs between the set-up of the stack and that of the variables. */
void stack_paint(void) {
    uint8_t *octet = &_end;

    while ((uintptr_t)octet <= SP) {
        *octet = PAINT;
        octet++;
    }
}

void stack_examine(void) {
    static uint16_t painted;
    uint8_t count;

    for (count = 0u; count < OCTETS_AT_ONCE; count++) {
        const uint8_t *const octet = &_end + painted;

        if ((uintptr_t)octet > RAMEND || *(const volatile uint8_t *)octet != PAINT) {
            stack_unused = painted;
            painted = 0u;
            return;
        }
        painted++;
    }
}
