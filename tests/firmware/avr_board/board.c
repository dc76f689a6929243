#include "board.h"

#include <stdarg.h>
#include <stdio.h>

#include <simavr/sim_cycle_timers.h>
#include <simavr/sim_elf.h>

#define STEPS_PER_SECOND 5000u

static avr_cycle_count_t step_cycles(const avr_t *avr) {
    return avr->frequency / STEPS_PER_SECOND;
}

/* A sleeping microcontroller goes on at the next timer, so one has to end with every step. */
static avr_cycle_count_t end_sleep(avr_t *avr, avr_cycle_count_t when, void *context) {
    (void)context;
    return when + step_cycles(avr);
}

/* Waiting is not for each sleep, but for each step. */
static void sleep_without_waiting(avr_t *avr, avr_cycle_count_t cycles) {
    (void)avr;
    (void)cycles;
}

/* A reset takes all timers away. */
static void chip_was_reset(avr_io_t *io) {
    board_t *const board = (board_t *)io;

    avr_cycle_timer_register(board->avr, step_cycles(board->avr), end_sleep, board);
}

static void log_errors(struct avr_t *avr, const int level, const char *format, va_list arguments) {
    (void)avr;
    if (level <= LOG_ERROR) {
        (void)vfprintf(stderr, format, arguments);
    }
}

bool board_start(board_t *board, const board_settings_t *settings, const char *program) {
    static elf_firmware_t firmware;

    avr_global_logger_set(log_errors);
    if (elf_read_firmware(program, &firmware) != 0) {
        fprintf(stderr, "%s is no program for an AVR\n", program);
        return false;
    }
    board->avr = avr_make_mcu_by_name(settings->mcu);
    if (board->avr == NULL) {
        fprintf(stderr, "simavr knows no %s\n", settings->mcu);
        return false;
    }
    (void)avr_init(board->avr);
    firmware.frequency = settings->clock_hz;
    avr_load_firmware(board->avr, &firmware);
    board->avr->sleep = sleep_without_waiting;

    if (!serial_line_attach(&board->line, board->avr, settings->uart, settings->baud,
                            settings->overruns_are_true)) {
        fprintf(stderr, "%s has no UART number %u\n", settings->mcu, settings->uart);
        return false;
    }
    cycle_marks_attach(&board->marks, board->avr);
    board->io.kind = "board";
    board->io.reset = chip_was_reset;
    avr_register_io(board->avr, &board->io);
    chip_was_reset(&board->io);
    return true;
}

bool board_run(board_t *board) {
    const avr_cycle_count_t end = board->avr->cycle + step_cycles(board->avr);

    serial_line_send(&board->line);
    while (board->avr->cycle < end) {
        const int state = avr_run(board->avr);

        if (state == cpu_Done || state == cpu_Crashed) {
            return false;
        }
    }
    serial_line_follow_baud_rate(&board->line);
    return true;
}

void board_reset(board_t *board) {
    avr_reset(board->avr);
}
