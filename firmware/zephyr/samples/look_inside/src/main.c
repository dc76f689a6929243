/* An application that can be looked into, and changed, while it runs: on the UART that app.overlay
 * has chosen.
 */
#include <zephyr/device.h>
#include <zephyr/devicetree.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/ring_buffer.h>

#include <scrutiny/scrutiny.h>

#define UART DEVICE_DT_GET(DT_CHOSEN(scrutiny_uart))

/* What there is to see. `volatile` is for what only the computer changes. */
static volatile uint32_t period_ms = 2000;
static float wave;
static uint32_t run_count;

static scrutiny_octet_t rx_buffer[SCRUTINY_RX_BUFFER_SIZE(256)];
static scrutiny_octet_t tx_buffer[SCRUTINY_TX_BUFFER_SIZE(256)];
static scrutiny_octet_t ring[320];
static scrutiny_config_t config;
static scrutiny_t scrutiny;

RING_BUF_DECLARE(to_send, 256);
K_SEM_DEFINE(octets_came, 0, 1);

/* The interrupt: octets go to the library, and from the ring of the port to the UART. */
static void uart_event(const struct device *uart, void *context) {
    ARG_UNUSED(context);
    while (uart_irq_update(uart) > 0 && uart_irq_is_pending(uart) > 0) {
        if (uart_irq_rx_ready(uart) > 0) {
            uint8_t octets[16];
            const int size = uart_fifo_read(uart, octets, sizeof(octets));
            if (size > 0) {
                (void)scrutiny_receive(&scrutiny, octets, (size_t)size);
                k_sem_give(&octets_came);
            }
        }
        if (uart_irq_tx_ready(uart) > 0) {
            uint8_t *octets;
            const uint32_t waiting = ring_buf_get_claim(&to_send, &octets, 16);
            if (waiting == 0) {
                uart_irq_tx_disable(uart);
            } else {
                const int taken = uart_fifo_fill(uart, octets, (int)waiting);
                (void)ring_buf_get_finish(&to_send, taken > 0 ? (uint32_t)taken : 0);
            }
        }
    }
}

static size_t send(void *context, const scrutiny_octet_t *data, size_t size) {
    ARG_UNUSED(context);
    const uint32_t taken = ring_buf_put(&to_send, data, (uint32_t)size);
    uart_irq_tx_enable(UART);
    return taken;
}

static uint32_t now_us(void *context) {
    ARG_UNUSED(context);
    return (uint32_t)k_ticks_to_us_floor64((uint64_t)k_uptime_ticks());
}

static bool start_scrutiny(void) {
    scrutiny_port_t port = {.write = send, .now_us = now_us};

    config.display_name = "look_inside";
    config.rx_buffer = rx_buffer;
    config.rx_buffer_size = sizeof(rx_buffer);
    config.tx_buffer = tx_buffer;
    config.tx_buffer_size = sizeof(tx_buffer);
    config.ring = ring;
    config.ring_size = sizeof(ring);
    config.memory_write_enabled = true;
    if (!device_is_ready(UART) || scrutiny_init(&scrutiny, &config, &port) != SCRUTINY_OK) {
        return false;
    }
    (void)uart_irq_callback_user_data_set(UART, uart_event, NULL);
    uart_irq_rx_enable(UART);
    return true;
}

int main(void) {
    if (!start_scrutiny()) {
        return 1;
    }
    for (;;) {
        /* Until octets come, a millisecond at most: what is to be sent may have found no room. */
        (void)k_sem_take(&octets_came, K_MSEC(1));
        (void)scrutiny_poll(&scrutiny);
        wave = (float)(k_uptime_get_32() % period_ms) / (float)period_ms;
        run_count++;
    }
}
