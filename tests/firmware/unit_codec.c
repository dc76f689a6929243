#include "codec.h"
#include "crc32.h"
#include "data_types.h"
#include "fixture.h"

static void test_crc_check_values(void **state) {
    (void)state;
    const uint8_t ten[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    assert_int_equal(0xCBF43926u, scrutiny_crc32(0, (const uint8_t *)"123456789", 9));
    assert_int_equal(0x2520577Bu, scrutiny_crc32(0, ten, sizeof(ten)));
    assert_int_equal(0x2520577Bu, scrutiny_crc32(scrutiny_crc32(0, ten, 3), ten + 3, 7));
    assert_int_equal(0, scrutiny_crc32(0, ten, 0));
}

static scrutiny_exchange_t reader(const uint8_t *octets, size_t size) {
    scrutiny_exchange_t exchange;
    memset(&exchange, 0, sizeof(exchange));
    exchange.request = octets;
    exchange.left = size;
    return exchange;
}

static scrutiny_exchange_t writer(uint8_t *octets, size_t size) {
    scrutiny_exchange_t exchange;
    memset(&exchange, 0, sizeof(exchange));
    exchange.response = octets;
    exchange.room = size;
    return exchange;
}

static void test_reader_stops_at_the_end(void **state) {
    (void)state;
    const uint8_t octets[] = {1, 2, 3};
    scrutiny_exchange_t exchange = reader(octets, sizeof(octets));
    assert_int_equal(0x0102, scrutiny_take_u16(&exchange));
    assert_false(exchange.truncated);
    assert_false(scrutiny_all_taken(&exchange));
    assert_int_equal(0, scrutiny_take_u16(&exchange));
    assert_true(exchange.truncated);
    assert_int_equal(0, scrutiny_take_u8(&exchange)); /* there was one, but too late */
    assert_int_equal(0, scrutiny_take_u32(&exchange));
    assert_int_equal(0, scrutiny_take_address(&exchange));
    assert_false(scrutiny_all_taken(&exchange));
}

static void test_writer_stops_at_the_end(void **state) {
    (void)state;
    uint8_t octets[4] = {9, 9, 9, 9};
    scrutiny_exchange_t exchange = writer(octets, 3);
    scrutiny_put_u16(&exchange, 0x0102);
    assert_false(exchange.overflow);
    scrutiny_put_u16(&exchange, 0x0304);
    scrutiny_put_u8(&exchange, 5);
    assert_true(exchange.overflow);
    assert_memory_equal("\x01\x02\x09\x09", octets, 4);
}

static void test_numbers_are_big_endian(void **state) {
    (void)state;
    uint8_t octets[15];
    scrutiny_exchange_t exchange = writer(octets, sizeof(octets));
    scrutiny_put_u8(&exchange, 0xFE);
    scrutiny_put_u16(&exchange, 0xDCBA);
    scrutiny_put_u32(&exchange, 0x98765432u);
    scrutiny_put_address(&exchange, (uintptr_t)0x123456789ABCDEFu);
    assert_memory_equal("\xFE\xDC\xBA\x98\x76\x54\x32\x01\x23\x45\x67\x89\xAB\xCD\xEF", octets, 15);
    exchange = reader(octets, sizeof(octets));
    assert_int_equal(0xFE, scrutiny_take_u8(&exchange));
    assert_int_equal(0xDCBA, scrutiny_take_u16(&exchange));
    assert_int_equal(0x98765432u, scrutiny_take_u32(&exchange));
    assert_int_equal(0x123456789ABCDEFu, scrutiny_take_address(&exchange));
    assert_true(scrutiny_all_taken(&exchange));
}

static size_t name_size(const char *text, size_t max, size_t room) {
    uint8_t octets[80];
    scrutiny_exchange_t exchange = writer(octets, room);
    scrutiny_put_name(&exchange, text, max);
    assert_false(exchange.overflow);
    assert_int_equal(exchange.response - octets, octets[0] + 1u);
    assert_memory_equal(octets + 1, text == NULL ? "" : text, octets[0]);
    return octets[0];
}

static void test_names_are_cut_at_whole_characters(void **state) {
    (void)state;
    assert_int_equal(0, name_size(NULL, 8, 80));
    assert_int_equal(0, name_size("", 8, 80));
    assert_int_equal(8, name_size("12345678", 8, 80));
    assert_int_equal(8, name_size("123456789", 8, 80));
    assert_int_equal(8, name_size("123456\xC3\xA9", 8, 80)); /* two octets, just fit */
    assert_int_equal(7, name_size("1234567\xC3\xA9", 8, 80));
    assert_int_equal(5, name_size("12345\xF0\x9F\x98\x80", 8, 80)); /* four octets */
    assert_int_equal(5, name_size("12345\xF0\x9F\x98\x80", 6, 80));
    assert_int_equal(9, name_size("12345\xF0\x9F\x98\x80", 9, 80));
    assert_int_equal(0, name_size("\x80\x80\x80\x80", 2, 80)); /* not UTF-8 at all */
    assert_int_equal(3, name_size("12345678", 8, 4));          /* room decides */
}

static void test_values_are_big_endian_on_the_wire(void **state) {
    (void)state;
    scrutiny_value_t value;
    uint8_t octets[8];
    value.as_uint64 = 0x0102030405060708u;
    scrutiny_value_to_wire(octets, &value, SCRUTINY_TYPE_UINT64);
    assert_memory_equal("\x01\x02\x03\x04\x05\x06\x07\x08", octets, 8);
    value.as_sint16 = -2;
    scrutiny_value_to_wire(octets, &value, SCRUTINY_TYPE_SINT16);
    assert_memory_equal("\xFF\xFE\x03", octets, 3);
    scrutiny_value_from_wire(&value, octets, SCRUTINY_TYPE_SINT16);
    assert_int_equal(-2, value.as_sint16);
    assert_int_equal(0xFFFE, value.as_uint64); /* the rest is cleared */
    value.as_float32 = 1.0f;
    scrutiny_value_to_wire(octets, &value, SCRUTINY_TYPE_FLOAT32);
    assert_memory_equal("\x3F\x80\x00\x00", octets, 4);
    scrutiny_value_from_wire(&value, (const uint8_t *)"\x02", SCRUTINY_TYPE_BOOL);
    assert_true(value.as_bool);
    scrutiny_value_to_wire(octets, &value, SCRUTINY_TYPE_BOOL);
    assert_int_equal(1, octets[0]); /* no other octet is true */
}

static void test_type_sizes(void **state) {
    (void)state;
    assert_int_equal(1, scrutiny_type_size(SCRUTINY_TYPE_BOOL));
    assert_int_equal(8, scrutiny_type_size(SCRUTINY_TYPE_FLOAT64));
    assert_int_equal(0, scrutiny_type_size(0x31)); /* bool of another size */
    assert_int_equal(0, scrutiny_type_size(0x20)); /* float of one octet */
    assert_int_equal(0, scrutiny_type_size(0xFF));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc_check_values),
        cmocka_unit_test(test_reader_stops_at_the_end),
        cmocka_unit_test(test_writer_stops_at_the_end),
        cmocka_unit_test(test_numbers_are_big_endian),
        cmocka_unit_test(test_names_are_cut_at_whole_characters),
        cmocka_unit_test(test_values_are_big_endian_on_the_wire),
        cmocka_unit_test(test_type_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
