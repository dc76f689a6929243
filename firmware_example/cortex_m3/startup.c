/* From reset to main(), without a C library: vectors, variables. A program that uses an exception
 * defines the function of its name.
 */
#include <stdint.h>

#include "semihosting.h"

typedef void (*vector_t)(void);

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

void Reset_Handler(void) {
    const uint32_t *from = &_data_load;
    for (uint32_t *to = &_data_start; to != &_data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = &_bss_start; to != &_bss_end; to++) {
        *to = 0;
    }
    semihosting_exit(main());
}

/* Faults, too: the emulator ends, instead of hanging. */
void Default_Handler(void) {
    semihosting_print("unexpected exception\n");
    semihosting_exit(99);
}
