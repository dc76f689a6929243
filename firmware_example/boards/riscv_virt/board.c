/* RISC-V with 32 bits in machine mode, a 16550 UART, CLINT and PLIC: QEMU's machine "virt". */
#include "board.h"

#include "app_config.h"
#include "tx_ring.h"

#define BAUD 115200u

typedef struct {
    volatile uint8_t data;               /* low half of the divider, when LINE_DIVIDER */
    volatile uint8_t enabled_interrupts; /* high half */
    volatile uint8_t fifo;
    volatile uint8_t line;
    volatile uint8_t modem;
    volatile uint8_t status;
} uart_t;

#define UART ((uart_t *)UART_BASE)
#define UART_RX_INTERRUPT 0x01u
#define UART_TX_INTERRUPT 0x02u
#define UART_FIFO_OF_16 0x87u /* on, emptied; an interrupt at 8 octets, or after a pause */
#define UART_LINE_DIVIDER 0x80u
#define UART_LINE_8N1 0x03u
#define UART_RX_READY 0x01u
#define UART_RX_OVERRUN 0x02u /* cleared by reading */
#define UART_TX_EMPTY 0x20u
#define UART_FIFO_SIZE 16u

#define MTIME ((volatile uint32_t *)(CLINT_BASE + 0xBFF8u))
#define MTIMECMP ((volatile uint32_t *)(CLINT_BASE + 0x4000u))
#define LOOP_PERIOD (MTIME_HZ / APP_LOOP_HZ)

#define PLIC_PRIORITY ((volatile uint32_t *)PLIC_BASE)
#define PLIC_ENABLE ((volatile uint32_t *)(PLIC_BASE + 0x2000u))
#define PLIC_THRESHOLD ((volatile uint32_t *)(PLIC_BASE + 0x200000u))
#define PLIC_CLAIM ((volatile uint32_t *)(PLIC_BASE + 0x200004u)) /* write it to complete */

#define MSTATUS_MIE 0x8u
#define MIE_TIMER 0x80u
#define MIE_EXTERNAL 0x800u
#define CAUSE_TIMER 0x80000007u
#define CAUSE_EXTERNAL 0x8000000Bu

#define CSR_SET(name, bits) __asm__ volatile("csrs " name ", %0" ::"r"(bits) : "memory")
#define CSR_CLEAR(name, bits) __asm__ volatile("csrc " name ", %0" ::"r"(bits) : "memory")

static uint64_t loop_time; /* of the next timer interrupt */

void trap(void) __attribute__((interrupt("machine"), aligned(4)));

/* In two halves, of which the lower one may wrap in between. */
static uint64_t mtime(void) {
    uint32_t high;
    uint32_t low;

    do {
        high = MTIME[1];
        low = MTIME[0];
    } while (high != MTIME[1]);
    return (uint64_t)high << 32 | low;
}

/* No value in between may be in the past. */
static void set_timer(uint64_t time) {
    MTIMECMP[1] = UINT32_MAX;
    MTIMECMP[0] = (uint32_t)time;
    MTIMECMP[1] = (uint32_t)(time >> 32);
}

static uint8_t uart_status(void) {
    const uint8_t status = UART->status;

    if ((status & UART_RX_OVERRUN) != 0u) {
        board_overruns++;
    }
    return status;
}

static void receive(void) {
    scrutiny_octet_t octets[UART_FIFO_SIZE];
    size_t count;

    do {
        count = 0u;
        while (count < UART_FIFO_SIZE && (uart_status() & UART_RX_READY) != 0u) {
            octets[count] = UART->data;
            count++;
        }
        if (count > 0u) {
            board_received(octets, count);
        }
    } while (count > 0u);
}

/* The interrupt stays on for as long as there is something to send: then it comes at once. */
static void transmit(void) {
    scrutiny_octet_t octet;
    unsigned int room;

    if ((uart_status() & UART_TX_EMPTY) == 0u) {
        return;
    }
    for (room = UART_FIFO_SIZE; room > 0u; room--) {
        if (!tx_ring_take(&octet)) {
            UART->enabled_interrupts = UART_RX_INTERRUPT;
            break;
        }
        UART->data = octet;
    }
    board_transmitted();
}

static void serve_uart(void) {
    uint32_t source;

    while ((source = *PLIC_CLAIM) != 0u) {
        receive();
        transmit();
        *PLIC_CLAIM = source;
    }
}

static void serve_timer(void) {
    const uint64_t now = mtime();

    loop_time += LOOP_PERIOD;
    if (loop_time <= now) {
        loop_time = now + LOOP_PERIOD;
    }
    set_timer(loop_time);
    board_timer_fired();
}

/* Interrupts do not interrupt each other: the FIFO has time for one iteration of the loop. */
void trap(void) {
    uint32_t cause;

    __asm__ volatile("csrr %0, mcause" : "=r"(cause));
    if (cause == CAUSE_EXTERNAL) {
        serve_uart();
    } else if (cause == CAUSE_TIMER) {
        serve_timer();
    } else {
        for (;;) { /* an exception: mepc and mcause tell the debugger where and why */
        }
    }
}

void board_init(void) {
    const uint32_t divider = UART_CLOCK_HZ / 16u / BAUD;

    UART->enabled_interrupts = 0u;
    UART->line = UART_LINE_DIVIDER;
    UART->data = (uint8_t)divider;
    UART->enabled_interrupts = (uint8_t)(divider >> 8);
    UART->line = UART_LINE_8N1;
    UART->fifo = UART_FIFO_OF_16;
    UART->enabled_interrupts = UART_RX_INTERRUPT;

    PLIC_PRIORITY[UART_IRQ] = 1u;
    PLIC_ENABLE[UART_IRQ / 32u] = 1u << UART_IRQ % 32u;
    *PLIC_THRESHOLD = 0u;

    loop_time = mtime() + LOOP_PERIOD;
    set_timer(loop_time);

    __asm__ volatile("csrw mtvec, %0" ::"r"(trap) : "memory");
    CSR_SET("mie", MIE_TIMER | MIE_EXTERNAL);
}

/* The transmit interrupt comes at once if there is room. */
size_t board_write(const scrutiny_octet_t *data, size_t size) {
    const size_t taken = tx_ring_put(data, size);

    UART->enabled_interrupts = UART_RX_INTERRUPT | UART_TX_INTERRUPT;
    return taken;
}

uint32_t board_us(void) {
    return (uint32_t)(mtime() / (MTIME_HZ / 1000000u));
}

void board_interrupts_off(void) {
    CSR_CLEAR("mstatus", MSTATUS_MIE);
}

void board_interrupts_on(void) {
    CSR_SET("mstatus", MSTATUS_MIE);
}

/* An interrupt that is pending, or comes, wakes the processor even while they are off. */
void board_sleep(void) {
    __asm__ volatile("wfi" ::: "memory");
    board_interrupts_on();
}
