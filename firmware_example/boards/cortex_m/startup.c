/* Vectors, floating-point unit, variables; without a C library. A program that uses an exception
 * defines the function of its name. */
#include "startup.h"

#include <stdint.h>

#define UNEXPECTED_EXCEPTION 99

/* Of the linker script. */
extern uint32_t _stack_top, _data_load, _data_start, _data_end, _bss_start, _bss_end;

int main(void);
void Reset_Handler(void);
void Default_Handler(void);

void NMI_Handler(void) __attribute__((weak, alias("Default_Handler")));
void HardFault_Handler(void) __attribute__((weak, alias("Default_Handler")));
void SVC_Handler(void) __attribute__((weak, alias("Default_Handler")));
void PendSV_Handler(void) __attribute__((weak, alias("Default_Handler")));
void SysTick_Handler(void) __attribute__((weak, alias("Default_Handler")));

const struct {
    uint32_t *stack_top;
    vector_t exceptions[15]; /* number 1 to 15 */
} vectors __attribute__((section(".vectors"), used)) = {
    &_stack_top,
    {Reset_Handler, NMI_Handler, HardFault_Handler, Default_Handler, Default_Handler,
     Default_Handler, 0, 0, 0, 0, SVC_Handler, Default_Handler, 0, PendSV_Handler, SysTick_Handler},
};

/* Before the first float. Interrupts may use it, too: the processor saves its registers. */
static void enable_floating_point(void) {
#ifdef __ARM_FP
    volatile uint32_t *const access_control = (volatile uint32_t *)0xE000ED88u;

    *access_control |= 0xFu << 20; /* coprocessors 10 and 11 */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
}

void Reset_Handler(void) {
    const uint32_t *from = &_data_load;

    enable_floating_point();
    for (uint32_t *to = &_data_start; to != &_data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = &_bss_start; to != &_bss_end; to++) {
        *to = 0;
    }
    stop(main());
}

void Default_Handler(void) {
    stop(UNEXPECTED_EXCEPTION);
}

__attribute__((weak)) void stop(int code) {
    (void)code;
    for (;;) {
    }
}
