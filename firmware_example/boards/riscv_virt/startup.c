/* From reset to main(), without a C library: pointers, variables. */
#include <stdint.h>

/* Of the linker script. */
extern uint32_t _data_load, _data_start, _data_end, _bss_start, _bss_end;

int main(void);
void start_program(void) __attribute__((noreturn));
void _start(void) __attribute__((naked, section(".init")));

/* The assembler must not reach the global pointer by the global pointer. */
void _start(void) {
    __asm__ volatile(".option push\n\t"
                     ".option norelax\n\t"
                     "la gp, __global_pointer$\n\t"
                     ".option pop\n\t"
                     "la sp, _stack_top\n\t"
                     "j start_program");
}

void start_program(void) {
    const uint32_t *from = &_data_load;

    for (uint32_t *to = &_data_start; to != &_data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = &_bss_start; to != &_bss_end; to++) {
        *to = 0;
    }
    (void)main();
    for (;;) {
    }
}
