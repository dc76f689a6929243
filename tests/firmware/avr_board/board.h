/* The emulated microcontroller, what is connected to it, and what is measured on it. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include <simavr/sim_avr.h>

#include "cycle_marks.h"
#include "serial_line.h"

typedef struct {
    const char *mcu; /* as the compiler calls it */
    uint32_t clock_hz;
    unsigned uart;
    uint32_t baud; /* of the host */
    bool overruns_are_true;
} board_settings_t;

typedef struct {
    avr_io_t io; /* first: how simavr tells that it was reset */
    avr_t *avr;
    serial_line_t line;
    cycle_marks_t marks;
} board_t;

/* Put a program, an ELF file, into a new microcontroller. Returns false after it has said why. */
bool board_start(board_t *board, const board_settings_t *settings, const char *program);

/* Go on for 200 us of the board's time, and a few cycles. Returns false when the program has ended:
 * it sleeps with interrupts off, or executes what is no instruction. */
bool board_run(board_t *board);

/* Press the reset button. */
void board_reset(board_t *board);

#endif
