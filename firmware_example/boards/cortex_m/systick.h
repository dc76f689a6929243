/* The timer of every Cortex-M: counts down with the processor's clock. */
#ifndef CORTEX_M_SYSTICK_H
#define CORTEX_M_SYSTICK_H

#include <stdint.h>

#define SYSTICK_MAX 0xFFFFFFu

#define SYSTICK_CONTROL (*(volatile uint32_t *)0xE000E010u)
#define SYSTICK_RELOAD (*(volatile uint32_t *)0xE000E014u)
#define SYSTICK_VALUE (*(volatile uint32_t *)0xE000E018u)

#define SYSTICK_PRIORITY (*(volatile uint8_t *)0xE000ED23u) /* not on a Cortex-M0: words only */

#define SYSTICK_ENABLE 1u
#define SYSTICK_INTERRUPT 2u
#define SYSTICK_PROCESSOR_CLOCK 4u

/* Count from `reload` down to 0, again and again. */
static inline void systick_start(uint32_t reload, uint32_t interrupt) {
    SYSTICK_CONTROL = 0;
    SYSTICK_RELOAD = reload;
    SYSTICK_VALUE = 0; /* any value clears it */
    SYSTICK_CONTROL = SYSTICK_ENABLE | SYSTICK_PROCESSOR_CLOCK | interrupt;
}

/* Ticks between two readings of SYSTICK_VALUE of a timer with the largest reload value. */
static inline uint32_t systick_between(uint32_t before, uint32_t after) {
    return (before - after) & SYSTICK_MAX;
}

#endif
