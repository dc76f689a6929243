/* Tells what the emulated UART does: says hello, echoes each octet, and obeys three of them. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <stdbool.h>
#include <stdint.h>

#define MASK_INTERRUPTS 0x01u /* for 10 ms, then answer with how many octets were left, and DOR */
#define MEASURE 0x02u         /* run a piece of 1000 cycles, and one of 5000 */
#define END 0x03u             /* sleep for ever */

#define MASKED_CYCLES (F_CPU / 100u)

static volatile uint8_t received[256];
static volatile uint8_t received_count; /* wraps, as the index into the ring does */
static uint8_t handled_count;

ISR(USART_RX_vect) {
    received[received_count] = UDR0;
    received_count++;
}

static void send(uint8_t octet) {
    while ((UCSR0A & _BV(UDRE0)) == 0u) {
    }
    UDR0 = octet;
}

static void mask_interrupts(void) {
    uint8_t overrun;
    uint8_t left = 0u;

    cli();
    __builtin_avr_delay_cycles(MASKED_CYCLES);
    overrun = UCSR0A & _BV(DOR0);
    while ((UCSR0A & _BV(RXC0)) != 0u) {
        (void)UDR0;
        left++;
    }
    sei();
    send(left);
    send(overrun != 0u);
}

static void measure(void) {
    GPIOR0 = 0x81u;
    __builtin_avr_delay_cycles(1000);
    GPIOR0 = 0x01u;
    GPIOR0 = 0x82u;
    __builtin_avr_delay_cycles(5000);
    GPIOR0 = 0x02u;
    send(MEASURE);
}

static void end(void) {
    cli();
    sleep_mode();
}

static void handle(uint8_t octet) {
    switch (octet) {
    case MASK_INTERRUPTS:
        mask_interrupts();
        break;
    case MEASURE:
        measure();
        break;
    case END:
        end();
        break;
    default:
        send(octet);
        break;
    }
}

int main(void) {
    const char *text = "hello\n";

    UBRR0 = 16u;
    UCSR0A = _BV(U2X0);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
    while (*text != '\0') {
        send((uint8_t)*text);
        text++;
    }
    sei();
    for (;;) {
        cli();
        if (handled_count == received_count) {
            sleep_enable();
            sei(); /* takes effect after the next instruction: no interrupt gets in between */
            sleep_cpu();
            sleep_disable();
        } else {
            const uint8_t octet = received[handled_count];

            handled_count++;
            sei();
            handle(octet);
        }
    }
}
