/* As much of Zephyr as its sample needs to run: the octets of standard input come in interrupts
 * while it waits, what it sends goes to standard output, and the program ends when nothing happens
 * any more. Exit code 3: it was not woken. `main` of the sample has another name.
 */
#include <stdio.h>
#include <stdlib.h>

#include <zephyr/device.h>
#include <zephyr/devicetree.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/ring_buffer.h>

#define RECEIVED_AT_ONCE 5
#define SENT_AT_ONCE 3
#define LAST_WAITS 200

int sample_main(void);

const struct device stub_device_scrutiny_uart = {"uart"};

static uart_irq_callback_user_data_t callback;
static uint8_t received[RECEIVED_AT_ONCE];
static int received_size;
static bool is_rx_on;
static bool is_tx_on;

/* ---- The UART. Its transmitter is always ready. ----------------------------------------------- */

bool device_is_ready(const struct device *dev) {
    return dev == &stub_device_scrutiny_uart;
}

int uart_irq_callback_user_data_set(const struct device *dev, uart_irq_callback_user_data_t cb,
                                    void *user_data) {
    (void)dev;
    (void)user_data;
    callback = cb;
    return 0;
}

int uart_irq_update(const struct device *dev) {
    (void)dev;
    return 1;
}

int uart_irq_is_pending(const struct device *dev) {
    return uart_irq_rx_ready(dev) || uart_irq_tx_ready(dev);
}

int uart_irq_rx_ready(const struct device *dev) {
    (void)dev;
    return is_rx_on && received_size > 0;
}

int uart_irq_tx_ready(const struct device *dev) {
    (void)dev;
    return is_tx_on;
}

void uart_irq_rx_enable(const struct device *dev) {
    (void)dev;
    is_rx_on = true;
}

void uart_irq_tx_enable(const struct device *dev) {
    is_tx_on = true;
    callback(dev, NULL); /* at once, as it is ready */
}

void uart_irq_tx_disable(const struct device *dev) {
    (void)dev;
    is_tx_on = false;
}

int uart_fifo_read(const struct device *dev, uint8_t *rx_data, const int size) {
    int taken = 0;
    (void)dev;
    while (taken < size && taken < received_size) {
        rx_data[taken] = received[taken];
        taken++;
    }
    received_size = 0;
    return taken;
}

int uart_fifo_fill(const struct device *dev, const uint8_t *tx_data, int size) {
    (void)dev;
    return (int)fwrite(tx_data, 1, (size_t)(size < SENT_AT_ONCE ? size : SENT_AT_ONCE), stdout);
}

/* ---- The kernel ------------------------------------------------------------------------------- */

void k_sem_give(struct k_sem *sem) {
    sem->count = 1;
}

int k_sem_take(struct k_sem *sem, k_timeout_t timeout) {
    static int waits;
    received_size = (int)fread(received, 1, sizeof(received), stdin);
    if (received_size > 0) {
        callback(&stub_device_scrutiny_uart, NULL);
        if (sem->count == 0) {
            exit(3);
        }
    } else if (timeout.ticks == 0 || ++waits > LAST_WAITS) {
        exit(0);
    }
    sem->count = 0;
    return 0;
}

int64_t k_uptime_ticks(void) {
    static int64_t ticks;
    return ticks++;
}

uint32_t k_uptime_get_32(void) {
    return (uint32_t)(k_uptime_ticks() / 10);
}

uint64_t k_ticks_to_us_floor64(uint64_t ticks) {
    return ticks * 100;
}

/* ---- Its ring buffer --------------------------------------------------------------------------- */

static uint32_t head; /* there is one ring */
static uint32_t tail;

uint32_t ring_buf_put(struct ring_buf *buf, const uint8_t *data, uint32_t size) {
    uint32_t taken = 0;
    while (taken < size && head - tail < buf->size) {
        buf->buffer[head++ % buf->size] = data[taken++];
    }
    return taken;
}

uint32_t ring_buf_get_claim(struct ring_buf *buf, uint8_t **data, uint32_t size) {
    const uint32_t start = tail % buf->size;
    uint32_t count = head - tail;
    if (count > buf->size - start) { /* only what lies together */
        count = buf->size - start;
    }
    *data = buf->buffer + start;
    return count < size ? count : size;
}

int ring_buf_get_finish(struct ring_buf *buf, uint32_t size) {
    (void)buf;
    tail += size;
    return 0;
}

int main(void) {
    return sample_main();
}
