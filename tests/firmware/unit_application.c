/* What the application plugs in: published values, user command, loops, regions. */
#include "fixture.h"

enum {
    INFO = 1,
    MEMORY = 3,
    USER = 4,
    READ_RPV = 4,
    WRITE_RPV = 5,
    VALUES = 6
};

static const scrutiny_published_value_t definitions[VALUES] = {
    {10, SCRUTINY_TYPE_SINT8},  {20, SCRUTINY_TYPE_UINT64}, {30, SCRUTINY_TYPE_BOOL},
    {40, SCRUTINY_TYPE_SINT16}, {50, SCRUTINY_TYPE_UINT8},  {60, SCRUTINY_TYPE_FLOAT64},
};
static scrutiny_value_t values[VALUES];
static uint16_t refused_id;
static int writes;

static bool read_value(void *context, const scrutiny_published_value_t *definition,
                       scrutiny_value_t *value) {
    assert_non_null(context);
    *value = values[definition - definitions];
    return definition->id != refused_id;
}

static bool write_value(void *context, const scrutiny_published_value_t *definition,
                        const scrutiny_value_t *value) {
    assert_non_null(context);
    if (definition->id == refused_id) {
        return false;
    }
    writes++;
    values[definition - definitions] = *value;
    return true;
}

static void start(fixture_t *f) {
    memset(values, 0, sizeof(values));
    refused_id = 0;
    writes = 0;
    fixture_prepare(f);
    f->config.published_values = definitions;
    f->config.published_value_count = VALUES;
    f->config.read_value = read_value;
    f->config.write_value = write_value;
    fixture_connect(f);
}

static answer_t ask_octets(fixture_t *f, unsigned int command, unsigned int subfunction,
                           const char *octets, size_t size) {
    message_t payload = {{0}, 0};
    add_octets(&payload, octets, size);
    return ask(f, command, subfunction, &payload);
}

static void test_values_are_big_endian_of_their_size(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    values[0].as_sint8 = -2;
    values[1].as_uint64 = 0x0102030405060708u;
    values[2].as_bool = true;
    values[3].as_sint16 = -2;
    answer_t answer = ask_octets(&f, MEMORY, READ_RPV, "\0\12\0\24\0\36\0\50", 8);
    assert_int_equal(OK, answer.code);
    assert_int_equal(8 + 1 + 8 + 1 + 2, answer.size);
    assert_memory_equal("\0\12\xFE\0\24\1\2\3\4\5\6\7\x08\0\36\1\0\50\xFF\xFE", answer.payload, 20);
}

static void test_written_values_arrive_in_their_type(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    answer_t answer =
        ask_octets(&f, MEMORY, WRITE_RPV, "\0\12\x80\0\36\x07\0\50\x80\x01\0\62\xFF", 13);
    assert_int_equal(OK, answer.code);
    assert_memory_equal("\0\12\1\0\36\1\0\50\2\0\62\1", answer.payload, 12);
    assert_int_equal(-128, values[0].as_sint8);
    assert_true(values[2].as_bool);
    assert_int_equal(-32767, values[3].as_sint16);
    assert_int_equal(255, values[4].as_uint8);
    assert_int_equal(OK, ask_octets(&f, MEMORY, WRITE_RPV, "\0\74\xBF\xF8\0\0\0\0\0\0", 10).code);
    assert_true(values[5].as_float64 > -1.6 && values[5].as_float64 < -1.4);
}

static void test_no_value_is_written_unless_all_entries_are_good(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    assert_int_equal(INVALID_REQUEST, ask_octets(&f, MEMORY, WRITE_RPV, "\0\12\1\0\50\1", 6).code);
    assert_int_equal(INVALID_REQUEST, ask_octets(&f, MEMORY, WRITE_RPV, "\0\12\1\0\13\1", 6).code);
    assert_int_equal(INVALID_REQUEST, ask_octets(&f, MEMORY, WRITE_RPV, "\0\12\1\0", 4).code);
    assert_int_equal(INVALID_REQUEST, ask_empty(&f, MEMORY, WRITE_RPV).code);
    f.config.tx_buffer_size = SCRUTINY_TX_BUFFER_SIZE(32);
    char many[33];
    for (size_t i = 0; i < sizeof(many); i += 3) {
        memcpy(many + i, "\0\12\1", 3);
    }
    assert_int_equal(TOO_LARGE, ask_octets(&f, MEMORY, WRITE_RPV, many, sizeof(many)).code);
    assert_int_equal(0, writes);
}

static void test_refusing_application_fails_the_request(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    refused_id = 10;
    assert_int_equal(FAILURE, ask_octets(&f, MEMORY, READ_RPV, "\0\12", 2).code);
    assert_int_equal(FAILURE, ask_octets(&f, MEMORY, WRITE_RPV, "\0\12\1", 3).code);
}

static void test_nothing_published_is_unsupported(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    f.config.read_value = NULL;
    f.config.write_value = NULL;
    assert_int_equal(UNSUPPORTED, ask_octets(&f, MEMORY, READ_RPV, "\0\12", 2).code);
    assert_int_equal(UNSUPPORTED, ask_octets(&f, MEMORY, WRITE_RPV, "\0\12\1", 3).code);
}

static void test_definitions_by_position(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    assert_int_equal(VALUES, get_u16(ask_empty(&f, INFO, 6).payload));
    answer_t answer = ask_octets(&f, INFO, 7, "\0\2\0\2", 4);
    assert_memory_equal("\0\36\x30\0\50\x01", answer.payload, 6);
    assert_int_equal(FAILURE, ask_octets(&f, INFO, 7, "\0\6\0\0", 4).code);
    assert_int_equal(FAILURE, ask_octets(&f, INFO, 7, "\0\5\0\2", 4).code);
    assert_int_equal(FAILURE, ask_octets(&f, INFO, 7, "\0\1\xFF\xFF", 4).code);
    assert_int_equal(INVALID_REQUEST, ask_octets(&f, INFO, 7, "\0\1\0", 3).code);
    answer = ask_octets(&f, INFO, 7, "\0\1\0\0", 4);
    assert_int_equal(OK, answer.code);
    assert_int_equal(0, answer.size);
    f.config.tx_buffer_size = SCRUTINY_TX_BUFFER_SIZE(14);
    assert_int_equal(TOO_LARGE, ask_octets(&f, INFO, 7, "\0\0\0\5", 4).code);
}

static size_t user_command(void *context, uint_least8_t subfunction,
                           const scrutiny_octet_t *request, size_t request_size,
                           scrutiny_octet_t *response, size_t response_max) {
    (void)context;
    assert_int_equal(FIXTURE_PAYLOAD, response_max);
    if (subfunction == 0) {
        return response_max + 1;
    }
    memset(response, subfunction, response_max);
    memcpy(response, request, request_size);
    return subfunction == 1 ? 0 : response_max;
}

static void test_user_command_may_use_the_whole_buffer(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    assert_int_equal(UNSUPPORTED, ask_empty(&f, USER, 0).code);
    f.config.user_command = user_command;
    assert_int_equal(0xB8, ask_empty(&f, INFO, 3).payload[0]);
    assert_int_equal(TOO_LARGE, ask_empty(&f, USER, 0).code);
    assert_int_equal(0, ask_empty(&f, USER, 1).size);
    answer_t answer = ask_octets(&f, USER, 255, "hello", 5);
    assert_int_equal(FIXTURE_PAYLOAD, answer.size);
    assert_memory_equal("hello\xFF", answer.payload, 6);
}

static void test_loops_and_their_names(void **state) {
    (void)state;
    const scrutiny_loop_t loops[2] = {
        {"123456789012345678901234567890\xE2\x82\xAC", 25, false},
        {NULL, 0, true},
    };
    fixture_t f;
    start(&f);
    assert_int_equal(0, ask_empty(&f, INFO, 8).payload[0]);
    assert_int_equal(FAILURE, ask_octets(&f, INFO, 9, "\0", 1).code);
    f.config.loops = loops;
    f.config.loop_count = 2;
    assert_int_equal(2, ask_empty(&f, INFO, 8).payload[0]);
    answer_t answer = ask_octets(&f, INFO, 9, "\0", 1);
    assert_memory_equal("\0\0\0\0\0\0\x19\36", answer.payload, 8);
    assert_int_equal(8 + 30, answer.size);
    answer = ask_octets(&f, INFO, 9, "\1", 1);
    assert_int_equal(4, answer.size);
    assert_memory_equal("\1\1\x80\0", answer.payload, 4);
    assert_int_equal(FAILURE, ask_octets(&f, INFO, 9, "\2", 1).code);
    assert_int_equal(INVALID_REQUEST, ask_octets(&f, INFO, 9, "\0\0", 2).code);
    assert_int_equal(INVALID_REQUEST, ask_empty(&f, INFO, 9).code);
}

static void test_regions_are_told_with_inclusive_ends(void **state) {
    (void)state;
    const scrutiny_region_t region = {0x10, 0x1F};
    fixture_t f;
    start(&f);
    assert_int_equal(0, get_u16(ask_empty(&f, INFO, 4).payload));
    assert_int_equal(FAILURE, ask_octets(&f, INFO, 5, "\0\0", 2).code);
    f.config.readonly_regions = &region;
    f.config.readonly_region_count = 1;
    assert_int_equal(0x0100, get_u16(ask_empty(&f, INFO, 4).payload));
    answer_t answer = ask_octets(&f, INFO, 5, "\0\0", 2);
    assert_memory_equal("\0\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\0\x1F", answer.payload, 18);
    assert_int_equal(FAILURE, ask_octets(&f, INFO, 5, "\0\1", 2).code);
    assert_int_equal(FAILURE, ask_octets(&f, INFO, 5, "\1\0", 2).code);
    assert_int_equal(INVALID_REQUEST, ask_octets(&f, INFO, 5, "\2\0", 2).code);
    assert_int_equal(INVALID_REQUEST, ask_octets(&f, INFO, 5, "\0", 1).code);
}

static void test_a_ring_that_holds_a_request_is_announced(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    f.config.ring_size = f.config.rx_buffer_size + 1;
    assert_int_equal(0x98, ask_empty(&f, INFO, 3).payload[0]);
    f.config.ring_size = f.config.rx_buffer_size;
    assert_int_equal(0x90, ask_empty(&f, INFO, 3).payload[0]);
}

static void test_what_arrives_while_a_request_is_answered_is_answered_next(void **state) {
    (void)state;
    const message_t nothing = {{0}, 0};
    const message_t version = request_frame(INFO, 1, &nothing);
    const message_t features = request_frame(INFO, 3, &nothing);
    fixture_t f;
    start(&f);
    f.write_limit = 0;
    receive(&f, &version);
    poll_all(&f);
    receive(&f, &features);
    receive(&f, &version);
    poll_all(&f);
    f.write_limit = FIXTURE_OUTPUT;
    poll_all(&f);
    assert_int_equal(1, take_answer(&f).subfunction);
    assert_int_equal(3, take_answer(&f).subfunction);
    assert_int_equal(1, take_answer(&f).subfunction);
    assert_int_equal(0, f.output_size);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_big_endian_of_their_size),
        cmocka_unit_test(test_written_values_arrive_in_their_type),
        cmocka_unit_test(test_no_value_is_written_unless_all_entries_are_good),
        cmocka_unit_test(test_refusing_application_fails_the_request),
        cmocka_unit_test(test_nothing_published_is_unsupported),
        cmocka_unit_test(test_definitions_by_position),
        cmocka_unit_test(test_user_command_may_use_the_whole_buffer),
        cmocka_unit_test(test_a_ring_that_holds_a_request_is_announced),
        cmocka_unit_test(test_what_arrives_while_a_request_is_answered_is_answered_next),
        cmocka_unit_test(test_loops_and_their_names),
        cmocka_unit_test(test_regions_are_told_with_inclusive_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
