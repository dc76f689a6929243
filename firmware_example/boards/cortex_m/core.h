/* Interrupts of any Cortex-M. */
#ifndef CORTEX_M_CORE_H
#define CORTEX_M_CORE_H

#include <stdint.h>

#define NVIC_ENABLE ((volatile uint32_t *)0xE000E100u)
#define NVIC_PEND ((volatile uint32_t *)0xE000E200u)
#define NVIC_PRIORITY ((volatile uint32_t *)0xE000E400u)

/* The smaller number goes first; two bits, which the smallest of them have, too. */
#define PRIORITY_HIGH 0x00u
#define PRIORITY_LOW 0x80u

static inline void interrupts_off(void) {
    __asm__ volatile("cpsid i" ::: "memory");
}

static inline void interrupts_on(void) {
    __asm__ volatile("cpsie i" ::: "memory");
}

/* Turn them off, and return what interrupts_restore() needs. */
static inline uint32_t interrupts_save(void) {
    uint32_t primask;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask)::"memory");
    return primask;
}

static inline void interrupts_restore(uint32_t primask) {
    __asm__ volatile("msr primask, %0" ::"r"(primask) : "memory");
}

/* With interrupts off: one that is pending, or comes, wakes the processor all the same. It is
 * served when they are on again. */
static inline void sleep_with_interrupts_off(void) {
    __asm__ volatile("dsb\n\twfi\n\tcpsie i\n\tisb" ::: "memory");
}

static inline void interrupt_enable(unsigned int number, uint32_t priority) {
    const unsigned int shift = number % 4u * 8u;
    volatile uint32_t *const four = &NVIC_PRIORITY[number / 4u];

    *four = (*four & ~(0xFFu << shift)) | priority << shift;
    NVIC_ENABLE[number / 32u] = 1u << number % 32u;
}

/* As if the device had asked for it. */
static inline void interrupt_pend(unsigned int number) {
    NVIC_PEND[number / 32u] = 1u << number % 32u;
}

#endif
