/* The wire between the host and a UART of the emulated microcontroller, in octets.
 *
 * simavr's own receiver holds 64 octets and waits one octet time after each was read, which no chip
 * does. So the receiver here is our own, and simavr's is bypassed: octets end at the line's rate,
 * and up to three wait to be read, two in the buffer and one in the shift register. What happens to
 * the next one is the difference between the two modes:
 *
 * - true overruns: it takes the place of the third, and DOR is set, as on silicon;
 * - otherwise it waits on the host's side, as if there was a flow control.
 */
#ifndef SERIAL_LINE_H
#define SERIAL_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_io.h>

#include "octet_queue.h"

/* Two in the receive buffer, one in the shift register. */
#define SERIAL_LINE_UNREAD_MAX 3u

typedef struct {
    avr_io_t io; /* first: how simavr tells that it was reset */
    avr_t *avr;
    avr_uart_t *uart;
    avr_cycle_count_t cycles_per_octet; /* at the host's rate */
    bool overruns_are_true;

    octet_queue_t to_device;
    octet_queue_t to_host;
    uint8_t unread[SERIAL_LINE_UNREAD_MAX];
    unsigned unread_count;
    bool sending;           /* the host is; a timer runs */
    unsigned long overruns; /* octets lost because nobody read them in time */
} serial_line_t;

/* Take over UART number `uart` of a microcontroller that is initialised and has its clock.
 *
 * `baud`: what the host sends at, 10 bits per octet. Returns false if there is no such UART. */
bool serial_line_attach(serial_line_t *line, avr_t *avr, unsigned uart, uint32_t baud,
                        bool overruns_are_true);

/* The host has added something to `to_device`. */
void serial_line_send(serial_line_t *line);

/* Take the rate of the other direction from the registers; call it often. */
void serial_line_follow_baud_rate(serial_line_t *line);

#endif
