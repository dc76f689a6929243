/* The poll and a loop interrupt each other at every instruction, on an emulated Cortex-M.
 *
 * A request waits; one side works, and after so many ticks a timer interrupt lets the other side
 * work. The ticks are tried one after the other, until the first side is done before the interrupt
 * comes. Whoever interrupts may be an interrupt or a task of a higher priority: to the other side
 * it is the same.
 *
 * Prints how many instructions were interrupted. Exit code 1 if something went wrong.
 */
#include <string.h>

#include "handover.h"
#include "semihosting.h"
#include "systick.h"

enum {
    CODE_MAX = 0x10000
};

static bool poll_interrupts;
static volatile bool interrupted;
static uint8_t interrupted_code[CODE_MAX / 16]; /* a bit for each half word */

void on_tick(const uint32_t *frame) {
    uint32_t half_word = frame[6] / 2u;
    SYSTICK_CONTROL = 0;
    if (half_word / 8u < sizeof(interrupted_code)) {
        interrupted_code[half_word / 8u] |= (uint8_t)(1u << (half_word % 8u));
    }
    interrupted = true;
    if (poll_interrupts) {
        (void)scrutiny_poll(&bare_device); /* if it has to wait, then for who is interrupted */
    } else {
        handover_run_loop();
    }
}

/* Hands over the frame that the processor has pushed: r0 to r3, r12, lr, pc, xpsr. */
__attribute__((naked)) void SysTick_Handler(void) {
    __asm__("mov r0, sp\n"
            "b on_tick\n");
}

/* Interrupt after so many ticks. Returns whether there was something to interrupt. */
static bool try(request_t what, situation_t situation, uint32_t ticks) {
    handover_prepare(what, situation);
    interrupted = false;
    systick_start(ticks, SYSTICK_INTERRUPT);
    if (poll_interrupts) {
        handover_run_loop();
    } else {
        while (scrutiny_poll(&bare_device)) {
        }
    }
    SYSTICK_CONTROL = 0;
    bool in_time = interrupted;
    handover_check(what, situation);
    return in_time;
}

static uint32_t interrupted_instructions(void) {
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof(interrupted_code); i++) {
        for (uint8_t bits = interrupted_code[i]; bits != 0; bits &= (uint8_t)(bits - 1u)) {
            count++;
        }
    }
    memset(interrupted_code, 0, sizeof(interrupted_code));
    return count;
}

static void print_number(uint32_t number) {
    char digits[11];
    char *next = &digits[10];
    *next = '\0';
    do {
        *--next = (char)('0' + number % 10u);
        number /= 10u;
    } while (number > 0);
    semihosting_print(next);
}

static bool try_all(bool by_poll) {
    poll_interrupts = by_poll;
    for (int what = 0; what < REQUESTS; what++) {
        for (int situation = 0; situation < SITUATIONS; situation++) {
            uint32_t ticks = 1;
            uint32_t instructions = 1; /* of 256 ns, while a tick takes 40 */
            while (try((request_t)what, (situation_t)situation, ticks) && handover_flaw == NULL) {
                instructions++;
                ticks = instructions * 32u / 5u;
            }
            if (handover_flaw != NULL) {
                semihosting_print(request_names[what]);
                semihosting_print(" when ");
                semihosting_print(situation_names[situation]);
                semihosting_print(": ");
                semihosting_print(handover_flaw);
                semihosting_print(", interrupted after ticks: ");
                print_number(ticks);
                semihosting_print("\n");
                return false;
            }
        }
    }
    semihosting_print(by_poll ? "the poll interrupts the loop;" : "the loop interrupts the poll;");
    print_number(interrupted_instructions());
    semihosting_print("\n");
    return true;
}

int main(void) {
    handover_start();
    return try_all(false) && try_all(true) ? 0 : 1;
}
