#include "fixture.h"

enum {
    MEMORY = 3,
    READ = 1,
    WRITE = 2,
    WRITE_MASKED = 3
};

static uint8_t memory[256];
static scrutiny_region_t forbidden[1];
static scrutiny_region_t readonly[1];

/* Forbidden: 64 to 79. Read-only: 128 to 143. */
static void start(fixture_t *f) {
    for (size_t i = 0; i < sizeof(memory); i++) {
        memory[i] = (uint8_t)i;
    }
    fixture_prepare(f);
    forbidden[0].start = (uintptr_t)&memory[64];
    forbidden[0].end = (uintptr_t)&memory[79];
    readonly[0].start = (uintptr_t)&memory[128];
    readonly[0].end = (uintptr_t)&memory[143];
    f->config.forbidden_regions = forbidden;
    f->config.forbidden_region_count = 1;
    f->config.readonly_regions = readonly;
    f->config.readonly_region_count = 1;
    fixture_connect(f);
}

static void add_block(message_t *payload, const uint8_t *start, size_t size) {
    add_address(payload, start);
    add_u16(payload, (unsigned int)size);
}

static void add_write(message_t *payload, const uint8_t *start, const char *text) {
    add_block(payload, start, strlen(text));
    add_octets(payload, text, strlen(text));
}

static int read_code(fixture_t *f, const uint8_t *start, size_t size) {
    message_t payload = {{0}, 0};
    add_block(&payload, start, size);
    return ask(f, MEMORY, READ, &payload).code;
}

static int write_code(fixture_t *f, const uint8_t *start, const char *text) {
    message_t payload = {{0}, 0};
    add_write(&payload, start, text);
    return ask(f, MEMORY, WRITE, &payload).code;
}

static void test_blocks_are_read_in_their_order(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    message_t payload = {{0}, 0};
    add_block(&payload, &memory[200], 3);
    add_block(&payload, &memory[5], 0);
    add_block(&payload, &memory[129], 1);
    answer_t answer = ask(&f, MEMORY, READ, &payload);
    assert_int_equal(OK, answer.code);
    assert_int_equal(3 * 10 + 4, answer.size);
    assert_memory_equal(payload.octets, answer.payload, 10);
    assert_memory_equal("\xC8\xC9\xCA", answer.payload + 10, 3);
    assert_int_equal(129, answer.payload[33]);
}

static void test_read_needs_whole_blocks(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    message_t payload = {{0}, 0};
    add_block(&payload, &memory[0], 1);
    assert_int_equal(INVALID_REQUEST, ask_empty(&f, MEMORY, READ).code);
    payload.size--;
    assert_int_equal(INVALID_REQUEST, ask(&f, MEMORY, READ, &payload).code);
}

static void test_read_is_limited_by_the_transmit_buffer(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    assert_int_equal(OK, read_code(&f, &memory[130], FIXTURE_PAYLOAD - 10));
    assert_int_equal(TOO_LARGE, read_code(&f, &memory[130], FIXTURE_PAYLOAD - 9));
    message_t payload = {{0}, 0};
    add_block(&payload, &memory[0], 60);
    add_block(&payload, &memory[130], FIXTURE_PAYLOAD - 80);
    assert_int_equal(OK, ask(&f, MEMORY, READ, &payload).code);
    payload.octets[19]++; /* the last block is counted as well */
    assert_int_equal(TOO_LARGE, ask(&f, MEMORY, READ, &payload).code);
}

static void test_read_above_what_a_frame_can_carry_is_invalid(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    assert_int_equal(TOO_LARGE, read_code(&f, &memory[0], 65509));
    assert_int_equal(INVALID_REQUEST, read_code(&f, &memory[0], 65510));
}

static void test_forbidden_region_has_inclusive_ends(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    assert_int_equal(OK, read_code(&f, &memory[60], 4));
    assert_int_equal(FORBIDDEN, read_code(&f, &memory[60], 5));
    assert_int_equal(FORBIDDEN, read_code(&f, &memory[79], 1));
    assert_int_equal(OK, read_code(&f, &memory[80], 1));
    assert_int_equal(FORBIDDEN, read_code(&f, &memory[60], 40));
    assert_int_equal(FORBIDDEN, read_code(&f, &memory[70], 0));
    assert_int_equal(OK, read_code(&f, &memory[80], 0));
    assert_int_equal(OK, read_code(&f, &memory[128], 16));
    assert_int_equal(FORBIDDEN, write_code(&f, &memory[79], "x"));
    assert_int_equal(FORBIDDEN, write_code(&f, &memory[127], "xy"));
    assert_int_equal(OK, write_code(&f, &memory[144], "x"));
}

static void test_range_beyond_the_address_space_is_invalid(void **state) {
    (void)state;
    fixture_t f;
    message_t payload = {{0}, 0};
    start(&f);
    add_u32(&payload, 0xFFFFFFFFu);
    add_u32(&payload, 0xFFFFFFFFu);
    add_u16(&payload, 2);
    assert_int_equal(INVALID_REQUEST, ask(&f, MEMORY, READ, &payload).code);
}

static void test_write_is_all_or_nothing(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    message_t payload = {{0}, 0};
    add_write(&payload, &memory[0], "ab");
    add_write(&payload, &memory[128], "c");
    assert_int_equal(FORBIDDEN, ask(&f, MEMORY, WRITE, &payload).code);
    assert_memory_equal("\x00\x01", memory, 2);
    payload.size = 12;
    add_block(&payload, &memory[10], 3);
    add_octets(&payload, "xy", 2);
    assert_int_equal(INVALID_REQUEST, ask(&f, MEMORY, WRITE, &payload).code);
    assert_memory_equal("\x00\x01", memory, 2);
}

static void test_write_acknowledges_each_block(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    message_t payload = {{0}, 0};
    add_write(&payload, &memory[0], "ab");
    add_write(&payload, &memory[250], "c");
    answer_t answer = ask(&f, MEMORY, WRITE, &payload);
    assert_int_equal(OK, answer.code);
    assert_int_equal(20, answer.size);
    assert_int_equal(2, get_u16(answer.payload + 8));
    assert_int_equal(1, get_u16(answer.payload + 18));
    assert_memory_equal("ab", memory, 2);
    assert_int_equal('c', memory[250]);
}

static void test_write_whose_acknowledgement_does_not_fit_writes_nothing(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    f.config.tx_buffer_size = SCRUTINY_TX_BUFFER_SIZE(32);
    message_t payload = {{0}, 0};
    for (size_t i = 0; i < 4; i++) {
        add_write(&payload, &memory[i], "z");
    }
    assert_int_equal(TOO_LARGE, ask(&f, MEMORY, WRITE, &payload).code);
    assert_int_equal(0, memory[0]);
}

static void test_masked_write_keeps_unmasked_bits(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    memset(memory, 0x55, 2);
    message_t payload = {{0}, 0};
    add_write(&payload, &memory[0], "\xFA\x0C");
    assert_int_equal(INVALID_REQUEST, ask(&f, MEMORY, WRITE_MASKED, &payload).code);
    add_octets(&payload, "\x0F\x0E", 2);
    assert_int_equal(OK, ask(&f, MEMORY, WRITE_MASKED, &payload).code);
    assert_memory_equal("\x5A\x5D", memory, 2);
}

static void test_writes_can_be_switched_off(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    assert_int_equal(0x98, ask_empty(&f, 1, 3).payload[0]);
    scrutiny_set_memory_write(&f.scrutiny, false);
    assert_int_equal(0x18, ask_empty(&f, 1, 3).payload[0]);
    assert_int_equal(FORBIDDEN, write_code(&f, &memory[0], "x"));
    assert_int_equal(FORBIDDEN, ask_empty(&f, MEMORY, WRITE_MASKED).code);
    scrutiny_set_memory_write(&f.scrutiny, true);
    assert_int_equal(OK, write_code(&f, &memory[0], "x"));
}

static void test_own_buffers_can_be_read(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    assert_int_equal(OK, read_code(&f, f.tx_buffer, 100));
    assert_int_equal(OK, read_code(&f, f.rx_buffer, 100));
}

static void test_unknown_subfunction(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    assert_int_equal(UNSUPPORTED, ask_empty(&f, MEMORY, 6).code);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_read_in_their_order),
        cmocka_unit_test(test_read_needs_whole_blocks),
        cmocka_unit_test(test_read_is_limited_by_the_transmit_buffer),
        cmocka_unit_test(test_read_above_what_a_frame_can_carry_is_invalid),
        cmocka_unit_test(test_forbidden_region_has_inclusive_ends),
        cmocka_unit_test(test_range_beyond_the_address_space_is_invalid),
        cmocka_unit_test(test_write_is_all_or_nothing),
        cmocka_unit_test(test_write_acknowledges_each_block),
        cmocka_unit_test(test_write_whose_acknowledgement_does_not_fit_writes_nothing),
        cmocka_unit_test(test_masked_write_keeps_unmasked_bits),
        cmocka_unit_test(test_writes_can_be_switched_off),
        cmocka_unit_test(test_own_buffers_can_be_read),
        cmocka_unit_test(test_unknown_subfunction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
