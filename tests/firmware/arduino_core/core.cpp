/* The core on an ATmega328P at 16 MHz: UART 0 with interrupts and two buffers of 63 octets, as many
 * as Arduino's has, and Timer 1 as clock. */
#include "Arduino.h"

#include <avr/interrupt.h>
#include <avr/io.h>

namespace {

const uint8_t BUFFER_SIZE = 64; // a power of two
const uint8_t US_PER_TICK = 4;

struct Buffer {
    volatile uint8_t octets[BUFFER_SIZE];
    volatile uint8_t head;
    volatile uint8_t tail;

    uint8_t count() const { return (uint8_t)((head - tail) & (BUFFER_SIZE - 1)); }
    uint8_t room() const { return (uint8_t)(BUFFER_SIZE - 1 - count()); }
    void put(uint8_t octet) {
        octets[head] = octet;
        head = (uint8_t)((head + 1) & (BUFFER_SIZE - 1));
    }
    uint8_t take() {
        const uint8_t octet = octets[tail];
        tail = (uint8_t)((tail + 1) & (BUFFER_SIZE - 1));
        return octet;
    }
};

Buffer received;
Buffer to_send;
volatile uint16_t timer_wraps;

uint32_t ticks() {
    const uint8_t flags = SREG;
    cli();
    uint16_t low = TCNT1;
    uint16_t high = timer_wraps;
    if ((TIFR1 & _BV(TOV1)) != 0 && low < 0x8000u) { // has wrapped, and not been counted yet
        high++;
    }
    SREG = flags;
    return ((uint32_t)high << 16) | low;
}

} // namespace

ISR(TIMER1_OVF_vect) {
    timer_wraps++;
}

ISR(USART_RX_vect) {
    const uint8_t octet = UDR0;
    if (received.room() > 0) {
        received.put(octet);
    }
}

ISR(USART_UDRE_vect) {
    if (to_send.count() == 0) {
        UCSR0B &= (uint8_t)~_BV(UDRIE0);
    } else {
        UDR0 = to_send.take();
    }
}

SerialPort Serial;

void SerialPort::begin(unsigned long baud) {
    UBRR0 = (uint16_t)((F_CPU / 4 / baud - 1) / 2);
    UCSR0A = _BV(U2X0);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
}

int SerialPort::available() {
    return received.count();
}

int SerialPort::read() {
    return received.count() == 0 ? -1 : received.take();
}

int SerialPort::availableForWrite() {
    return to_send.room();
}

size_t SerialPort::write(const uint8_t *data, size_t size) {
    size_t taken = 0;
    while (taken < size && to_send.room() > 0) {
        to_send.put(data[taken++]);
    }
    UCSR0B |= _BV(UDRIE0);
    return taken;
}

unsigned long micros() {
    return ticks() * US_PER_TICK;
}

unsigned long millis() {
    return micros() / 1000;
}

void pinMode(uint8_t, uint8_t mode) {
    DDRB = mode == OUTPUT ? (uint8_t)(DDRB | _BV(5)) : (uint8_t)(DDRB & ~_BV(5));
}

void digitalWrite(uint8_t, uint8_t value) {
    PORTB = value == HIGH ? (uint8_t)(PORTB | _BV(5)) : (uint8_t)(PORTB & ~_BV(5));
}

int main() {
    TCCR1B = _BV(CS11) | _BV(CS10); // 16 MHz / 64
    TIMSK1 = _BV(TOIE1);
    sei();
    setup();
    for (;;) {
        loop();
    }
}
