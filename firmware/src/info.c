#include "info.h"

#include "datalog_control.h"
#include "memory.h"

enum {
    REGION_READONLY = 0,
    REGION_FORBIDDEN = 1
};
enum {
    LOOP_FIXED = 0,
    LOOP_VARIABLE = 1
};
#define LOOP_ATTRIBUTE_DATALOGGING 0x80u

#ifdef __AVR__
#include <avr/pgmspace.h>
#define ID_OCTET(octet) pgm_read_byte(octet)
#else
#define ID_OCTET(octet) (*(const volatile scrutiny_octet_t *)(octet)) /* tagged after linking */
#endif

void scrutiny_put_firmware_id(scrutiny_exchange_t *exchange) {
    for (size_t i = 0; i < SCRUTINY_FIRMWARE_ID_SIZE; i++) {
        scrutiny_put_u8(exchange, (uint_least8_t)(ID_OCTET(&scrutiny_firmware_id[i]) & 0xFFu));
    }
}

void scrutiny_put_protocol_version(scrutiny_exchange_t *exchange) {
    scrutiny_put_u8(exchange, SCRUTINY_PROTOCOL_MAJOR);
    scrutiny_put_u8(exchange, SCRUTINY_PROTOCOL_MINOR);
}

/* Whether a whole request may arrive while the one before it is answered: the ring holds it. */
static bool holds_a_request(const scrutiny_config_t *config) {
    return config->ring_size > config->rx_buffer_size;
}

static void put_supported_features(scrutiny_exchange_t *exchange) {
    const scrutiny_t *scrutiny = exchange->scrutiny;
    unsigned int features = SCRUTINY_ENABLE_64BIT ? SCRUTINY_FEATURE_64BIT : 0u;
    if (scrutiny_memory_is_writable(scrutiny)) {
        features |= SCRUTINY_FEATURE_MEMORY_WRITE;
    }
    if (scrutiny_datalog_is_offered(scrutiny)) {
        features |= SCRUTINY_FEATURE_DATALOGGING;
    }
#if SCRUTINY_ENABLE_USER_COMMAND
    if (exchange->config->user_command != NULL) {
        features |= SCRUTINY_FEATURE_USER_COMMAND;
    }
#endif
    if (holds_a_request(exchange->config)) {
        features |= SCRUTINY_FEATURE_REQUEST_AHEAD;
    }
    scrutiny_put_u8(exchange, (uint_least8_t)features);
}

static void put_region_count(scrutiny_exchange_t *exchange) {
#if SCRUTINY_ENABLE_SPECIAL_REGIONS
    scrutiny_put_u8(exchange, exchange->config->readonly_region_count);
    scrutiny_put_u8(exchange, exchange->config->forbidden_region_count);
#else
    scrutiny_put_u16(exchange, 0);
#endif
}

#if SCRUTINY_ENABLE_SPECIAL_REGIONS
static scrutiny_code_t get_region_location(scrutiny_exchange_t *exchange) {
    const scrutiny_config_t *config = exchange->config;
    const scrutiny_region_t *regions = config->readonly_regions;
    uint_least8_t count = config->readonly_region_count;
    uint_least8_t type = scrutiny_take_u8(exchange);
    uint_least8_t index = scrutiny_take_u8(exchange);
    if (!scrutiny_all_taken(exchange) || type > REGION_FORBIDDEN) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    if (type == REGION_FORBIDDEN) {
        regions = config->forbidden_regions;
        count = config->forbidden_region_count;
    }
    if (index >= count) {
        return SCRUTINY_CODE_FAILURE_TO_PROCEED;
    }
    scrutiny_put_u8(exchange, type);
    scrutiny_put_u8(exchange, index);
    scrutiny_put_address(exchange, regions[index].start);
    scrutiny_put_address(exchange, regions[index].end);
    return SCRUTINY_CODE_OK;
}
#else
static scrutiny_code_t get_region_location(scrutiny_exchange_t *exchange) {
    (void)exchange;
    return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
}
#endif

static uint_least16_t published_value_count(const scrutiny_config_t *config) {
    (void)config;
#if SCRUTINY_ENABLE_PUBLISHED_VALUES
    return config->published_value_count;
#else
    return 0;
#endif
}

static scrutiny_code_t get_published_definitions(scrutiny_exchange_t *exchange) {
    uint_least16_t start = scrutiny_take_u16(exchange);
    uint_least16_t count = scrutiny_take_u16(exchange);
    uint_least16_t total = published_value_count(exchange->config);
    if (!scrutiny_all_taken(exchange)) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    if (start >= total || count > total - start) {
        return SCRUTINY_CODE_FAILURE_TO_PROCEED;
    }
#if SCRUTINY_ENABLE_PUBLISHED_VALUES
    const scrutiny_published_value_t *definition = &exchange->config->published_values[start];
    for (; count > 0 && !exchange->overflow; count--) {
        scrutiny_put_u16(exchange, definition->id);
        scrutiny_put_u8(exchange, definition->type);
        definition++;
    }
#endif
    return SCRUTINY_CODE_OK;
}

static uint_least8_t loop_count(const scrutiny_config_t *config) {
    (void)config;
#if SCRUTINY_ENABLE_LOOPS
    return config->loop_count;
#else
    return 0;
#endif
}

static scrutiny_code_t get_loop_definition(scrutiny_exchange_t *exchange) {
    uint_least8_t loop_id = scrutiny_take_u8(exchange);
    if (!scrutiny_all_taken(exchange)) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    if (loop_id >= loop_count(exchange->config)) {
        return SCRUTINY_CODE_FAILURE_TO_PROCEED;
    }
#if SCRUTINY_ENABLE_LOOPS
    const scrutiny_loop_t *loop = &exchange->config->loops[loop_id];
    bool fixed = loop->period_100ns != 0;
    scrutiny_put_u8(exchange, loop_id);
    scrutiny_put_u8(exchange, fixed ? LOOP_FIXED : LOOP_VARIABLE);
    scrutiny_put_u8(exchange, loop->datalogging ? LOOP_ATTRIBUTE_DATALOGGING : 0u);
    if (fixed) {
        scrutiny_put_u32(exchange, loop->period_100ns);
    }
    scrutiny_put_name(exchange, loop->name, SCRUTINY_LOOP_NAME_MAX);
#endif
    return SCRUTINY_CODE_OK;
}

scrutiny_code_t scrutiny_info_handle(scrutiny_exchange_t *exchange) {
    switch (exchange->subfunction) {
    case SCRUTINY_INFO_PROTOCOL_VERSION:
        scrutiny_put_protocol_version(exchange);
        break;
    case SCRUTINY_INFO_SOFTWARE_ID:
        scrutiny_put_firmware_id(exchange);
        break;
    case SCRUTINY_INFO_SUPPORTED_FEATURES:
        put_supported_features(exchange);
        break;
    case SCRUTINY_INFO_REGION_COUNT:
        put_region_count(exchange);
        break;
    case SCRUTINY_INFO_REGION_LOCATION:
        return get_region_location(exchange);
    case SCRUTINY_INFO_RPV_COUNT:
        scrutiny_put_u16(exchange, published_value_count(exchange->config));
        break;
    case SCRUTINY_INFO_RPV_DEFINITION:
        return get_published_definitions(exchange);
    case SCRUTINY_INFO_LOOP_COUNT:
        scrutiny_put_u8(exchange, loop_count(exchange->config));
        break;
    case SCRUTINY_INFO_LOOP_DEFINITION:
        return get_loop_definition(exchange);
    default:
        return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
    }
    return SCRUTINY_CODE_OK;
}
