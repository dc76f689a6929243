/* Words at any address, the way that processors need which cannot access any address. */
#define SCRUTINY_ALIGNED_ONLY 1

#include "fixture.h"
#include "words.h"

static union {
    uint64_t for_alignment;
    unsigned char chars[32];
} from, to;

static void fill(void) {
    for (size_t i = 0; i < sizeof(from.chars); i++) {
        from.chars[i] = (unsigned char)(0x81 + 3 * i);
        to.chars[i] = 0;
    }
}

static void test_a_word_is_read_like_a_copy(void **state) {
    (void)state;
    fill();
    for (size_t offset = 0; offset < 8; offset++) {
        uint32_t four = 0;
        uint16_t two = 0;
        memcpy(&four, from.chars + offset, sizeof(four));
        memcpy(&two, from.chars + offset, sizeof(two));
        assert_int_equal(four, scrutiny_load_u32(from.chars + offset));
        assert_int_equal(two, scrutiny_load_u16(from.chars + offset));
    }
}

static void test_a_word_is_written_like_a_copy(void **state) {
    (void)state;
    for (size_t offset = 0; offset < 8; offset++) {
        unsigned char expected[16] = {0};
        fill();
        memcpy(expected + offset, from.chars, 4);
        scrutiny_save_u32(to.chars + offset, scrutiny_load_u32(from.chars));
        assert_memory_equal(expected, to.chars, sizeof(expected));
        fill();
        memset(expected, 0, sizeof(expected));
        memcpy(expected + offset, from.chars, 2);
        scrutiny_save_u16(to.chars + offset, scrutiny_load_u16(from.chars));
        assert_memory_equal(expected, to.chars, sizeof(expected));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_word_is_read_like_a_copy),
        cmocka_unit_test(test_a_word_is_written_like_a_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
