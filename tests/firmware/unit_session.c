#include "fixture.h"

enum {
    COMM = 2,
    DISCOVER = 1,
    GET_PARAMS = 3,
    CONNECT = 4,
    DISCONNECT = 5,
    TIMEOUT_US = 5000000
};
static const uint32_t DISCOVER_MAGIC = 0x7E18FC68u;
static const uint32_t CONNECT_MAGIC = 0x82902266u;

static answer_t ask_u32(fixture_t *f, unsigned int subfunction, uint32_t value) {
    message_t payload = {{0}, 0};
    add_u32(&payload, value);
    return ask(f, COMM, subfunction, &payload);
}

static answer_t ask_five_octets(fixture_t *f, unsigned int subfunction, uint32_t value) {
    message_t payload = {{0}, 0};
    add_u32(&payload, value);
    add_u8(&payload, 0);
    return ask(f, COMM, subfunction, &payload);
}

static void test_without_session_only_discover_and_connect_are_answered(void **state) {
    (void)state;
    fixture_t f;
    fixture_prepare(&f);
    fixture_boot(&f);
    assert_int_equal(NO_ANSWER, ask_empty(&f, 1, 1).code);
    assert_int_equal(NO_ANSWER, ask_empty(&f, COMM, GET_PARAMS).code);
    assert_int_equal(NO_ANSWER, ask_heartbeat(&f, 0, 0).code);
    assert_int_equal(NO_ANSWER, ask_u32(&f, DISCONNECT, 0).code);
    assert_int_equal(NO_ANSWER, ask_u32(&f, DISCOVER, DISCOVER_MAGIC + 1).code);
    assert_int_equal(NO_ANSWER, ask_empty(&f, 9, 9).code);
    assert_int_equal(OK, ask_u32(&f, DISCOVER, DISCOVER_MAGIC).code);
    assert_int_equal(INVALID_REQUEST, ask_five_octets(&f, DISCOVER, DISCOVER_MAGIC).code);
    assert_int_equal(INVALID_REQUEST, ask_empty(&f, COMM, CONNECT).code);
    assert_int_equal(INVALID_REQUEST, ask_five_octets(&f, CONNECT, CONNECT_MAGIC).code);
    assert_int_equal(INVALID_REQUEST, ask_u32(&f, CONNECT, CONNECT_MAGIC + 1).code);
    assert_false(scrutiny_session_is_open(&f.scrutiny));
    assert_int_equal(OK, ask_u32(&f, CONNECT, CONNECT_MAGIC).code);
    assert_true(scrutiny_session_is_open(&f.scrutiny));
}

static void test_session_ids_count_up_from_the_seed(void **state) {
    (void)state;
    fixture_t f;
    fixture_prepare(&f);
    f.config.session_seed = 0xFFFFFFFFu;
    fixture_boot(&f);
    assert_int_equal(0xFFFFFFFFu, get_u32(ask_u32(&f, CONNECT, CONNECT_MAGIC).payload + 4));
    assert_int_equal(BUSY, ask_u32(&f, CONNECT, CONNECT_MAGIC).code);
    assert_int_equal(OK, ask_u32(&f, DISCONNECT, 0xFFFFFFFFu).code);
    assert_int_equal(0, get_u32(ask_u32(&f, CONNECT, CONNECT_MAGIC).payload + 4));
    assert_int_equal(OK, ask_heartbeat(&f, 0, 0).code); /* both numbers are legal */
}

static void test_display_name_is_cut_to_what_can_be_sent(void **state) {
    (void)state;
    fixture_t f;
    fixture_prepare(&f);
    f.config.tx_buffer_size = SCRUTINY_TX_BUFFER_SIZE(32);
    f.config.display_name = "123456789012\xC3\xA9"; /* 14 octets, 13 have room */
    fixture_boot(&f);
    answer_t answer = ask_u32(&f, DISCOVER, DISCOVER_MAGIC);
    assert_int_equal(OK, answer.code);
    assert_int_equal(12, answer.payload[18]);
    assert_int_equal(19 + 12, answer.size);
}

static void test_heartbeat_refuses_what_is_not_fresh(void **state) {
    (void)state;
    fixture_t f;
    fixture_prepare(&f);
    fixture_connect(&f);
    assert_int_equal(OK, ask_heartbeat(&f, 1000, 7).code);
    assert_int_equal(INVALID_REQUEST, ask_heartbeat(&f, 1000, 7).code);
    assert_int_equal(INVALID_REQUEST, ask_heartbeat(&f, 1001, 8).code);
    assert_int_equal(INVALID_REQUEST, ask_u32(&f, 2, 1000).code);
    answer_t answer = ask_heartbeat(&f, 1000, 0x1234);
    assert_int_equal(1000, get_u32(answer.payload));
    assert_int_equal(0xEDCB, get_u16(answer.payload + 4));
    assert_int_equal(OK, ask_heartbeat(&f, 1000, 7).code);
}

static void test_only_accepted_heartbeats_keep_the_session(void **state) {
    (void)state;
    fixture_t f;
    scrutiny_counters_t counters;
    fixture_prepare(&f);
    fixture_connect(&f);
    f.now_us += TIMEOUT_US - 1;
    assert_int_equal(OK, ask_heartbeat(&f, 1000, 1).code);
    f.now_us += TIMEOUT_US - 1;
    assert_int_equal(INVALID_REQUEST, ask_heartbeat(&f, 1000, 1).code);
    assert_int_equal(OK, ask_empty(&f, 1, 1).code);
    f.now_us += 1;
    poll_all(&f);
    assert_false(scrutiny_session_is_open(&f.scrutiny));
    assert_int_equal(NO_ANSWER, ask_empty(&f, 1, 1).code);
    scrutiny_get_counters(&f.scrutiny, &counters);
    assert_int_equal(1, counters.sessions_expired);
    assert_int_equal(1001, get_u32(ask_u32(&f, CONNECT, CONNECT_MAGIC).payload + 4));
    assert_int_equal(OK, ask_heartbeat(&f, 1001, 1).code); /* a new session forgets challenges */
}

static void test_disconnect_ends_when_its_answer_is_out(void **state) {
    (void)state;
    fixture_t f;
    fixture_prepare(&f);
    fixture_connect(&f);
    message_t id = {{0}, 0};
    add_u32(&id, 1000);
    message_t frame = request_frame(COMM, DISCONNECT, &id);
    assert_int_equal(INVALID_REQUEST, ask_u32(&f, DISCONNECT, 1001).code);
    f.write_limit = 0;
    receive(&f, &frame);
    poll_all(&f);
    assert_true(scrutiny_session_is_open(&f.scrutiny));
    f.write_limit = 9;
    poll_all(&f);
    assert_false(scrutiny_session_is_open(&f.scrutiny));
    assert_int_equal(OK, take_answer(&f).code);
}

static void test_session_expires_while_a_response_is_stuck(void **state) {
    (void)state;
    fixture_t f;
    fixture_prepare(&f);
    fixture_connect(&f);
    message_t frame = request_frame(1, 1, NULL);
    f.write_limit = 0;
    receive(&f, &frame);
    poll_all(&f);
    f.now_us += TIMEOUT_US;
    f.write_limit = FIXTURE_OUTPUT;
    poll_all(&f);
    assert_int_equal(0, f.output_size);
    assert_int_equal(OK, ask_u32(&f, CONNECT, CONNECT_MAGIC).code);
}

static void test_params_are_those_of_the_configuration(void **state) {
    (void)state;
    fixture_t f;
    fixture_prepare(&f);
    f.config.rx_buffer_size = SCRUTINY_RX_BUFFER_SIZE(100);
    f.config.max_bitrate_bps = 115200;
    f.config.heartbeat_timeout_us = 3000000;
    f.config.silence_timeout_us = 20000;
    fixture_connect(&f);
    answer_t answer = ask_empty(&f, COMM, GET_PARAMS);
    assert_int_equal(18, answer.size);
    assert_int_equal(100, get_u16(answer.payload));
    assert_int_equal(128, get_u16(answer.payload + 2));
    assert_int_equal(115200, get_u32(answer.payload + 4));
    assert_int_equal(3000000, get_u32(answer.payload + 8));
    assert_int_equal(20000, get_u32(answer.payload + 12));
    assert_int_equal(sizeof(void *), answer.payload[16]);
    assert_int_equal(8, answer.payload[17]);
    assert_int_equal(UNSUPPORTED, ask_empty(&f, COMM, 6).code);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_session_only_discover_and_connect_are_answered),
        cmocka_unit_test(test_session_ids_count_up_from_the_seed),
        cmocka_unit_test(test_display_name_is_cut_to_what_can_be_sent),
        cmocka_unit_test(test_heartbeat_refuses_what_is_not_fresh),
        cmocka_unit_test(test_only_accepted_heartbeats_keep_the_session),
        cmocka_unit_test(test_disconnect_ends_when_its_answer_is_out),
        cmocka_unit_test(test_session_expires_while_a_response_is_stuck),
        cmocka_unit_test(test_params_are_those_of_the_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
