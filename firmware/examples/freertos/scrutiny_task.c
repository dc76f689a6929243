/* The library in a task of FreeRTOS: interrupts give it octets and wake it, it answers. Needs
 * configSUPPORT_STATIC_ALLOCATION and task notifications, which are on by default.
 */
#include "scrutiny_task.h"

#include "FreeRTOS.h"
#include "task.h"

#include <scrutiny/scrutiny.h>

#define STACK_WORDS 256u
/* As long as nothing wakes it: what was to be sent may have found no room. */
#define LONGEST_SLEEP pdMS_TO_TICKS(1)

static const scrutiny_loop_t loops[] = {
    {"control", 1000, true}, /* runs every 100 us; in units of 100 ns */
};

static scrutiny_octet_t rx_buffer[SCRUTINY_RX_BUFFER_SIZE(256)];
static scrutiny_octet_t tx_buffer[SCRUTINY_TX_BUFFER_SIZE(256)];
static scrutiny_octet_t ring[320];
static unsigned char recording[4096];
static scrutiny_config_t config;
static scrutiny_t scrutiny;

static StaticTask_t task_memory;
static StackType_t stack[STACK_WORDS];
static TaskHandle_t task;

static size_t port_write(void *context, const scrutiny_octet_t *data, size_t size) {
    (void)context;
    return board_uart_send(data, size);
}

static uint32_t port_now_us(void *context) {
    (void)context;
    return board_time_us();
}

static void run(void *context) {
    (void)context;
    for (;;) {
        (void)ulTaskNotifyTake(pdTRUE, LONGEST_SLEEP);
        (void)scrutiny_poll(&scrutiny);
    }
}

bool scrutiny_task_start(unsigned priority) {
    scrutiny_port_t port;
    port.write = port_write;
    port.now_us = port_now_us;
    port.context = NULL;

    config.display_name = "FreeRTOS application";
    config.rx_buffer = rx_buffer;
    config.rx_buffer_size = sizeof(rx_buffer);
    config.tx_buffer = tx_buffer;
    config.tx_buffer_size = sizeof(tx_buffer);
    config.ring = ring;
    config.ring_size = sizeof(ring);
    config.memory_write_enabled = true;
    config.loops = loops;
    config.loop_count = 1;
    config.datalog_buffer = recording;
    config.datalog_buffer_size = sizeof(recording);
    if (scrutiny_init(&scrutiny, &config, &port) != SCRUTINY_OK) {
        return false;
    }
    task = xTaskCreateStatic(run, "scrutiny", STACK_WORDS, NULL, (UBaseType_t)priority, stack,
                             &task_memory);
    return task != NULL;
}

void scrutiny_task_received_from_isr(const uint8_t *data, size_t size) {
    BaseType_t is_woken = pdFALSE;
    (void)scrutiny_receive(&scrutiny, data, size);
    vTaskNotifyGiveFromISR(task, &is_woken);
    portYIELD_FROM_ISR(is_woken);
}

void scrutiny_task_control_loop_ran(void) {
    scrutiny_loop_run(&scrutiny, 0);
}
