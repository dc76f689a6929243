#include "fixture.h"

enum {
    SILENCE_US = 50000
};

static message_t version_request(void) {
    return request_frame(1, 1, NULL);
}

static message_t large_request(size_t payload_size) {
    message_t payload = {{0}, 0};
    for (size_t i = 0; i < payload_size; i++) {
        add_u8(&payload, (unsigned int)i);
    }
    return request_frame(4, 0, &payload);
}

static size_t answers(fixture_t *f) {
    size_t count = 0;
    poll_all(f);
    while (take_answer(f).code != NO_ANSWER) {
        count++;
    }
    return count;
}

static void test_requests_in_one_chunk_are_all_served_in_order(void **state) {
    (void)state;
    fixture_t f;
    fixture_prepare(&f);
    fixture_connect(&f);
    message_t both = request_frame(1, 3, NULL);
    message_t second = version_request();
    add_octets(&both, second.octets, second.size);
    receive(&f, &both);
    poll_all(&f);
    assert_int_equal(3, take_answer(&f).subfunction);
    assert_int_equal(1, take_answer(&f).subfunction);
}

static void test_octets_during_transmission_do_not_harm_it(void **state) {
    (void)state;
    fixture_t f;
    fixture_prepare(&f);
    fixture_connect(&f);
    message_t request = version_request();
    f.write_limit = 0;
    receive(&f, &request);
    assert_true(scrutiny_poll(&f.scrutiny));
    receive(&f, &request);
    assert_true(scrutiny_poll(&f.scrutiny));
    f.write_limit = 2;
    assert_int_equal(2, answers(&f));
}

static void test_pause_below_the_silence_does_not_cut(void **state) {
    (void)state;
    fixture_t f;
    fixture_prepare(&f);
    fixture_connect(&f);
    message_t request = version_request();
    for (size_t i = 0; i < request.size; i++) {
        scrutiny_receive(&f.scrutiny, &request.octets[i], 1);
        f.now_us += SILENCE_US - 1;
        scrutiny_poll(&f.scrutiny);
    }
    assert_int_equal(1, answers(&f));
}

static void test_silence_separates_bursts_although_the_poll_is_late(void **state) {
    (void)state;
    fixture_t f;
    fixture_prepare(&f);
    fixture_connect(&f);
    message_t request = version_request();
    scrutiny_receive(&f.scrutiny, request.octets, 5);
    f.now_us += SILENCE_US;
    receive(&f, &request);
    f.now_us += SILENCE_US;
    scrutiny_receive(&f.scrutiny, request.octets, 3);
    f.now_us += SILENCE_US;
    receive(&f, &request);
    assert_int_equal(2, answers(&f));
}

static void test_slow_poll_alone_does_not_cut(void **state) {
    (void)state;
    fixture_t f;
    fixture_prepare(&f);
    fixture_connect(&f);
    message_t request = version_request();
    scrutiny_receive(&f.scrutiny, request.octets, 5);
    scrutiny_poll(&f.scrutiny);
    f.now_us += SILENCE_US - 10;
    scrutiny_receive(&f.scrutiny, request.octets + 5, 3);
    f.now_us += 4 * SILENCE_US; /* the poll is late, the octets were not */
    assert_int_equal(1, answers(&f));
}

static void test_unfinished_frame_is_dropped_by_the_poll_too(void **state) {
    (void)state;
    fixture_t f;
    scrutiny_counters_t counters;
    fixture_prepare(&f);
    fixture_connect(&f);
    message_t request = version_request();
    scrutiny_receive(&f.scrutiny, request.octets, 5);
    scrutiny_poll(&f.scrutiny);
    scrutiny_poll(&f.scrutiny);
    f.now_us += SILENCE_US;
    scrutiny_poll(&f.scrutiny);
    scrutiny_get_counters(&f.scrutiny, &counters);
    assert_int_equal(1, counters.silences);
}

static void test_largest_payload_fits_and_one_more_does_not(void **state) {
    (void)state;
    fixture_t f;
    fixture_prepare(&f);
    fixture_connect(&f);
    message_t fits = large_request(FIXTURE_PAYLOAD);
    message_t too_large = large_request(FIXTURE_PAYLOAD + 1);
    receive(&f, &fits);
    assert_int_equal(1, answers(&f));
    receive(&f, &too_large);
    assert_int_equal(0, answers(&f));
    f.now_us += SILENCE_US;
    receive(&f, &fits);
    assert_int_equal(1, answers(&f));
}

static void test_steady_noise_does_not_make_it_deaf_forever(void **state) {
    (void)state;
    const scrutiny_octet_t noise[3] = {0xFF, 0x05, 0x80};
    fixture_t f;
    fixture_prepare(&f);
    fixture_connect(&f);
    message_t request = version_request();
    size_t served = 0;
    for (int i = 0; i < 200; i++) {
        f.now_us += 10000; /* far below the silence timeout, in total below the heartbeat's */
        scrutiny_receive(&f.scrutiny, noise, sizeof(noise));
        receive(&f, &request);
        served += answers(&f);
    }
    assert_true(served >= 150);
}

static void test_hunting_finds_a_request_at_any_offset(void **state) {
    (void)state;
    const scrutiny_octet_t bad = 0xFF;
    message_t request = version_request();
    for (unsigned int seed = 0; seed < 200; seed++) {
        fixture_t f;
        fixture_prepare(&f);
        fixture_connect(&f);
        uint32_t random = seed * 2654435761u + 1u;
        for (int i = 0; i < 600; i++) { /* first deaf, then hunting */
            random = random * 1664525u + 1013904223u;
            scrutiny_octet_t octet = (scrutiny_octet_t)(random >> 24);
            scrutiny_receive(&f.scrutiny, i == 0 ? &bad : &octet, 1);
            poll_all(&f);
        }
        f.output_size = 0;
        /* A wrong header may claim up to 40 octets; the sixth request lies behind them. */
        for (int i = 0; i < 6; i++) {
            receive(&f, &request);
        }
        assert_true(answers(&f) >= 1);
    }
}

static void test_poll_respects_its_budget(void **state) {
    (void)state;
    fixture_t f;
    fixture_prepare(&f);
    f.config.max_octets_per_poll = 3;
    fixture_connect(&f);
    message_t request = version_request();
    receive(&f, &request);
    assert_true(scrutiny_poll(&f.scrutiny));
    assert_true(scrutiny_poll(&f.scrutiny));
    assert_int_equal(0, f.output_size);
    assert_false(scrutiny_poll(&f.scrutiny));
    assert_int_equal(OK, take_answer(&f).code);
}

static void test_port_that_takes_nothing_loses_one_answer_only(void **state) {
    (void)state;
    fixture_t f;
    scrutiny_counters_t counters;
    fixture_prepare(&f);
    fixture_boot(&f);
    message_t magic = {{0}, 0};
    add_u32(&magic, 0x7E18FC68u);
    message_t discover = request_frame(2, 1, &magic);
    f.write_limit = 0;
    receive(&f, &discover);
    poll_all(&f);
    f.now_us += 5000000;
    poll_all(&f);
    f.write_limit = FIXTURE_OUTPUT;
    poll_all(&f);
    assert_int_equal(0, f.output_size);
    receive(&f, &discover);
    assert_int_equal(1, answers(&f));
    scrutiny_get_counters(&f.scrutiny, &counters);
    assert_int_equal(1, counters.tx_stalls);
}

static void test_counters_tell_what_happened(void **state) {
    (void)state;
    fixture_t f;
    scrutiny_counters_t counters;
    fixture_prepare(&f);
    fixture_connect(&f);
    message_t request = version_request();
    message_t broken = request;
    broken.octets[7] ^= 1u;
    receive(&f, &broken);
    receive(&f, &request);
    message_t unknown = request_frame(1, 0x40, NULL);
    receive(&f, &unknown);
    broken.octets[0] = 0x81;
    receive(&f, &broken);
    poll_all(&f);
    scrutiny_get_counters(&f.scrutiny, &counters);
    assert_int_equal(1, counters.crc_errors);
    assert_int_equal(1, counters.header_errors);
    assert_int_equal(3, counters.requests);
    assert_int_equal(1, counters.refusals);
    assert_int_equal(0, counters.lost_octets);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_in_one_chunk_are_all_served_in_order),
        cmocka_unit_test(test_octets_during_transmission_do_not_harm_it),
        cmocka_unit_test(test_pause_below_the_silence_does_not_cut),
        cmocka_unit_test(test_silence_separates_bursts_although_the_poll_is_late),
        cmocka_unit_test(test_slow_poll_alone_does_not_cut),
        cmocka_unit_test(test_unfinished_frame_is_dropped_by_the_poll_too),
        cmocka_unit_test(test_largest_payload_fits_and_one_more_does_not),
        cmocka_unit_test(test_steady_noise_does_not_make_it_deaf_forever),
        cmocka_unit_test(test_hunting_finds_a_request_at_any_offset),
        cmocka_unit_test(test_poll_respects_its_budget),
        cmocka_unit_test(test_port_that_takes_nothing_loses_one_answer_only),
        cmocka_unit_test(test_counters_tell_what_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
