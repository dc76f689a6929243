/* From reset to main(), on any Cortex-M. */
#ifndef CORTEX_M_STARTUP_H
#define CORTEX_M_STARTUP_H

typedef void (*vector_t)(void);

/* For a board's table of interrupts: vector_t's from interrupt 0 on, as far as it needs them. */
#define INTERRUPT_VECTORS __attribute__((section(".vectors.interrupts"), used))

/* Where a program ends, and where an exception without a handler does (code 99). Stands still,
 * unless a program has its own. */
void stop(int code) __attribute__((noreturn));

#endif
