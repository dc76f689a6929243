#include "fixture.h"

static scrutiny_status_t init(fixture_t *f) {
    return scrutiny_init(&f->scrutiny, &f->config, &f->port);
}

static void test_payload_sizes_at_their_limits(void **state) {
    (void)state;
    static scrutiny_octet_t large[SCRUTINY_TX_BUFFER_SIZE(65520)];
    fixture_t f;
    fixture_prepare(&f);
    f.config.rx_buffer_size = SCRUTINY_RX_BUFFER_SIZE(31);
    assert_int_equal(SCRUTINY_ERR_RX_BUFFER, init(&f));
    f.config.rx_buffer_size = SCRUTINY_RX_BUFFER_SIZE(32);
    f.config.tx_buffer_size = SCRUTINY_TX_BUFFER_SIZE(31);
    assert_int_equal(SCRUTINY_ERR_TX_BUFFER, init(&f));
    f.config.tx_buffer_size = SCRUTINY_TX_BUFFER_SIZE(32);
    assert_int_equal(SCRUTINY_OK, init(&f));
    f.config.rx_buffer = large;
    f.config.tx_buffer = large;
    f.config.rx_buffer_size = SCRUTINY_RX_BUFFER_SIZE(65519);
    f.config.tx_buffer_size = SCRUTINY_TX_BUFFER_SIZE(65519);
    assert_int_equal(SCRUTINY_OK, init(&f));
    f.config.rx_buffer_size = SCRUTINY_RX_BUFFER_SIZE(65520);
    assert_int_equal(SCRUTINY_ERR_RX_BUFFER, init(&f));
    f.config.rx_buffer_size = SCRUTINY_RX_BUFFER_SIZE(65519);
    f.config.tx_buffer_size = SCRUTINY_TX_BUFFER_SIZE(65520);
    assert_int_equal(SCRUTINY_ERR_TX_BUFFER, init(&f));
}

static void test_missing_parts_are_named(void **state) {
    (void)state;
    fixture_t f;
    fixture_prepare(&f);
    assert_int_equal(SCRUTINY_ERR_ARGUMENT, scrutiny_init(NULL, &f.config, &f.port));
    assert_int_equal(SCRUTINY_ERR_ARGUMENT, scrutiny_init(&f.scrutiny, NULL, &f.port));
    assert_int_equal(SCRUTINY_ERR_ARGUMENT, scrutiny_init(&f.scrutiny, &f.config, NULL));
    f.config.ring_size = 15;
    assert_int_equal(SCRUTINY_ERR_RING, init(&f));
    f.config.ring_size = 16;
    f.config.heartbeat_timeout_us = 0x80000000u;
    assert_int_equal(SCRUTINY_ERR_TIMEOUT, init(&f));
    f.config.heartbeat_timeout_us = 0x7FFFFFFFu;
    assert_int_equal(SCRUTINY_OK, init(&f));
    f.config.loop_count = 1;
    assert_int_equal(SCRUTINY_ERR_LOOP, init(&f));
    f.config.loop_count = 0;
    f.config.published_value_count = 1;
    assert_int_equal(SCRUTINY_ERR_PUBLISHED_VALUE, init(&f));
    f.config.published_value_count = 0;
    f.config.forbidden_region_count = 1;
    assert_int_equal(SCRUTINY_ERR_REGION, init(&f));
    f.config.forbidden_region_count = 0;
    f.config.datalog_buffer_size = 1;
    assert_int_equal(SCRUTINY_ERR_DATALOG_BUFFER, init(&f));
}

static void test_bad_tables_are_named(void **state) {
    (void)state;
    const scrutiny_region_t backwards = {2, 1};
    const scrutiny_published_value_t struct_type = {1, 0x5F};
    fixture_t f;
    fixture_prepare(&f);
    f.config.readonly_regions = &backwards;
    f.config.readonly_region_count = 1;
    assert_int_equal(SCRUTINY_ERR_REGION, init(&f));
    f.config.readonly_region_count = 0;
    f.config.published_values = &struct_type;
    f.config.published_value_count = 1;
    assert_int_equal(SCRUTINY_ERR_PUBLISHED_VALUE, init(&f));
}

static void test_refused_context_stays_mute(void **state) {
    (void)state;
    const scrutiny_octet_t octet = 1;
    fixture_t f;
    fixture_prepare(&f);
    f.config.ring = NULL;
    assert_int_equal(SCRUTINY_ERR_RING, init(&f));
    assert_int_equal(0, scrutiny_receive(&f.scrutiny, &octet, 1));
    assert_false(scrutiny_poll(&f.scrutiny));
    scrutiny_loop_run(&f.scrutiny, 0);
    assert_false(scrutiny_session_is_open(&f.scrutiny));
}

static void test_contexts_are_independent(void **state) {
    (void)state;
    fixture_t one;
    fixture_t other;
    fixture_prepare(&one);
    fixture_prepare(&other);
    fixture_connect(&one);
    fixture_boot(&other);
    assert_true(scrutiny_session_is_open(&one.scrutiny));
    assert_false(scrutiny_session_is_open(&other.scrutiny));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_payload_sizes_at_their_limits),
        cmocka_unit_test(test_missing_parts_are_named),
        cmocka_unit_test(test_bad_tables_are_named),
        cmocka_unit_test(test_refused_context_stays_mute),
        cmocka_unit_test(test_contexts_are_independent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
