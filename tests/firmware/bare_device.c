#include "bare_device.h"

#include <string.h>

#include "crc32.h"

#define COMM_CONTROL 2u
#define CONNECT 4u
#define CONNECT_MAGIC UINT32_C(0x82902266)
#define DATALOG_CONTROL 5u
#define CRC_SIZE 4u
#define RESPONSE_HEAD 5u

scrutiny_t bare_device;

static const scrutiny_loop_t loops[BARE_LOOPS] = {
    {"fixed", 1000, true}, {"variable", 0, true}, {"other", 1000, true}};
static scrutiny_octet_t rx_buffer[SCRUTINY_RX_BUFFER_SIZE(BARE_PAYLOAD)];
static scrutiny_octet_t tx_buffer[SCRUTINY_TX_BUFFER_SIZE(BARE_PAYLOAD)];
static scrutiny_octet_t ring[BARE_PAYLOAD + 16];
static unsigned char recording[BARE_RECORDING_MAX];
static scrutiny_octet_t output[BARE_PAYLOAD + 9];
static size_t output_size;
static uint32_t now_us;

static size_t port_write(void *context, const scrutiny_octet_t *data, size_t size) {
    size_t room = sizeof(output) - output_size;
    size_t taken = size < room ? size : room;
    (void)context;
    memcpy(output + output_size, data, taken);
    output_size += taken;
    return taken;
}

static uint32_t port_now_us(void *context) {
    (void)context;
    return now_us++;
}

void bare_start(size_t recording_size, const scrutiny_published_value_t *values,
                uint16_t value_count, scrutiny_read_value_t read_value) {
    static scrutiny_config_t config;
    static const scrutiny_port_t port = {port_write, port_now_us, NULL};
    bare_request_t request;
    config.rx_buffer = rx_buffer;
    config.rx_buffer_size = sizeof(rx_buffer);
    config.tx_buffer = tx_buffer;
    config.tx_buffer_size = sizeof(tx_buffer);
    config.ring = ring;
    config.ring_size = sizeof(ring);
    config.published_values = values;
    config.published_value_count = value_count;
    config.read_value = read_value;
    config.loops = loops;
    config.loop_count = BARE_LOOPS;
    config.datalog_buffer = recording;
    config.datalog_buffer_size = recording_size;
    config.heartbeat_timeout_us = 0x7FFFFFFF; /* nobody sends heartbeats */
    (void)scrutiny_init(&bare_device, &config, &port);
    bare_begin(&request, CONNECT);
    request.octets[0] = COMM_CONTROL;
    bare_put(&request, CONNECT_MAGIC, 4);
    (void)bare_ask(&request);
}

void bare_begin(bare_request_t *request, unsigned int subfunction) {
    request->size = 0;
    bare_put(request, DATALOG_CONTROL, 1);
    bare_put(request, subfunction, 1);
    bare_put(request, 0, 2);
}

void bare_put(bare_request_t *request, uint32_t value, size_t size) {
    for (size_t i = size; i > 0 && request->size < sizeof(request->octets); i--) {
        request->octets[request->size++] = (scrutiny_octet_t)((value >> (8u * (i - 1u))) & 0xFFu);
    }
}

void bare_put_address(bare_request_t *request, const volatile void *address) {
    uintptr_t number = (uintptr_t)address;
    for (size_t i = SCRUTINY_ADDRESS_SIZE; i > 0; i--) {
        bare_put(request, (uint32_t)((number >> (8u * (i - 1u))) & 0xFFu), 1);
    }
}

void bare_finish(bare_request_t *request) {
    size_t payload = request->size - 4u;
    request->octets[2] = (scrutiny_octet_t)(payload >> 8);
    request->octets[3] = (scrutiny_octet_t)(payload & 0xFFu);
    bare_put(request, scrutiny_crc32(0, request->octets, request->size), CRC_SIZE);
}

void bare_send(const bare_request_t *request) {
    size_t most = request->size - 1u;
    (void)scrutiny_receive(&bare_device, request->octets, most);
    (void)scrutiny_poll(&bare_device);
    (void)scrutiny_receive(&bare_device, request->octets + most, 1);
}

bare_answer_t bare_take_answer(void) {
    bare_answer_t answer = {BARE_NO_ANSWER, output + RESPONSE_HEAD, 0};
    if (output_size >= RESPONSE_HEAD + CRC_SIZE) {
        answer.code = output[2];
        answer.size = output_size - RESPONSE_HEAD - CRC_SIZE;
    }
    output_size = 0; /* the octets stay until the next answer */
    return answer;
}

bare_answer_t bare_ask(bare_request_t *request) {
    bare_finish(request);
    bare_send(request);
    while (scrutiny_poll(&bare_device)) {
    }
    return bare_take_answer();
}

bare_answer_t bare_ask_empty(unsigned int subfunction) {
    bare_request_t request;
    bare_begin(&request, subfunction);
    return bare_ask(&request);
}

uint32_t bare_number(const scrutiny_octet_t *octets, size_t size) {
    uint32_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = (number << 8) | octets[i];
    }
    return number;
}
