#include "fixture.h"
#include "ring.h"

enum {
    SILENCE = 100,
    SIZE = 16
};

typedef struct {
    scrutiny_ring_t ring;
    scrutiny_octet_t octets[SIZE];
} ring_under_test_t;

static void start(ring_under_test_t *r) {
    memset(r, 0, sizeof(*r));
    scrutiny_ring_init(&r->ring, r->octets, SIZE, 0);
}

static size_t push(ring_under_test_t *r, const char *text, uint32_t now_us) {
    return scrutiny_ring_push(&r->ring, (const uint8_t *)text, strlen(text), now_us, SILENCE);
}

/* All that can be read, with a '|' where a gap is. */
static const char *drain(ring_under_test_t *r) {
    static char text[100];
    size_t used = 0;
    for (;;) {
        scrutiny_octet_t octet = 0;
        scrutiny_ring_found_t found = scrutiny_ring_take(&r->ring, &octet);
        if (found == SCRUTINY_RING_EMPTY) {
            text[used] = '\0';
            return text;
        }
        if (found == SCRUTINY_RING_AFTER_GAP) {
            text[used++] = '|';
        }
        text[used++] = (char)octet;
    }
}

static void test_octets_come_out_in_order(void **state) {
    (void)state;
    ring_under_test_t r;
    start(&r);
    for (int round = 0; round < 20; round++) { /* so that it wraps at every position */
        assert_int_equal(7, push(&r, "abcdefg", 0));
        assert_string_equal("abcdefg", drain(&r));
    }
}

static void test_gap_needs_a_full_silence(void **state) {
    (void)state;
    ring_under_test_t r;
    start(&r);
    push(&r, "a", 0);
    push(&r, "b", SILENCE - 1);
    push(&r, "c", 2 * SILENCE - 1);
    push(&r, "d", 2 * SILENCE);
    assert_string_equal("ab|cd", drain(&r));
}

static void test_gaps_survive_a_late_reader(void **state) {
    (void)state;
    ring_under_test_t r;
    for (size_t shift = 0; shift < SIZE; shift++) {
        start(&r);
        for (size_t i = 0; i < shift; i++) {
            push(&r, "x", 0);
            drain(&r);
        }
        push(&r, "ab", SILENCE);
        push(&r, "cd", 2 * SILENCE);
        push(&r, "e", 3 * SILENCE);
        assert_string_equal("|ab|cd|e", drain(&r));
    }
}

static void test_silence_across_the_clock_wrap(void **state) {
    (void)state;
    ring_under_test_t r;
    start(&r);
    push(&r, "a", 0xFFFFFFF0u);
    push(&r, "b", 0x10);
    push(&r, "c", 0x10 + SILENCE);
    assert_string_equal("|ab|c", drain(&r));
}

static void test_full_ring_keeps_what_it_has(void **state) {
    (void)state;
    ring_under_test_t r;
    start(&r);
    assert_int_equal(10, push(&r, "0123456789", 0));
    assert_int_equal(5, push(&r, "abcdefgh", 0));
    assert_int_equal(0, push(&r, "zz", 0));
    assert_int_equal(5, r.ring.lost_octets);
    assert_string_equal("0123456789abcde", drain(&r));
    assert_int_equal(1, push(&r, "A", 0));
    assert_string_equal("|A", drain(&r)); /* never glued to what was cut */
    assert_int_equal(1, push(&r, "B", 0));
    assert_string_equal("B", drain(&r));
}

static void test_burst_without_place_for_its_gap_is_dropped(void **state) {
    (void)state;
    ring_under_test_t r;
    start(&r);
    for (uint32_t i = 1; i <= SCRUTINY_GAP_QUEUE_SIZE; i++) {
        assert_int_equal(1, push(&r, "g", i * SILENCE));
    }
    assert_int_equal(0, push(&r, "lost", 10 * SILENCE));
    assert_int_equal(0, push(&r, "lost", 10 * SILENCE));
    assert_int_equal(8, r.ring.lost_octets);
    assert_string_equal("|g|g|g|g", drain(&r));
    assert_int_equal(4, push(&r, "kept", 10 * SILENCE));
    assert_string_equal("|kept", drain(&r));
}

static void test_silence_is_seen_before_the_next_octet(void **state) {
    (void)state;
    ring_under_test_t r;
    start(&r);
    push(&r, "a", 0xFFFFFFF0u);
    assert_false(scrutiny_ring_is_silent(&r.ring, 0x100, SILENCE)); /* something waits */
    drain(&r);
    assert_false(scrutiny_ring_is_silent(&r.ring, SILENCE - 0x11, SILENCE));
    assert_true(scrutiny_ring_is_silent(&r.ring, SILENCE - 0x10, SILENCE));
    push(&r, "b", 0x200); /* arrives after the look at the clock */
    drain(&r);
    assert_false(scrutiny_ring_is_silent(&r.ring, 0x1FF, SILENCE));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_octets_come_out_in_order),
        cmocka_unit_test(test_gap_needs_a_full_silence),
        cmocka_unit_test(test_gaps_survive_a_late_reader),
        cmocka_unit_test(test_silence_across_the_clock_wrap),
        cmocka_unit_test(test_full_ring_keeps_what_it_has),
        cmocka_unit_test(test_burst_without_place_for_its_gap_is_dropped),
        cmocka_unit_test(test_silence_is_seen_before_the_next_octet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
