/* ATmega with 16 MHz: USART 0, Timer 1, and the stack. ATmega328P as on Arduino Uno and Nano,
 * ATmega2560 as on Arduino Mega. */
#include "board.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <util/atomic.h>

#include "app_config.h"
#include "stack.h"
#include "tx_ring.h"

#define CLOCK_HZ 16000000u
#define TICKS_PER_US (CLOCK_HZ / 8u / 1000000u) /* of Timer 1 */
#define LOOP_PERIOD_TICKS (CLOCK_HZ / 8u / APP_LOOP_HZ)

/* 115200 baud and 2.1 % more: there is no better divider, and no worse one at the other end. */
#define BAUD_DIVIDER 16u

#define UART_ON ((uint8_t)(_BV(RXCIE0) | _BV(RXEN0) | _BV(TXEN0)))

/* The chip with one USART does not count it. */
#ifndef USART0_RX_vect
#define USART0_RX_vect USART_RX_vect
#define USART0_UDRE_vect USART_UDRE_vect
#endif

ISR(USART0_RX_vect) {
    const uint8_t status = UCSR0A; /* before the octet that it belongs to */
    const scrutiny_octet_t octet = UDR0;

    if ((status & _BV(DOR0)) != 0u) {
        board_overruns++;
    }
    board_received(&octet, 1u);
}

ISR(USART0_UDRE_vect) {
    scrutiny_octet_t octet;

    if (tx_ring_take(&octet)) {
        UDR0 = octet;
    } else {
        UCSR0B = UART_ON;
        board_transmitted(); /* two octets are still on their way: time enough for more */
    }
}

ISR(TIMER1_COMPA_vect) {
    OCR1A = (uint16_t)(OCR1A + LOOP_PERIOD_TICKS);
    board_timer_fired();
}

void board_init(void) {
    UBRR0 = BAUD_DIVIDER;
    UCSR0A = _BV(U2X0);
    UCSR0B = UART_ON;

    OCR1A = LOOP_PERIOD_TICKS;
    TIMSK1 = _BV(OCIE1A);
    TCCR1B = _BV(CS11); /* 2 MHz, all 16 bits */
}

size_t board_write(const scrutiny_octet_t *data, size_t size) {
    const size_t taken = tx_ring_put(data, size);

    UCSR0B = UART_ON | _BV(UDRIE0);
    return taken;
}

/* The counter wraps every 32 ms: what has passed since the last time is added up. */
uint32_t board_us(void) {
    static uint32_t now_us;
    static uint16_t counted_ticks;
    uint32_t result_us;

    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
        const uint16_t passed_us = (uint16_t)(TCNT1 - counted_ticks) / TICKS_PER_US;

        counted_ticks = (uint16_t)(counted_ticks + passed_us * TICKS_PER_US);
        now_us += passed_us;
        result_us = now_us;
    }
    return result_us;
}

void board_interrupts_off(void) {
    cli();
}

void board_interrupts_on(void) {
    sei();
}

void board_sleep(void) {
    stack_examine();
    SMCR = _BV(SE); /* idle mode: timer and USART run on */
    sei();          /* the next instruction still runs first: nothing is slept through */
    sleep_cpu();
    SMCR = 0u;
}
