#include "crc32.h"
#include "fixture.h"

enum {
    DATALOG = 5,
    SETUP = 1,
    CONFIGURE = 2,
    ARM = 3,
    DISARM = 4,
    STATUS = 5
};
enum {
    METADATA = 6,
    READ = 7,
    RESET = 8
};
enum {
    IDLE = 0,
    CONFIGURED = 1,
    ARMED = 2,
    TRIGGERED = 3,
    COMPLETED = 4
};
enum {
    FIXED_LOOP = 0,
    VARIABLE_LOOP = 1,
    CLOSED_LOOP = 2,
    LOOPS = 3
};
enum {
    ALWAYS = 0,
    EQUAL = 1,
    GREATER_OR_EQUAL = 6
};
enum {
    BUFFER = 64,
    VALUE_ID = 7,
    PERIOD_100NS = 1000,
    MAX_SIGNALS = 16
};

static const scrutiny_loop_t loops[LOOPS] = {
    {"fixed", PERIOD_100NS, true},
    {"variable", 0, true},
    {"closed", 1, false},
};
static const scrutiny_published_value_t definitions[1] = {{VALUE_ID, SCRUTINY_TYPE_UINT16}};
static unsigned char buffer[BUFFER];
static uint8_t counter;
static bool value_refused;
static int triggers;
static unsigned int chunks;      /* that read_all() got */
static fixture_t *polled_inside; /* poll from inside the loop, like a task that preempts it */

static bool read_value(void *context, const scrutiny_published_value_t *definition,
                       scrutiny_value_t *value) {
    (void)context;
    (void)definition;
    value->as_uint16 = 0x1234;
    if (polled_inside != NULL) {
        fixture_t *f = polled_inside;
        polled_inside = NULL;
        poll_all(f);
    }
    return !value_refused;
}

static void triggered(void *context) {
    (void)context;
    triggers++;
}

static void start(fixture_t *f) {
    counter = 0;
    value_refused = false;
    triggers = 0;
    polled_inside = NULL;
    fixture_prepare(f);
    f->config.loops = loops;
    f->config.loop_count = LOOPS;
    f->config.datalog_buffer = buffer;
    f->config.datalog_buffer_size = BUFFER;
    f->config.datalog_triggered = triggered;
    f->config.published_values = definitions;
    f->config.published_value_count = 1;
    f->config.read_value = read_value;
    fixture_connect(f);
}

/* What a configuration says; the others are 0. */
typedef struct {
    unsigned int loop_id;
    unsigned int decimation;
    unsigned int probe_location;
    uint32_t timeout_100ns;
    unsigned int condition;
    uint32_t hold_100ns;
} setup_t;

static const setup_t PLAIN = {FIXED_LOOP, 1, 128, 0, ALWAYS, 0};

static message_t configuration(const setup_t *setup) {
    message_t m = {{0}, 0};
    add_u8(&m, setup->loop_id);
    add_u16(&m, 0x4321);
    add_u16(&m, setup->decimation);
    add_u8(&m, setup->probe_location);
    add_u32(&m, setup->timeout_100ns);
    add_u8(&m, setup->condition);
    add_u32(&m, setup->hold_100ns);
    return m;
}

/* counter >= threshold, or no operands for ALWAYS. */
static void add_trigger(message_t *m, const setup_t *setup, unsigned int threshold) {
    if (setup->condition == ALWAYS) {
        add_u8(m, 0);
        return;
    }
    float literal = (float)threshold;
    uint32_t bits = 0;
    memcpy(&bits, &literal, sizeof(bits));
    add_u8(m, 2);
    add_u8(m, 1);
    add_u8(m, SCRUTINY_TYPE_UINT8);
    add_address(m, &counter);
    add_u8(m, 0);
    add_u32(m, bits);
}

/* Record the counter, one char per entry. */
static message_t counter_configuration(const setup_t *setup, unsigned int threshold) {
    message_t m = configuration(setup);
    add_trigger(&m, setup, threshold);
    add_u8(&m, 1);
    add_u8(&m, 0);
    add_address(&m, &counter);
    add_u8(&m, 1);
    return m;
}

static int configure(fixture_t *f, const setup_t *setup, unsigned int threshold) {
    message_t m = counter_configuration(setup, threshold);
    return ask(f, DATALOG, CONFIGURE, &m).code;
}

static void run(fixture_t *f, unsigned int loop_id, int count) {
    for (int i = 0; i < count; i++) {
        counter++;
        scrutiny_loop_run(&f->scrutiny, (uint_least8_t)loop_id);
    }
}

static int state_of(fixture_t *f) {
    return ask_empty(f, DATALOG, STATUS).payload[0];
}

/* Read a whole acquisition; checks counters and CRC. */
static size_t read_all(fixture_t *f, uint8_t *data) {
    size_t size = 0;
    chunks = 0;
    for (unsigned int i = 0; i < 100; i++) {
        answer_t answer = ask_empty(f, DATALOG, READ);
        assert_int_equal(OK, answer.code);
        assert_int_equal(i, answer.payload[1]);
        bool finished = answer.payload[0] == 1;
        chunks++;
        size_t chunk = answer.size - (finished ? 8u : 4u);
        memcpy(data + size, answer.payload + 4, chunk);
        size += chunk;
        if (finished) {
            assert_int_equal(scrutiny_crc32(0, data, size), get_u32(answer.payload + 4 + chunk));
            return size;
        }
    }
    fail_msg("no last chunk");
    return 0;
}

static void test_life_of_an_acquisition(void **state) {
    (void)state;
    fixture_t f;
    uint8_t data[BUFFER];
    setup_t setup = PLAIN;
    setup.condition = GREATER_OR_EQUAL;
    start(&f);
    assert_int_equal(IDLE, state_of(&f));
    assert_int_equal(OK, configure(&f, &setup, 100));
    assert_int_equal(CONFIGURED, state_of(&f));
    run(&f, FIXED_LOOP, 10);
    assert_int_equal(OK, ask_empty(&f, DATALOG, ARM).code);
    run(&f, FIXED_LOOP, 89);
    assert_int_equal(ARMED, state_of(&f));
    run(&f, FIXED_LOOP, 11); /* fires at 100, after that entry was recorded */
    assert_int_equal(1, triggers);
    answer_t status = ask_empty(&f, DATALOG, STATUS);
    assert_int_equal(TRIGGERED, status.payload[0]);
    assert_int_equal(31, get_u32(status.payload + 1)); /* 64 * 127 / 256 */
    assert_int_equal(10, get_u32(status.payload + 5));
    run(&f, FIXED_LOOP, 21);
    answer_t metadata = ask_empty(&f, DATALOG, METADATA);
    assert_int_equal(OK, metadata.code);
    assert_memory_equal("\0\1\x43\x21\0\0\0\100\0\0\0\100\0\0\0\37", metadata.payload, 16);
    run(&f, FIXED_LOOP, 5); /* changes nothing any more */
    assert_int_equal(BUFFER, read_all(&f, data));
    assert_int_equal(131, data[BUFFER - 1]);
    assert_int_equal(131 - 63, data[0]);
    uint8_t again[BUFFER];
    f.config.tx_buffer_size = SCRUTINY_TX_BUFFER_SIZE(32);
    assert_int_equal(BUFFER, read_all(&f, again));
    assert_int_equal(3, chunks);
    assert_memory_equal(data, again, BUFFER);
}

static void test_arm_needs_no_iteration_in_between(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    assert_int_equal(FAILURE, ask_empty(&f, DATALOG, ARM).code);
    assert_int_equal(FAILURE, ask_empty(&f, DATALOG, DISARM).code);
    assert_int_equal(OK, configure(&f, &PLAIN, 0));
    assert_int_equal(OK, ask_empty(&f, DATALOG, ARM).code);
    assert_int_equal(ARMED, state_of(&f));
    assert_int_equal(OK, ask_empty(&f, DATALOG, DISARM).code);
    assert_int_equal(CONFIGURED, state_of(&f));
    assert_int_equal(OK, ask_empty(&f, DATALOG, ARM).code);
    run(&f, FIXED_LOOP, 1);
    assert_int_equal(TRIGGERED, state_of(&f));
    assert_int_equal(OK, ask_empty(&f, DATALOG, DISARM).code);
    run(&f, FIXED_LOOP, 1);
    assert_int_equal(CONFIGURED, state_of(&f));
}

static void test_only_the_chosen_loop_samples(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    assert_int_equal(OK, configure(&f, &PLAIN, 0));
    ask_empty(&f, DATALOG, ARM);
    run(&f, VARIABLE_LOOP, 100);
    run(&f, CLOSED_LOOP, 100);
    run(&f, 200, 100);
    run(&f, 255, 100);
    run(&f, FIXED_LOOP, 1);
    assert_int_equal(TRIGGERED, state_of(&f));
}

static void test_decimation_and_first_filling(void **state) {
    (void)state;
    fixture_t f;
    uint8_t data[BUFFER];
    setup_t setup = PLAIN;
    setup.decimation = 3;
    setup.probe_location = 255;
    start(&f);
    assert_int_equal(OK, configure(&f, &setup, 0));
    ask_empty(&f, DATALOG, ARM);
    run(&f, FIXED_LOOP, 3 * BUFFER - 1);
    assert_int_equal(TRIGGERED,
                     state_of(&f)); /* the buffer is filled although the probe is right */
    run(&f, FIXED_LOOP, 1);
    assert_int_equal(COMPLETED, state_of(&f));
    assert_int_equal(BUFFER, read_all(&f, data));
    assert_memory_equal("\3\6\11", data, 3);
}

static void test_timeout_completes_early(void **state) {
    (void)state;
    fixture_t f;
    uint8_t data[BUFFER];
    setup_t setup = PLAIN;
    setup.timeout_100ns = 5 * PERIOD_100NS;
    start(&f);
    assert_int_equal(OK, configure(&f, &setup, 0));
    ask_empty(&f, DATALOG, ARM);
    run(&f, FIXED_LOOP, 5);
    assert_int_equal(TRIGGERED, state_of(&f));
    run(&f, FIXED_LOOP, 1);
    assert_int_equal(COMPLETED, state_of(&f));
    assert_int_equal(6, read_all(&f, data));
    assert_memory_equal("\1\2\3\4\5\6", data, 6);
}

static void test_hold_time_and_its_edge(void **state) {
    (void)state;
    fixture_t f;
    setup_t setup = PLAIN;
    setup.condition = GREATER_OR_EQUAL;
    setup.hold_100ns = 3 * PERIOD_100NS;
    start(&f);
    assert_int_equal(OK, configure(&f, &setup, 10));
    ask_empty(&f, DATALOG, ARM);
    run(&f, FIXED_LOOP, 12); /* true at 10, 11, 12 */
    counter = 0;
    run(&f, FIXED_LOOP, 12); /* false in between: a new edge */
    assert_int_equal(ARMED, state_of(&f));
    run(&f, FIXED_LOOP, 1);
    assert_int_equal(TRIGGERED, state_of(&f));
}

static void test_variable_loop_follows_the_clock(void **state) {
    (void)state;
    fixture_t f;
    setup_t setup = PLAIN;
    setup.loop_id = VARIABLE_LOOP;
    setup.timeout_100ns = 100;
    start(&f);
    message_t m = configuration(&setup);
    add_u8(&m, 0);
    add_u8(&m, 2);
    add_u8(&m, 2); /* time */
    add_u8(&m, 1); /* published value */
    add_u16(&m, VALUE_ID);
    assert_int_equal(OK, ask(&f, DATALOG, CONFIGURE, &m).code);
    ask_empty(&f, DATALOG, ARM);
    f.now_us = 0xFFFFFFFFu;
    run(&f, VARIABLE_LOOP, 1);
    f.now_us = 4;
    value_refused = true;
    run(&f, VARIABLE_LOOP, 1);
    f.now_us = 10;
    run(&f, VARIABLE_LOOP, 1);
    uint8_t data[BUFFER];
    assert_int_equal(18, read_all(&f, data));
    assert_memory_equal("\xFF\xFF\xFF\xF6\x12\x34\0\0\0\50\0\0\0\0\0\144\0\0", data, 18);
}

static void test_reset_and_configure_need_no_running_loop(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    assert_int_equal(OK, ask_empty(&f, DATALOG, RESET).code);
    assert_int_equal(OK, configure(&f, &PLAIN, 0));
    run(&f, FIXED_LOOP, 1);
    assert_int_equal(OK, ask_empty(&f, DATALOG, RESET).code);
    assert_int_equal(IDLE, state_of(&f));
    assert_int_equal(FAILURE, ask_empty(&f, DATALOG, ARM).code);
    assert_int_equal(OK, configure(&f, &PLAIN, 0));
    assert_int_equal(OK, configure(&f, &PLAIN, 0));
    run(&f, FIXED_LOOP, 1);
    assert_int_equal(CONFIGURED, state_of(&f));
}

static message_t value_configuration(void) {
    message_t m = configuration(&PLAIN);
    add_u8(&m, 0);
    add_u8(&m, 1);
    add_u8(&m, 1);
    add_u16(&m, VALUE_ID);
    return m;
}

static void test_reset_during_an_iteration_waits_for_its_end(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    message_t m = value_configuration();
    assert_int_equal(OK, ask(&f, DATALOG, CONFIGURE, &m).code);
    message_t reset = request_frame(DATALOG, RESET, NULL);
    receive(&f, &reset);
    polled_inside = &f;
    run(&f, FIXED_LOOP, 1);
    assert_int_equal(0, f.output_size);
    run(&f, FIXED_LOOP, 1); /* skipped, the poll holds */
    assert_int_equal(f.scrutiny.datalogger.setup.entry_size, f.scrutiny.datalogger.encoder.held);
    poll_all(&f);
    assert_int_equal(OK, take_answer(&f).code);
    assert_int_equal(IDLE, state_of(&f));
}

static void test_reset_gives_up_on_an_iteration_without_end(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    message_t m = value_configuration();
    assert_int_equal(OK, ask(&f, DATALOG, CONFIGURE, &m).code);
    f.scrutiny.datalogger.loop_inside[FIXED_LOOP] = 1; /* a task that was stopped there */
    message_t reset = request_frame(DATALOG, RESET, NULL);
    receive(&f, &reset);
    assert_true(scrutiny_poll(&f.scrutiny));
    f.now_us += 99999;
    assert_true(scrutiny_poll(&f.scrutiny));
    f.now_us += 1;
    assert_false(scrutiny_poll(&f.scrutiny));
    answer_t answer = take_answer(&f);
    assert_int_equal(FAILURE, answer.code);
    assert_int_equal(RESET, answer.subfunction);
    receive(&f, &reset); /* the next one has its own 100 ms */
    assert_true(scrutiny_poll(&f.scrutiny));
    f.now_us += 100000;
    assert_false(scrutiny_poll(&f.scrutiny));
    assert_int_equal(FAILURE, take_answer(&f).code);
    run(&f, FIXED_LOOP, 1); /* goes on as before */
    assert_int_equal(f.scrutiny.datalogger.setup.entry_size, f.scrutiny.datalogger.encoder.held);
    assert_int_equal(CONFIGURED, state_of(&f));
}

static void test_session_end_drops_a_waiting_reset(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    f.config.max_processing_us = 20000000;
    message_t m = value_configuration();
    assert_int_equal(OK, ask(&f, DATALOG, CONFIGURE, &m).code);
    f.scrutiny.datalogger.loop_inside[FIXED_LOOP] = 1;
    message_t reset = request_frame(DATALOG, RESET, NULL);
    receive(&f, &reset);
    assert_true(scrutiny_poll(&f.scrutiny));
    f.now_us += 5000000;
    assert_false(scrutiny_poll(&f.scrutiny));
    assert_int_equal(0, f.output_size);
    run(&f, FIXED_LOOP, 1); /* the acquisition survives the session */
    assert_int_equal(f.scrutiny.datalogger.setup.entry_size, f.scrutiny.datalogger.encoder.held);
}

static void test_rearming_takes_the_data_away(void **state) {
    (void)state;
    fixture_t f;
    uint8_t data[BUFFER];
    start(&f);
    assert_int_equal(OK, configure(&f, &PLAIN, 0));
    ask_empty(&f, DATALOG, ARM);
    run(&f, FIXED_LOOP, 200);
    assert_int_equal(COMPLETED, state_of(&f));
    f.config.tx_buffer_size = SCRUTINY_TX_BUFFER_SIZE(32);
    assert_int_equal(OK, ask_empty(&f, DATALOG, READ).code); /* a pass left open */
    assert_int_equal(OK, ask_empty(&f, DATALOG, ARM).code);
    assert_int_equal(FAILURE, ask_empty(&f, DATALOG, METADATA).code);
    run(&f, FIXED_LOOP, 200);
    assert_int_equal(2, get_u16(ask_empty(&f, DATALOG, METADATA).payload));
    assert_int_equal(BUFFER, read_all(&f, data)); /* a new pass, from chunk 0 */
    assert_int_equal(OK, ask_empty(&f, DATALOG, DISARM).code);
    assert_int_equal(FAILURE, ask_empty(&f, DATALOG, READ).code);
    assert_int_equal(OK, ask_empty(&f, DATALOG, RESET).code);
    assert_int_equal(OK, configure(&f, &PLAIN, 0));
    ask_empty(&f, DATALOG, ARM);
    run(&f, FIXED_LOOP, 200);
    assert_int_equal(3, get_u16(ask_empty(&f, DATALOG, METADATA).payload));
}

/* The last chunk is one whose data and CRC fit; the others carry as much data as possible. */
static unsigned int chunks_for(size_t size, size_t payload) {
    unsigned int count = 1;
    while (size > payload - 8) {
        size -= size < payload - 4 ? size : payload - 4;
        count++;
    }
    return count;
}

static void test_chunks_at_the_edges_of_the_transmit_buffer(void **state) {
    (void)state;
    setup_t setup = PLAIN;
    for (size_t count = 1; count <= BUFFER; count++) {
        for (size_t payload = 32; payload <= 76; payload++) {
            fixture_t f;
            uint8_t data[BUFFER];
            start(&f);
            setup.timeout_100ns = (uint32_t)(count - 1) * PERIOD_100NS;
            assert_int_equal(OK, configure(&f, &setup, 0));
            ask_empty(&f, DATALOG, ARM);
            run(&f, FIXED_LOOP, BUFFER);
            f.config.tx_buffer_size = SCRUTINY_TX_BUFFER_SIZE(payload);
            size_t size = count == 1 ? BUFFER : count; /* timeout 0 means none */
            assert_int_equal(size, read_all(&f, data));
            assert_int_equal(chunks_for(size, payload), chunks);
        }
    }
}

static int code_of(fixture_t *f, const message_t *m) {
    int code = ask(f, DATALOG, CONFIGURE, m).code;
    assert_int_equal(code == OK ? CONFIGURED : IDLE, state_of(f));
    return code;
}

static void test_refusals_in_their_order(void **state) {
    (void)state;
    fixture_t f;
    setup_t setup = PLAIN;
    start(&f);
    message_t m = counter_configuration(&PLAIN, 0);
    assert_int_equal(OK, code_of(&f, &m));
    add_u8(&m, 0);
    assert_int_equal(INVALID_REQUEST, code_of(&f, &m)); /* trailing octet */
    for (size_t size = 0; size < m.size - 1; size++) {
        message_t shorter = m;
        shorter.size = size;
        assert_int_equal(INVALID_REQUEST, code_of(&f, &shorter));
    }
    setup.decimation = 0;
    assert_int_equal(INVALID_REQUEST, configure(&f, &setup, 0));
    setup.loop_id = LOOPS;
    assert_int_equal(FAILURE, configure(&f, &setup, 0));
    setup.loop_id = CLOSED_LOOP;
    assert_int_equal(FORBIDDEN, configure(&f, &setup, 0));
    m = counter_configuration(&PLAIN, 0);
    m.octets[15] = 4;
    assert_int_equal(TOO_LARGE, code_of(&f, &m));
    m.octets[15] = 0;
    m.octets[10] = EQUAL; /* needs two operands */
    assert_int_equal(INVALID_REQUEST, code_of(&f, &m));
    m.octets[10] = 9;
    assert_int_equal(INVALID_REQUEST, code_of(&f, &m));
}

static int code_with_bit_field(fixture_t *f, unsigned int type, unsigned int offset,
                               unsigned int size) {
    setup_t setup = PLAIN;
    setup.condition = EQUAL;
    message_t m = configuration(&setup);
    add_u8(&m, 2);
    add_u8(&m, 2);
    add_u8(&m, type);
    add_address(&m, buffer);
    add_u8(&m, offset);
    add_u8(&m, size);
    add_u8(&m, 0);
    add_u32(&m, 0);
    add_u8(&m, 1);
    add_u8(&m, 2);
    return code_of(f, &m);
}

static void test_bit_fields_reach_to_the_end_of_their_type(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    assert_int_equal(OK, code_with_bit_field(&f, SCRUTINY_TYPE_UINT8, 0, 8));
    assert_int_equal(OK, code_with_bit_field(&f, SCRUTINY_TYPE_UINT32, 31, 1));
    assert_int_equal(OK, code_with_bit_field(&f, SCRUTINY_TYPE_SINT64, 13, 51));
    assert_int_equal(INVALID_REQUEST, code_with_bit_field(&f, SCRUTINY_TYPE_UINT32, 31, 2));
    assert_int_equal(INVALID_REQUEST, code_with_bit_field(&f, SCRUTINY_TYPE_UINT32, 255, 255));
    assert_int_equal(INVALID_REQUEST, code_with_bit_field(&f, SCRUTINY_TYPE_UINT32, 3, 0));
    assert_int_equal(INVALID_REQUEST, code_with_bit_field(&f, SCRUTINY_TYPE_FLOAT32, 0, 8));
    assert_int_equal(INVALID_REQUEST, code_with_bit_field(&f, 0x14, 0, 8));
}

static void test_literals_must_be_finite(void **state) {
    (void)state;
    const uint32_t literals[] = {0x7F800000u, 0xFF800000u, 0x7FC00000u, 0x7F7FFFFFu};
    fixture_t f;
    setup_t setup = PLAIN;
    setup.condition = EQUAL;
    start(&f);
    for (size_t i = 0; i < 4; i++) {
        message_t m = configuration(&setup);
        add_u8(&m, 2);
        add_u8(&m, 0);
        add_u32(&m, 0);
        add_u8(&m, 0);
        add_u32(&m, literals[i]);
        add_u8(&m, 1);
        add_u8(&m, 2);
        assert_int_equal(i < 3 ? INVALID_REQUEST : OK, code_of(&f, &m));
    }
}

/* Memory signals of these sizes, and nothing to trigger on. */
static message_t memory_configuration(const setup_t *setup, const unsigned int *sizes,
                                      size_t count) {
    static uint8_t memory[256];
    message_t m = configuration(setup);
    add_u8(&m, 0);
    add_u8(&m, (unsigned int)count);
    for (size_t i = 0; i < count; i++) {
        add_u8(&m, 0);
        add_address(&m, memory);
        add_u8(&m, sizes[i]);
    }
    return m;
}

static void test_an_entry_larger_than_the_buffer_is_too_much(void **state) {
    (void)state;
    const unsigned int sizes[] = {BUFFER - 1, 1, 1};
    const unsigned int many[] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    fixture_t f;
    setup_t setup = PLAIN;
    start(&f);
    message_t m = memory_configuration(&PLAIN, sizes, 2);
    assert_int_equal(OK, code_of(&f, &m));
    m = memory_configuration(&PLAIN, sizes, 3);
    assert_int_equal(TOO_LARGE, code_of(&f, &m));
    m = memory_configuration(&PLAIN, many, sizeof(many) / sizeof(many[0]));
    assert_int_equal(TOO_LARGE, code_of(&f, &m));
    setup.decimation = 0; /* what is wrong in itself is said first */
    m = memory_configuration(&setup, sizes, 3);
    assert_int_equal(INVALID_REQUEST, code_of(&f, &m));
    setup = PLAIN;
    setup.loop_id = LOOPS;
    m = memory_configuration(&setup, sizes, 3);
    assert_int_equal(FAILURE, code_of(&f, &m));
}

static void test_there_are_signals_and_none_is_empty(void **state) {
    (void)state;
    const unsigned int sizes[] = {BUFFER, 1, 0};
    fixture_t f;
    start(&f);
    message_t m = memory_configuration(&PLAIN, sizes, 0);
    assert_int_equal(INVALID_REQUEST, code_of(&f, &m));
    m = memory_configuration(&PLAIN, &sizes[2], 1);
    assert_int_equal(INVALID_REQUEST, code_of(&f, &m));
    m = memory_configuration(&PLAIN, sizes, 3); /* although it is too large as well */
    assert_int_equal(INVALID_REQUEST, code_of(&f, &m));
}

static void test_signals_must_be_few_and_known(void **state) {
    (void)state;
    fixture_t f;
    start(&f);
    message_t many = configuration(&PLAIN);
    add_u8(&many, 0);
    add_u8(&many, MAX_SIGNALS + 1);
    assert_int_equal(TOO_LARGE, code_of(&f, &many));
    message_t unknown = configuration(&PLAIN);
    add_u16(&unknown, 0x0001);
    add_u8(&unknown, 1);
    add_u16(&unknown, VALUE_ID + 1);
    assert_int_equal(FAILURE, code_of(&f, &unknown));
}

static void test_a_whole_literal_of_a_request_is_an_integer(void **state) {
    (void)state;
    static uint32_t variable = 16777217;
    fixture_t f;
    setup_t setup = PLAIN;
    setup.condition = EQUAL;
    start(&f);
    message_t m = configuration(&setup);
    add_u8(&m, 2);
    add_u8(&m, 1);
    add_u8(&m, SCRUTINY_TYPE_UINT32);
    add_address(&m, &variable);
    add_u8(&m, 0);
    add_u32(&m, 0x4B800000u); /* 16777216 */
    add_u8(&m, 1);
    add_u8(&m, 2);
    assert_int_equal(OK, code_of(&f, &m));
    ask_empty(&f, DATALOG, ARM);
    run(&f, FIXED_LOOP, 1);
    assert_int_equal(ARMED, state_of(&f));
    variable--;
    run(&f, FIXED_LOOP, 1);
    assert_int_equal(TRIGGERED, state_of(&f));
}

static void test_forbidden_memory_is_not_recorded(void **state) {
    (void)state;
    static scrutiny_region_t region;
    fixture_t f;
    setup_t setup = PLAIN;
    start(&f);
    region.start = (uintptr_t)&counter;
    region.end = (uintptr_t)&counter;
    f.config.forbidden_regions = &region;
    f.config.forbidden_region_count = 1;
    assert_int_equal(FORBIDDEN, configure(&f, &PLAIN, 0));
    message_t m = configuration(&setup);
    m.octets[10] = GREATER_OR_EQUAL;
    setup.condition = GREATER_OR_EQUAL;
    add_trigger(&m, &setup, 1); /* touches it by its operand */
    add_u8(&m, 1);
    add_u8(&m, 2);
    assert_int_equal(FORBIDDEN, code_of(&f, &m));
}

static void test_without_buffer_nothing_is_supported(void **state) {
    (void)state;
    fixture_t f;
    fixture_prepare(&f);
    f.config.loops = loops;
    f.config.loop_count = LOOPS;
    fixture_connect(&f);
    for (unsigned int subfunction = 0; subfunction < 10; subfunction++) {
        assert_int_equal(UNSUPPORTED, ask_empty(&f, DATALOG, subfunction).code);
    }
    assert_int_equal(0x98, ask_empty(&f, 1, 3).payload[0]);
    start(&f);
    assert_int_equal(0xD8, ask_empty(&f, 1, 3).payload[0]);
    assert_int_equal(UNSUPPORTED, ask_empty(&f, DATALOG, 9).code);
    assert_memory_equal("\0\0\0\100\0\20", ask_empty(&f, DATALOG, SETUP).payload, 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life_of_an_acquisition),
        cmocka_unit_test(test_arm_needs_no_iteration_in_between),
        cmocka_unit_test(test_only_the_chosen_loop_samples),
        cmocka_unit_test(test_decimation_and_first_filling),
        cmocka_unit_test(test_timeout_completes_early),
        cmocka_unit_test(test_hold_time_and_its_edge),
        cmocka_unit_test(test_variable_loop_follows_the_clock),
        cmocka_unit_test(test_reset_and_configure_need_no_running_loop),
        cmocka_unit_test(test_reset_during_an_iteration_waits_for_its_end),
        cmocka_unit_test(test_reset_gives_up_on_an_iteration_without_end),
        cmocka_unit_test(test_session_end_drops_a_waiting_reset),
        cmocka_unit_test(test_rearming_takes_the_data_away),
        cmocka_unit_test(test_chunks_at_the_edges_of_the_transmit_buffer),
        cmocka_unit_test(test_refusals_in_their_order),
        cmocka_unit_test(test_bit_fields_reach_to_the_end_of_their_type),
        cmocka_unit_test(test_literals_must_be_finite),
        cmocka_unit_test(test_an_entry_larger_than_the_buffer_is_too_much),
        cmocka_unit_test(test_there_are_signals_and_none_is_empty),
        cmocka_unit_test(test_signals_must_be_few_and_known),
        cmocka_unit_test(test_a_whole_literal_of_a_request_is_an_integer),
        cmocka_unit_test(test_forbidden_memory_is_not_recorded),
        cmocka_unit_test(test_without_buffer_nothing_is_supported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
