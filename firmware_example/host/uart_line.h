/** @file
 * One direction of a serial line: octets go in at once and come out at the pace of the line.
 *
 * No I/O and no clock: the caller says what time it is and asks when to look again.
 */
#ifndef HOST_UART_LINE_H
#define HOST_UART_LINE_H

#include <stddef.h>
#include <stdint.h>

/** Room for two of the largest frames, so that a whole answer always fits. */
#define UART_LINE_CAPACITY ((size_t)2 * (65519u + 9u))

typedef struct {
    uint64_t octet_ns;      /* time of one octet on the line; 0: none, everything is due at once */
    uint64_t first_done_ns; /* when the first queued octet is through */
    uint64_t free_at_ns;    /* when the line ended the last octet that was taken */
    size_t start;
    size_t count;
    uint8_t data[UART_LINE_CAPACITY];
} uart_line_t;

/** Empty line of `baud` bit/s, with 10 bits per octet (8N1); 0 is no line at all. */
void uart_line_init(uart_line_t *line, uint32_t baud);

/** Forget what is queued. */
void uart_line_clear(uart_line_t *line);

/** Octets that uart_line_push() would take. */
size_t uart_line_space(const uart_line_t *line);

/** Queue octets whose sending starts now, or when the line is free. Returns how many were taken. */
size_t uart_line_push(uart_line_t *line, const uint8_t *data, size_t size, uint64_t now_ns);

/** How many octets are through by now; they start at uart_line_data(). */
size_t uart_line_due(const uart_line_t *line, uint64_t now_ns);
const uint8_t *uart_line_data(const uart_line_t *line);

/** Remove `count` octets, which must be due. */
void uart_line_take(uart_line_t *line, size_t count);

/** When to look again: at the end of what is queued, or after some 2 ms of octets.
 *
 * CLOCK_NEVER when nothing is queued. */
uint64_t uart_line_wake_ns(const uart_line_t *line);

#endif
