/* Text and exit code of a program in an emulator (or debugger) with semihosting turned on. On a
 * chip by itself, each of these stops the processor.
 */
#ifndef CORTEX_M_SEMIHOSTING_H
#define CORTEX_M_SEMIHOSTING_H

/* QEMU prints to its standard error. */
void semihosting_print(const char *text);

/* End the emulator with this exit code. */
void semihosting_exit(int code) __attribute__((noreturn));

#endif
