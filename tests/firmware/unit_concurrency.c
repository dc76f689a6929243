/* Hand-over between real threads: one receives, one runs the loop, one polls. */
#include <pthread.h>
#include <sched.h>

#include "fixture.h"

enum {
    DATALOG = 5,
    CONFIGURE = 2,
    ARM = 3,
    STATUS = 5,
    READ = 7,
    RESET = 8
};
enum {
    TRIGGERED = 3,
    COMPLETED = 4
};
enum {
    BUFFER = 256,
    ENTRY = 8,
    ACQUISITIONS = 300,
    REQUESTS = 20000,
    IN_FLIGHT = 8
};

static const scrutiny_loop_t loops[2] = {{"a", 10, true}, {"b", 10, true}};
static unsigned char buffer[BUFFER];
static uint32_t counters[2];
static volatile bool stop;
static volatile int answered;

/* Two loops in one thread: the configuration moves between them. */
static void *run_loops(void *argument) {
    fixture_t *f = (fixture_t *)argument;
    while (!stop) {
        for (uint_least8_t loop_id = 0; loop_id < 2; loop_id++) {
            counters[loop_id]++;
            scrutiny_loop_run(&f->scrutiny, loop_id);
        }
    }
    return NULL;
}

/* An answer may have to wait until the other thread runs again and leaves its iteration. */
static answer_t ask_patiently(fixture_t *f, unsigned int subfunction, const message_t *payload) {
    message_t frame = request_frame(DATALOG, subfunction, payload);
    receive(f, &frame);
    while (scrutiny_poll(&f->scrutiny)) {
        sched_yield();
    }
    return take_answer(f);
}

static void configure(fixture_t *f, unsigned int loop_id) {
    message_t m = {{0}, 0};
    add_u8(&m, loop_id);
    add_u16(&m, 1);
    add_u16(&m, 1);
    add_u8(&m, 128);
    add_u32(&m, 0);
    add_u8(&m, 0);
    add_u32(&m, 0);
    add_u8(&m, 0);
    add_u8(&m, 2);
    for (int i = 0; i < 2; i++) {
        add_u8(&m, 0);
        add_address(&m, &counters[loop_id]);
        add_u8(&m, 4);
    }
    assert_int_equal(OK, ask_patiently(f, CONFIGURE, &m).code);
}

static uint32_t counter_at(const uint8_t *octets) {
    uint32_t counter = 0;
    memcpy(&counter, octets, sizeof(counter));
    return counter;
}

/* The counters of a status fit together, whatever the loops do meanwhile. */
static int state_of(fixture_t *f) {
    answer_t status = ask_patiently(f, STATUS, NULL);
    assert_int_equal(OK, status.code);
    uint32_t target = get_u32(status.payload + 1);
    uint32_t acquired = get_u32(status.payload + 5);
    if (status.payload[0] == TRIGGERED) {
        assert_true(target >= BUFFER * 127 / 256 && target <= BUFFER);
        assert_true(acquired % ENTRY == 0 && acquired < target + ENTRY);
    } else {
        assert_int_equal(0, target + acquired);
    }
    return status.payload[0];
}

/* Every entry holds one number twice, and the next entry the next number. */
static void check_acquisition(fixture_t *f) {
    uint8_t data[BUFFER + 8];
    size_t size = 0;
    answer_t answer;
    do {
        answer = ask_patiently(f, READ, NULL);
        assert_int_equal(OK, answer.code);
        memcpy(data + size, answer.payload + 4, answer.size - 4);
        size += answer.size - 4;
    } while (answer.payload[0] == 0);
    size -= 4; /* CRC */
    assert_int_equal(BUFFER, size);
    for (size_t i = 0; i < size; i += ENTRY) {
        assert_int_equal(counter_at(data + i), counter_at(data + i + 4));
        assert_int_equal(counter_at(data) + i / ENTRY, counter_at(data + i));
    }
}

static void test_poll_and_loops_share_the_datalogger(void **state) {
    (void)state;
    static fixture_t f;
    pthread_t thread;
    fixture_prepare(&f);
    f.config.loops = loops;
    f.config.loop_count = 2;
    f.config.datalog_buffer = buffer;
    f.config.datalog_buffer_size = BUFFER;
    f.config.max_processing_us = 0x7FFFFFFF;
    fixture_connect(&f);
    stop = false;
    assert_int_equal(0, pthread_create(&thread, NULL, run_loops, &f));
    for (unsigned int i = 0; i < ACQUISITIONS; i++) {
        configure(&f, i % 2);
        assert_int_equal(OK, ask_patiently(&f, ARM, NULL).code);
        while (state_of(&f) != COMPLETED) {
            sched_yield();
        }
        check_acquisition(&f);
        if (i % 3 == 0) { /* take it back in the middle of the next one */
            assert_int_equal(OK, ask_patiently(&f, ARM, NULL).code);
            assert_int_equal(OK, ask_patiently(&f, RESET, NULL).code);
        }
    }
    stop = true;
    assert_int_equal(0, pthread_join(thread, NULL));
}

/* Requests in chunks of all sizes, as fast as the ring has room for them. */
static void *receive_requests(void *argument) {
    fixture_t *f = (fixture_t *)argument;
    message_t request = request_frame(1, 1, NULL);
    size_t chunk = 1;
    for (int i = 0; i < REQUESTS; i++) {
        while (i - answered >= IN_FLIGHT) {
            sched_yield();
        }
        for (size_t sent = 0; sent < request.size;) {
            size_t left = request.size - sent;
            size_t size = chunk < left ? chunk : left;
            sent += scrutiny_receive(&f->scrutiny, request.octets + sent, size);
            chunk = chunk % 11 + 1;
        }
    }
    return NULL;
}

static void test_receiver_and_poll_share_the_ring(void **state) {
    (void)state;
    static fixture_t f;
    scrutiny_counters_t seen;
    pthread_t thread;
    fixture_prepare(&f);
    f.config.ring_size = 8 * IN_FLIGHT + 1;
    fixture_connect(&f);
    answered = 0;
    assert_int_equal(0, pthread_create(&thread, NULL, receive_requests, &f));
    while (answered < REQUESTS) {
        scrutiny_poll(&f.scrutiny);
        while (take_answer(&f).code == OK) {
            answered = answered + 1;
        }
    }
    assert_int_equal(0, pthread_join(thread, NULL));
    scrutiny_get_counters(&f.scrutiny, &seen);
    assert_int_equal(0, seen.header_errors + seen.crc_errors + seen.lost_octets);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poll_and_loops_share_the_datalogger),
        cmocka_unit_test(test_receiver_and_poll_share_the_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
