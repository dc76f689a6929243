/* The small application that the library is measured in: a UART with a ring, a time base, five
 * variables. It is linked with the library (WITH_LIBRARY 1) and without it; the difference is what
 * the library costs. See tools/footprint.py.
 *
 * The registers are plain variables: their addresses do not change what is measured. The ring of
 * the UART belongs to the application, and is there in both.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if WITH_LIBRARY
#include "scrutiny/scrutiny.h"
#endif

volatile uint8_t uart_data;
volatile uint8_t uart_status;
volatile uint16_t timer_count;

enum {
    UART_READY = 1,
    UART_RING_SIZE = 64
};

static uint8_t uart_ring[UART_RING_SIZE];
static volatile uint8_t uart_head;
static volatile uint8_t uart_tail;
static uint32_t elapsed_us;
static uint16_t last_count;

volatile uint32_t counter = 1;
volatile uint16_t setpoint = 1200;
volatile int16_t temperature;
volatile float speed;
volatile uint8_t mode;

void uart_isr(void) {
    uint8_t head = uart_head;
    uint8_t next = (uint8_t)((head + 1u) % UART_RING_SIZE);
    if (next != uart_tail) {
        uart_ring[head] = uart_data;
        uart_head = next;
    }
}

static int uart_get(void) {
    uint8_t tail = uart_tail;
    if (tail == uart_head) {
        return -1;
    }
    uart_tail = (uint8_t)((tail + 1u) % UART_RING_SIZE);
    return uart_ring[tail];
}

static bool uart_put(uint8_t octet) {
    if ((uart_status & UART_READY) == 0) {
        return false;
    }
    uart_data = octet;
    return true;
}

static uint32_t time_us(void) {
    uint16_t count = timer_count;
    elapsed_us += (uint16_t)(count - last_count);
    last_count = count;
    return elapsed_us;
}

static void control(void) {
    counter++;
    temperature = (int16_t)(temperature + 1);
    if (mode != 0) {
        speed = -speed;
    }
    if (setpoint > 3000) {
        setpoint = 3000;
    }
}

#if WITH_LIBRARY

enum {
    PAYLOAD_MAX = SMALL_BUFFERS ? 64 : 128,
    RING_SIZE = 16,
    RECORDING_SIZE = SMALL_BUFFERS ? 512 : 4096
};

/* The caller's buffers: what they take is not counted. */
scrutiny_octet_t measured_rx_buffer[SCRUTINY_RX_BUFFER_SIZE(PAYLOAD_MAX)];
scrutiny_octet_t measured_tx_buffer[SCRUTINY_TX_BUFFER_SIZE(PAYLOAD_MAX)];
scrutiny_octet_t measured_ring_buffer[RING_SIZE];
#if SCRUTINY_ENABLE_DATALOGGING
unsigned char measured_recording_buffer[RECORDING_SIZE];
#endif

static scrutiny_t scrutiny;

static size_t port_write(void *context, const scrutiny_octet_t *data, size_t size) {
    size_t taken = 0;
    (void)context;
    while (taken < size && uart_put(data[taken])) {
        taken++;
    }
    return taken;
}

static uint32_t port_now_us(void *context) {
    (void)context;
    return time_us();
}

static const scrutiny_published_value_t published[] = {{0x1000, SCRUTINY_TYPE_UINT32},
                                                       {0x1001, SCRUTINY_TYPE_UINT16},
                                                       {0x1002, SCRUTINY_TYPE_FLOAT32}};

static bool read_value(void *context, const scrutiny_published_value_t *definition,
                       scrutiny_value_t *value) {
    (void)context;
    switch (definition->id) {
    case 0x1000:
        value->as_uint32 = counter;
        return true;
    case 0x1001:
        value->as_uint16 = setpoint;
        return true;
    default:
        value->as_float32 = speed;
        return true;
    }
}

static bool write_value(void *context, const scrutiny_published_value_t *definition,
                        const scrutiny_value_t *value) {
    (void)context;
    if (definition->id != 0x1001) {
        return false;
    }
    setpoint = value->as_uint16;
    return true;
}

static size_t user_command(void *context, uint_least8_t subfunction,
                           const scrutiny_octet_t *request, size_t request_size,
                           scrutiny_octet_t *response, size_t response_max) {
    (void)context;
    (void)request;
    (void)request_size;
    (void)response_max;
    response[0] = subfunction;
    return 1;
}

#if SCRUTINY_ENABLE_SPECIAL_REGIONS
static const scrutiny_region_t readonly_regions[] = {{0x100, 0x1FF}};
static const scrutiny_region_t forbidden_regions[] = {{0x200, 0x2FF}};
#endif
#if SCRUTINY_ENABLE_DATALOGGING
static const scrutiny_loop_t loops[] = {{"main", 0, true}};
#endif

static const scrutiny_config_t config = {
    .display_name = "footprint",
    .rx_buffer = measured_rx_buffer,
    .rx_buffer_size = sizeof(measured_rx_buffer),
    .tx_buffer = measured_tx_buffer,
    .tx_buffer_size = sizeof(measured_tx_buffer),
    .ring = measured_ring_buffer,
    .ring_size = sizeof(measured_ring_buffer),
    .memory_write_enabled = true,
#if SCRUTINY_ENABLE_SPECIAL_REGIONS
    .readonly_regions = readonly_regions,
    .readonly_region_count = 1,
    .forbidden_regions = forbidden_regions,
    .forbidden_region_count = 1,
#endif
    .published_values = published,
    .published_value_count = sizeof(published) / sizeof(published[0]),
    .read_value = read_value,
    .write_value = write_value,
    .user_command = user_command,
#if SCRUTINY_ENABLE_DATALOGGING
    .loops = loops,
    .loop_count = 1,
    .datalog_buffer = measured_recording_buffer,
    .datalog_buffer_size = sizeof(measured_recording_buffer),
#endif
};

static const scrutiny_port_t port = {port_write, port_now_us, NULL};

#endif

int main(void) {
#if WITH_LIBRARY
    (void)scrutiny_init(&scrutiny, &config, &port);
#endif
    for (;;) {
        int octet = uart_get();
        if (octet >= 0) {
#if WITH_LIBRARY
            uint8_t received = (uint8_t)octet;
            (void)scrutiny_receive(&scrutiny, &received, 1);
#else
            (void)uart_put((uint8_t)octet);
#endif
        }
        control();
#if WITH_LIBRARY
        (void)scrutiny_poll(&scrutiny);
#if SCRUTINY_ENABLE_DATALOGGING
        scrutiny_loop_run(&scrutiny, 0);
#endif
#else
        if (time_us() > 1000) {
            mode = 1;
        }
#endif
    }
}
