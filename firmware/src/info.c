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

void scrutiny_put_firmware_id(scrutiny_writer_t *response) {
    const volatile scrutiny_octet_t *id = scrutiny_firmware_id; /* tagged after linking */
    for (size_t i = 0; i < SCRUTINY_FIRMWARE_ID_SIZE; i++) {
        scrutiny_put_u8(response, (uint_least8_t)(id[i] & 0xFFu));
    }
}

void scrutiny_put_protocol_version(scrutiny_writer_t *response) {
    scrutiny_put_u8(response, SCRUTINY_PROTOCOL_MAJOR);
    scrutiny_put_u8(response, SCRUTINY_PROTOCOL_MINOR);
}

static void put_supported_features(const scrutiny_t *scrutiny, scrutiny_writer_t *response) {
    unsigned int features = 0;
    if (scrutiny_memory_is_writable(scrutiny)) {
        features |= SCRUTINY_FEATURE_MEMORY_WRITE;
    }
    if (scrutiny_datalog_is_offered(scrutiny)) {
        features |= SCRUTINY_FEATURE_DATALOGGING;
    }
#if SCRUTINY_ENABLE_USER_COMMAND
    if (scrutiny->config->user_command != NULL) {
        features |= SCRUTINY_FEATURE_USER_COMMAND;
    }
#endif
#if SCRUTINY_ENABLE_64BIT
    features |= SCRUTINY_FEATURE_64BIT;
#endif
    scrutiny_put_u8(response, (uint_least8_t)features);
}

static void put_region_count(const scrutiny_t *scrutiny, scrutiny_writer_t *response) {
#if SCRUTINY_ENABLE_SPECIAL_REGIONS
    scrutiny_put_u8(response, scrutiny->config->readonly_region_count);
    scrutiny_put_u8(response, scrutiny->config->forbidden_region_count);
#else
    (void)scrutiny;
    scrutiny_put_u16(response, 0);
#endif
}

static scrutiny_code_t get_region_location(const scrutiny_t *scrutiny,
                                           const scrutiny_request_t *request,
                                           scrutiny_writer_t *response) {
#if SCRUTINY_ENABLE_SPECIAL_REGIONS
    const scrutiny_config_t *config = scrutiny->config;
    scrutiny_reader_t reader = scrutiny_reader(request->payload, request->size);
    uint_least8_t type = scrutiny_take_u8(&reader);
    uint_least8_t index = scrutiny_take_u8(&reader);
    if (reader.failed || reader.left > 0 || type > REGION_FORBIDDEN) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    bool readonly = type == REGION_READONLY;
    if (index >= (readonly ? config->readonly_region_count : config->forbidden_region_count)) {
        return SCRUTINY_CODE_FAILURE_TO_PROCEED;
    }
    const scrutiny_region_t *region =
        readonly ? &config->readonly_regions[index] : &config->forbidden_regions[index];
    scrutiny_put_u8(response, type);
    scrutiny_put_u8(response, index);
    scrutiny_put_address(response, region->start);
    scrutiny_put_address(response, region->end);
    return SCRUTINY_CODE_OK;
#else
    (void)scrutiny;
    (void)request;
    (void)response;
    return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
#endif
}

static uint_least16_t published_value_count(const scrutiny_t *scrutiny) {
#if SCRUTINY_ENABLE_PUBLISHED_VALUES
    return scrutiny->config->published_value_count;
#else
    (void)scrutiny;
    return 0;
#endif
}

static scrutiny_code_t get_published_definitions(const scrutiny_t *scrutiny,
                                                 const scrutiny_request_t *request,
                                                 scrutiny_writer_t *response) {
    scrutiny_reader_t reader = scrutiny_reader(request->payload, request->size);
    uint32_t start = scrutiny_take_u16(&reader);
    uint32_t count = scrutiny_take_u16(&reader);
    uint32_t total = published_value_count(scrutiny);
    if (reader.failed || reader.left > 0) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    if (start >= total || count > total - start) {
        return SCRUTINY_CODE_FAILURE_TO_PROCEED;
    }
#if SCRUTINY_ENABLE_PUBLISHED_VALUES
    for (uint32_t i = start; i < start + count && !response->failed; i++) {
        const scrutiny_published_value_t *definition = &scrutiny->config->published_values[i];
        scrutiny_put_u16(response, definition->id);
        scrutiny_put_u8(response, definition->type);
    }
#else
    (void)response;
#endif
    return SCRUTINY_CODE_OK;
}

static uint_least8_t loop_count(const scrutiny_t *scrutiny) {
#if SCRUTINY_ENABLE_LOOPS
    return scrutiny->config->loop_count;
#else
    (void)scrutiny;
    return 0;
#endif
}

static scrutiny_code_t get_loop_definition(const scrutiny_t *scrutiny,
                                           const scrutiny_request_t *request,
                                           scrutiny_writer_t *response) {
    scrutiny_reader_t reader = scrutiny_reader(request->payload, request->size);
    uint_least8_t loop_id = scrutiny_take_u8(&reader);
    if (reader.failed || reader.left > 0) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    if (loop_id >= loop_count(scrutiny)) {
        return SCRUTINY_CODE_FAILURE_TO_PROCEED;
    }
#if SCRUTINY_ENABLE_LOOPS
    const scrutiny_loop_t *loop = &scrutiny->config->loops[loop_id];
    bool fixed = loop->period_100ns != 0;
    scrutiny_put_u8(response, loop_id);
    scrutiny_put_u8(response, fixed ? LOOP_FIXED : LOOP_VARIABLE);
    scrutiny_put_u8(response, loop->datalogging ? LOOP_ATTRIBUTE_DATALOGGING : 0u);
    if (fixed) {
        scrutiny_put_u32(response, loop->period_100ns);
    }
    scrutiny_put_name(response, loop->name, SCRUTINY_LOOP_NAME_MAX);
#else
    (void)response;
#endif
    return SCRUTINY_CODE_OK;
}

scrutiny_code_t scrutiny_info_handle(scrutiny_t *scrutiny, const scrutiny_request_t *request,
                                     scrutiny_writer_t *response) {
    switch (request->subfunction) {
    case SCRUTINY_INFO_PROTOCOL_VERSION:
        scrutiny_put_protocol_version(response);
        return SCRUTINY_CODE_OK;
    case SCRUTINY_INFO_SOFTWARE_ID:
        scrutiny_put_firmware_id(response);
        return SCRUTINY_CODE_OK;
    case SCRUTINY_INFO_SUPPORTED_FEATURES:
        put_supported_features(scrutiny, response);
        return SCRUTINY_CODE_OK;
    case SCRUTINY_INFO_REGION_COUNT:
        put_region_count(scrutiny, response);
        return SCRUTINY_CODE_OK;
    case SCRUTINY_INFO_REGION_LOCATION:
        return get_region_location(scrutiny, request, response);
    case SCRUTINY_INFO_RPV_COUNT:
        scrutiny_put_u16(response, published_value_count(scrutiny));
        return SCRUTINY_CODE_OK;
    case SCRUTINY_INFO_RPV_DEFINITION:
        return get_published_definitions(scrutiny, request, response);
    case SCRUTINY_INFO_LOOP_COUNT:
        scrutiny_put_u8(response, loop_count(scrutiny));
        return SCRUTINY_CODE_OK;
    case SCRUTINY_INFO_LOOP_DEFINITION:
        return get_loop_definition(scrutiny, request, response);
    default:
        return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
    }
}
