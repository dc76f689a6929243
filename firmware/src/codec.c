#include "codec.h"

scrutiny_word_t scrutiny_load(const scrutiny_octet_t *octets, size_t size) {
    scrutiny_word_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = (number << 8) | octets[i];
    }
    return number;
}

void scrutiny_store(scrutiny_octet_t *octets, scrutiny_word_t number, size_t size) {
    while (size > 0) {
        octets[--size] = (scrutiny_octet_t)(number & 0xFFu);
        number >>= 8;
    }
}

const scrutiny_octet_t *scrutiny_take(scrutiny_exchange_t *exchange, size_t size) {
    const scrutiny_octet_t *taken = exchange->request;
    if (exchange->left < size) {
        exchange->left = 0; /* what follows is truncated, too */
        exchange->truncated = true;
        return NULL;
    }
    exchange->request += size;
    exchange->left -= size;
    return taken;
}

static scrutiny_word_t take_number(scrutiny_exchange_t *exchange, size_t size) {
    const scrutiny_octet_t *octets = scrutiny_take(exchange, size);
    return octets != NULL ? scrutiny_load(octets, size) : 0;
}

uint_least8_t scrutiny_take_u8(scrutiny_exchange_t *exchange) {
    return (uint_least8_t)take_number(exchange, 1);
}

uint_least16_t scrutiny_take_u16(scrutiny_exchange_t *exchange) {
    return (uint_least16_t)take_number(exchange, 2);
}

uint32_t scrutiny_take_u32(scrutiny_exchange_t *exchange) {
    return (uint32_t)take_number(exchange, 4);
}

uintptr_t scrutiny_take_address(scrutiny_exchange_t *exchange) {
    for (size_t i = sizeof(uintptr_t) * CHAR_BIT / 8u; i < SCRUTINY_ADDRESS_SIZE; i++) {
        if (scrutiny_take_u8(exchange) != 0) {
            exchange->truncated = true; /* longer than a pointer */
        }
    }
    return (uintptr_t)take_number(exchange,
                                  SCRUTINY_ADDRESS_SIZE < sizeof(uintptr_t) * CHAR_BIT / 8u
                                      ? SCRUTINY_ADDRESS_SIZE
                                      : sizeof(uintptr_t) * CHAR_BIT / 8u);
}

bool scrutiny_all_taken(const scrutiny_exchange_t *exchange) {
    return !exchange->truncated && exchange->left == 0;
}

scrutiny_octet_t *scrutiny_put(scrutiny_exchange_t *exchange, size_t size) {
    scrutiny_octet_t *place = exchange->response;
    if (exchange->room < size) {
        exchange->room = 0; /* what follows does not fit either */
        exchange->overflow = true;
        return NULL;
    }
    exchange->response += size;
    exchange->room -= size;
    return place;
}

static void put_number(scrutiny_exchange_t *exchange, scrutiny_word_t number, size_t size) {
    scrutiny_octet_t *place = scrutiny_put(exchange, size);
    if (place != NULL) {
        scrutiny_store(place, number, size);
    }
}

void scrutiny_put_u8(scrutiny_exchange_t *exchange, uint_least8_t value) {
    put_number(exchange, value, 1);
}

void scrutiny_put_u16(scrutiny_exchange_t *exchange, uint_least16_t value) {
    put_number(exchange, value, 2);
}

void scrutiny_put_u32(scrutiny_exchange_t *exchange, uint32_t value) {
    put_number(exchange, value, 4);
}

void scrutiny_put_address(scrutiny_exchange_t *exchange, uintptr_t address) {
    put_number(exchange, address, SCRUTINY_ADDRESS_SIZE);
}

/* Octets of `text` that may be sent: at most `max`, whole UTF-8 sequences. */
static size_t name_size(const char *text, size_t max) {
    size_t size = 0;
    while (size < max && text[size] != '\0') {
        size++;
    }
    if (size == max) {
        while (size > 0 && ((unsigned char)text[size] & 0xC0u) == 0x80u) {
            size--;
        }
    }
    return size;
}

void scrutiny_put_name(scrutiny_exchange_t *exchange, const char *text, size_t max) {
    size_t size = 0;
    if (text != NULL && exchange->room > 0) {
        size = name_size(text, max < exchange->room ? max : exchange->room - 1u);
    }
    scrutiny_put_u8(exchange, (uint_least8_t)size);
    for (size_t i = 0; i < size; i++) {
        scrutiny_put_u8(exchange, (uint_least8_t)((unsigned char)text[i] & 0xFFu));
    }
}
