/* Arm MPS2 with a Cortex-M3 (AN385), M4 (AN386) or M7 (AN500): UART 0, timers 0 and 1. The same
 * program runs in QEMU. */
#include "board.h"

#include "app_config.h"
#include "core.h"
#include "startup.h"
#include "tx_ring.h"

#define CLOCK_HZ 25000000u
#define TICKS_PER_US (CLOCK_HZ / 1000000u)
#define BAUD 115200u

typedef struct {
    volatile uint32_t control;
    volatile uint32_t value; /* counts down */
    volatile uint32_t reload;
    volatile uint32_t interrupt; /* write 1 to clear */
} timer_t;

#define TIMER_ENABLE (1u << 0)
#define TIMER_INTERRUPT (1u << 3)

typedef struct {
    volatile uint32_t data;
    volatile uint32_t state;
    volatile uint32_t control;
    volatile uint32_t interrupt; /* write 1 to clear */
    volatile uint32_t divider;
} uart_t;

#define UART_TX_FULL (1u << 0)
#define UART_RX_FULL (1u << 1)
#define UART_RX_OVERRUN (1u << 3) /* write 1 to clear */
#define UART_TX (1u << 0)         /* enable bits */
#define UART_RX (1u << 1)
#define UART_TX_INTERRUPT (1u << 2)
#define UART_RX_INTERRUPT (1u << 3)
#define UART_TX_DONE (1u << 0) /* interrupt bits */
#define UART_RX_DONE (1u << 1)

#define FREE_TIMER ((timer_t *)0x40000000u)
#define LOOP_TIMER ((timer_t *)0x40001000u)
#define UART ((uart_t *)0x40004000u)

enum {
    UART_RX_IRQ = 0,
    UART_TX_IRQ = 1,
    LOOP_TIMER_IRQ = 9
};

/* First of all the request, since the receiver holds one octet. */
static void uart_rx_interrupt(void) {
    UART->interrupt = UART_RX_DONE; /* before reading, or one that comes in between is forgotten */
    while ((UART->state & UART_RX_FULL) != 0u) {
        const scrutiny_octet_t octet = (scrutiny_octet_t)UART->data;

        board_received(&octet, 1u);
    }
    if ((UART->state & UART_RX_OVERRUN) != 0u) {
        UART->state = UART_RX_OVERRUN;
        board_overruns++;
    }
}

/* Also begins a transmission: board_write() asks for it. */
static void uart_tx_interrupt(void) {
    scrutiny_octet_t octet;

    UART->interrupt = UART_TX_DONE;
    while ((UART->state & UART_TX_FULL) == 0u && tx_ring_take(&octet)) {
        UART->data = octet;
    }
    board_transmitted();
}

static void loop_timer_interrupt(void) {
    LOOP_TIMER->interrupt = 1u;
    board_timer_fired();
}

static const vector_t interrupts[] INTERRUPT_VECTORS = {
    [UART_RX_IRQ] = uart_rx_interrupt,
    [UART_TX_IRQ] = uart_tx_interrupt,
    [LOOP_TIMER_IRQ] = loop_timer_interrupt,
};

static void start_timer(timer_t *timer, uint32_t reload, uint32_t control) {
    timer->control = 0u;
    timer->reload = reload;
    timer->value = reload;
    timer->control = control;
}

void board_init(void) {
    start_timer(FREE_TIMER, UINT32_MAX, TIMER_ENABLE);
    start_timer(LOOP_TIMER, CLOCK_HZ / APP_LOOP_HZ - 1u, TIMER_ENABLE | TIMER_INTERRUPT);
    UART->divider = CLOCK_HZ / BAUD;
    UART->control = UART_TX | UART_RX | UART_TX_INTERRUPT | UART_RX_INTERRUPT;
    interrupt_enable(UART_RX_IRQ, PRIORITY_HIGH);
    interrupt_enable(UART_TX_IRQ, PRIORITY_HIGH);
    interrupt_enable(LOOP_TIMER_IRQ, PRIORITY_LOW);
}

size_t board_write(const scrutiny_octet_t *data, size_t size) {
    const size_t taken = tx_ring_put(data, size);

    interrupt_pend(UART_TX_IRQ);
    return taken;
}

/* The counter wraps every 172 s, and not where microseconds do: they are added up. */
uint32_t board_us(void) {
    static uint32_t now_us;
    static uint32_t counted_ticks;
    const uint32_t saved = interrupts_save();
    const uint32_t passed_us = (~FREE_TIMER->value - counted_ticks) / TICKS_PER_US;
    uint32_t result_us;

    counted_ticks += passed_us * TICKS_PER_US;
    now_us += passed_us;
    result_us = now_us;
    interrupts_restore(saved);
    return result_us;
}

void board_interrupts_off(void) {
    interrupts_off();
}

void board_interrupts_on(void) {
    interrupts_on();
}

void board_sleep(void) {
    sleep_with_interrupts_off();
}
