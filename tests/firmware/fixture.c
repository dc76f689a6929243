#include "fixture.h"

#include "crc32.h"

static size_t port_write(void *context, const scrutiny_octet_t *data, size_t size) {
    fixture_t *fixture = (fixture_t *)context;
    size_t taken = size < fixture->write_limit ? size : fixture->write_limit;
    assert_true(taken <= FIXTURE_OUTPUT - fixture->output_size);
    memcpy(fixture->output + fixture->output_size, data, taken);
    fixture->output_size += taken;
    return taken;
}

static uint32_t port_now_us(void *context) {
    return ((fixture_t *)context)->now_us;
}

void fixture_prepare(fixture_t *fixture) {
    memset(fixture, 0, sizeof(*fixture));
    fixture->write_limit = FIXTURE_OUTPUT;
    fixture->now_us = 0xFFFFFF00u; /* the clock wraps soon */
    fixture->port.write = port_write;
    fixture->port.now_us = port_now_us;
    fixture->port.context = fixture;
    fixture->config.rx_buffer = fixture->rx_buffer;
    fixture->config.rx_buffer_size = sizeof(fixture->rx_buffer);
    fixture->config.tx_buffer = fixture->tx_buffer;
    fixture->config.tx_buffer_size = sizeof(fixture->tx_buffer);
    fixture->config.ring = fixture->ring;
    fixture->config.ring_size = sizeof(fixture->ring);
    fixture->config.memory_write_enabled = true;
    fixture->config.session_seed = 1000;
    fixture->config.context = fixture;
}

void fixture_boot(fixture_t *fixture) {
    assert_int_equal(SCRUTINY_OK,
                     scrutiny_init(&fixture->scrutiny, &fixture->config, &fixture->port));
}

void fixture_connect(fixture_t *fixture) {
    message_t magic = {{0}, 0};
    fixture_boot(fixture);
    add_u32(&magic, 0x82902266u);
    assert_int_equal(OK, ask(fixture, 2, 4, &magic).code);
}

void add_u8(message_t *message, unsigned int value) {
    assert_true(message->size < sizeof(message->octets));
    message->octets[message->size++] = (uint8_t)(value & 0xFFu);
}

void add_u16(message_t *message, unsigned int value) {
    add_u8(message, value >> 8);
    add_u8(message, value);
}

void add_u32(message_t *message, uint32_t value) {
    add_u16(message, value >> 16);
    add_u16(message, value);
}

void add_address(message_t *message, const volatile void *pointer) {
    uint64_t address = (uint64_t)(uintptr_t)pointer;
    add_u32(message, (uint32_t)(address >> 32));
    add_u32(message, (uint32_t)(address & 0xFFFFFFFFu));
}

void add_octets(message_t *message, const void *octets, size_t size) {
    const uint8_t *next = (const uint8_t *)octets;
    for (size_t i = 0; i < size; i++) {
        add_u8(message, next[i]);
    }
}

message_t request_frame(unsigned int command, unsigned int subfunction, const message_t *payload) {
    message_t frame = {{0}, 0};
    add_u8(&frame, command);
    add_u8(&frame, subfunction);
    add_u16(&frame, payload == NULL ? 0u : (unsigned int)payload->size);
    if (payload != NULL) {
        add_octets(&frame, payload->octets, payload->size);
    }
    add_u32(&frame, scrutiny_crc32(0, frame.octets, frame.size));
    return frame;
}

void receive(fixture_t *fixture, const message_t *frame) {
    assert_int_equal(frame->size, scrutiny_receive(&fixture->scrutiny, frame->octets, frame->size));
}

void poll_all(fixture_t *fixture) {
    for (int i = 0; i < 1000 && scrutiny_poll(&fixture->scrutiny); i++) {
    }
}

answer_t take_answer(fixture_t *fixture) {
    answer_t answer = {NO_ANSWER, 0, 0, {0}, 0};
    const uint8_t *frame = fixture->output;
    if (fixture->output_size < 9) {
        return answer;
    }
    answer.size = get_u16(frame + 3);
    size_t total = answer.size + 9;
    assert_true(fixture->output_size >= total);
    assert_int_equal(get_u32(frame + 5 + answer.size), scrutiny_crc32(0, frame, 5 + answer.size));
    answer.command = frame[0];
    answer.subfunction = frame[1];
    answer.code = frame[2];
    memcpy(answer.payload, frame + 5, answer.size);
    fixture->output_size -= total;
    memmove(fixture->output, fixture->output + total, fixture->output_size);
    return answer;
}

answer_t ask(fixture_t *fixture, unsigned int command, unsigned int subfunction,
             const message_t *payload) {
    message_t frame = request_frame(command, subfunction, payload);
    receive(fixture, &frame);
    poll_all(fixture);
    answer_t answer = take_answer(fixture);
    if (answer.code != NO_ANSWER) {
        assert_int_equal(command | 0x80u, answer.command);
        assert_int_equal(subfunction, answer.subfunction);
    }
    return answer;
}

answer_t ask_empty(fixture_t *fixture, unsigned int command, unsigned int subfunction) {
    return ask(fixture, command, subfunction, NULL);
}

answer_t ask_heartbeat(fixture_t *fixture, uint32_t session_id, unsigned int challenge) {
    message_t payload = {{0}, 0};
    add_u32(&payload, session_id);
    add_u16(&payload, challenge);
    return ask(fixture, 2, 2, &payload);
}

uint32_t get_u16(const uint8_t *octets) {
    return ((uint32_t)octets[0] << 8) | octets[1];
}

uint32_t get_u32(const uint8_t *octets) {
    return (get_u16(octets) << 16) | get_u16(octets + 2);
}
