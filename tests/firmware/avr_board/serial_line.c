#include "serial_line.h"

#include <string.h>

#include <simavr/sim_cycle_timers.h>
#include <simavr/sim_interrupts.h>
#include <simavr/sim_regbit.h>

#define BITS_PER_OCTET 10u /* 8N1 */

/* The request for an interrupt follows the number of octets that wait, as a level does. */
static void announce_unread(serial_line_t *line) {
    if (line->unread_count > 0u) {
        avr_regbit_set(line->avr, line->uart->rxc.raised);
        (void)avr_raise_interrupt(line->avr, &line->uart->rxc);
    } else {
        avr_regbit_clear(line->avr, line->uart->rxc.raised);
        avr_clear_interrupt(line->avr, &line->uart->rxc);
    }
}

/* The firmware reads the data register. */
static uint8_t read_data(avr_t *avr, avr_io_addr_t address, void *context) {
    serial_line_t *const line = context;

    avr_regbit_clear(avr, line->uart->dor);
    if (line->unread_count > 0u) {
        avr->data[address] = line->unread[0];
        line->unread_count--;
        memmove(line->unread, line->unread + 1, line->unread_count);
    }
    announce_unread(line);
    return avr->data[address];
}

static void octet_has_arrived(serial_line_t *line, uint8_t octet) {
    if (!avr_regbit_get(line->avr, line->uart->rxen)) {
        return;
    }
    if (line->unread_count == SERIAL_LINE_UNREAD_MAX) {
        line->overruns++;
        line->unread_count--;
        avr_regbit_set(line->avr, line->uart->dor);
    }
    line->unread[line->unread_count] = octet;
    line->unread_count++;
    announce_unread(line);
}

static bool device_is_ready(const serial_line_t *line) {
    return line->overruns_are_true || (line->unread_count < SERIAL_LINE_UNREAD_MAX &&
                                       avr_regbit_get(line->avr, line->uart->rxen));
}

/* One octet time is over. */
static avr_cycle_count_t end_octet(avr_t *avr, avr_cycle_count_t when, void *context) {
    serial_line_t *const line = context;

    (void)avr;
    if (line->to_device.count > 0u && device_is_ready(line)) {
        octet_has_arrived(line, line->to_device.octets[0]);
        octet_queue_drop(&line->to_device, 1u);
    }
    line->sending = line->to_device.count > 0u;
    return line->sending ? when + line->cycles_per_octet : 0u;
}

void serial_line_send(serial_line_t *line) {
    if (!line->sending && line->to_device.count > 0u) {
        line->sending = true;
        avr_cycle_timer_register(line->avr, line->cycles_per_octet, end_octet, line);
    }
}

/* The firmware writes the data register. Without a reader it is lost, as on a wire. */
static void octet_was_sent(struct avr_irq_t *irq, uint32_t value, void *context) {
    serial_line_t *const line = context;
    const uint8_t octet = (uint8_t)value;

    (void)irq;
    (void)octet_queue_push(&line->to_host, &octet, 1u);
}

/* A reset takes all timers away. What the host has sent is still on the wire. */
static void chip_was_reset(avr_io_t *io) {
    serial_line_t *const line = (serial_line_t *)io;

    line->unread_count = 0u;
    line->sending = false;
    serial_line_send(line);
}

void serial_line_follow_baud_rate(serial_line_t *line) {
    const uint32_t divisor = 1u + (uint32_t)avr_regbit_get_raw(line->avr, line->uart->ubrrl) +
                             ((uint32_t)avr_regbit_get_raw(line->avr, line->uart->ubrrh) << 8);
    const uint32_t cycles_per_bit = avr_regbit_get(line->avr, line->uart->u2x) ? 8u : 16u;

    /* simavr counts 11 bits per octet. */
    line->uart->cycles_per_byte = (avr_cycle_count_t)BITS_PER_OCTET * cycles_per_bit * divisor;
}

static avr_uart_t *find_uart(avr_t *avr, unsigned number) {
    avr_io_t *io;

    for (io = avr->io_port; io != NULL; io = io->next) {
        avr_uart_t *const uart = (avr_uart_t *)io;

        if (strcmp(io->kind, "uart") == 0 && uart->name == (char)('0' + number)) {
            return uart;
        }
    }
    return NULL;
}

bool serial_line_attach(serial_line_t *line, avr_t *avr, unsigned uart, uint32_t baud,
                        bool overruns_are_true) {
    /* Without these simavr prints what is sent, and waits when a status is polled. */
    uint32_t unwanted_flags = 0u;
    avr_irq_t *output;

    line->avr = avr;
    line->uart = find_uart(avr, uart);
    if (line->uart == NULL) {
        return false;
    }
    line->cycles_per_octet = (avr_cycle_count_t)avr->frequency * BITS_PER_OCTET / baud;
    line->overruns_are_true = overruns_are_true;
    (void)avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS((uint32_t)line->uart->name),
                    &unwanted_flags);

    avr->io[AVR_DATA_TO_IO(line->uart->r_udr)].r.c = read_data;
    avr->io[AVR_DATA_TO_IO(line->uart->r_udr)].r.param = line;
    output = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ((uint32_t)line->uart->name), UART_IRQ_OUTPUT);
    avr_irq_register_notify(output, octet_was_sent, line);

    line->io.kind = "serial line";
    line->io.reset = chip_was_reset;
    avr_register_io(avr, &line->io);
    return true;
}
