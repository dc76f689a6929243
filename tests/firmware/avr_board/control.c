#include "control.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_MAX 2048u
#define READ_MAX 512u /* octets; each becomes two digits */

bool control_open(control_t *control, const char *path) {
    control->length = 0u;
    return client_port_open_socket(&control->port, path);
}

static void print_memory(const avr_t *avr, unsigned long address, unsigned long count,
                         char *answer) {
    unsigned long i;

    for (i = 0u; i < count; i++) {
        (void)sprintf(answer + 2u * i, "%02x", avr->data[address + i]);
    }
}

static void print_cycles(const cycle_mark_t *piece, char *answer) {
    (void)sprintf(answer, "%lu %" PRIu64 " %" PRIu64, piece->count, piece->most, piece->sum);
}

static void execute(board_t *board, const char *command, char *answer) {
    unsigned long first;
    unsigned long count;

    if (strcmp(command, "reset") == 0) {
        board_reset(board);
        (void)strcpy(answer, "ok");
    } else if (strcmp(command, "cycles") == 0) {
        (void)sprintf(answer, "%" PRIu64, board->avr->cycle);
    } else if (strcmp(command, "overruns") == 0) {
        (void)sprintf(answer, "%lu", board->line.overruns);
    } else if (strcmp(command, "clear") == 0) {
        board->line.overruns = 0u;
        cycle_marks_clear(&board->marks);
        (void)strcpy(answer, "ok");
    } else if (sscanf(command, "mark %lu", &first) == 1 && first < CYCLE_MARKS_IDS) {
        print_cycles(&board->marks.marks[first], answer);
    } else if (sscanf(command, "interrupt %lu", &first) == 1 && first < CYCLE_MARKS_IDS) {
        print_cycles(&board->marks.interrupts[first], answer);
    } else if (sscanf(command, "read 0x%lx %lu", &first, &count) == 2 && count <= READ_MAX &&
               first <= board->avr->ramend && first + count <= board->avr->ramend + 1u) {
        print_memory(board->avr, first, count, answer);
    } else {
        (void)strcpy(answer, "what?");
    }
}

static void answer_line(control_t *control, board_t *board) {
    char answer[ANSWER_MAX] = "";

    execute(board, control->line, answer);
    (void)strcat(answer, "\n");
    (void)client_port_write(&control->port, (const uint8_t *)answer, strlen(answer));
}

void control_serve(control_t *control, board_t *board) {
    uint8_t octet;

    while (client_port_read(&control->port, &octet, 1u) == 1u) {
        if (octet == '\n') {
            control->line[control->length] = '\0';
            control->length = 0u;
            answer_line(control, board);
        } else if (control->length + 1u < sizeof control->line) {
            control->line[control->length] = (char)octet;
            control->length++;
        }
    }
}

void control_close(control_t *control) {
    client_port_close(&control->port);
}
