/* Commands for whoever runs the board, one per line over a unix socket. Each is answered with a
 * line:
 *
 *     reset                  ok, when the button was pressed
 *     cycles                 cycles since start
 *     overruns               octets that the firmware did not read in time
 *     mark ID                COUNT MOST SUM, see cycle_marks.h
 *     interrupt VECTOR       the same of an interrupt
 *     clear                  ok; overruns and marks start anew
 *     read 0xADDRESS COUNT   octets of the data space, in hexadecimal; as a debugger sees them
 *
 * Anything else is answered with "what?". The board does not run between a command and its answer.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "board.h"
#include "client_port.h"

#define CONTROL_LINE_MAX 128u

typedef struct {
    client_port_t port;
    char line[CONTROL_LINE_MAX];
    size_t length;
} control_t;

/* Returns false with `errno` set. */
bool control_open(control_t *control, const char *path);

void control_serve(control_t *control, board_t *board);

void control_close(control_t *control);

#endif
