#include "published.h"

#if SCRUTINY_ENABLE_PUBLISHED_VALUES

#include <string.h>

#include "data_types.h"

const scrutiny_published_value_t *scrutiny_published_find(const scrutiny_t *scrutiny,
                                                          uint_least16_t id) {
    const scrutiny_config_t *config = scrutiny->config;
    for (size_t i = 0; i < config->published_value_count; i++) {
        if (config->published_values[i].id == id) {
            return &config->published_values[i];
        }
    }
    return NULL;
}

bool scrutiny_published_read(const scrutiny_t *scrutiny,
                             const scrutiny_published_value_t *definition,
                             scrutiny_value_t *value) {
    const scrutiny_config_t *config = scrutiny->config;
    memset(value, 0, sizeof(*value));
    return config->read_value != NULL && config->read_value(config->context, definition, value);
}

static void from_bits(uint_least8_t type, scrutiny_wide_uint_t bits, scrutiny_value_t *value) {
    uint32_t low = (uint32_t)bits;
    switch (type) {
#if CHAR_BIT == 8
    case SCRUTINY_TYPE_SINT8:
        value->as_sint8 = (int8_t)scrutiny_to_signed(bits, 8);
        break;
    case SCRUTINY_TYPE_UINT8:
        value->as_uint8 = (uint8_t)bits;
        break;
#endif
    case SCRUTINY_TYPE_SINT16:
        value->as_sint16 = (int16_t)scrutiny_to_signed(bits, 16);
        break;
    case SCRUTINY_TYPE_UINT16:
        value->as_uint16 = (uint16_t)bits;
        break;
    case SCRUTINY_TYPE_SINT32:
        value->as_sint32 = (int32_t)scrutiny_to_signed(bits, 32);
        break;
    case SCRUTINY_TYPE_UINT32:
        value->as_uint32 = low;
        break;
#if SCRUTINY_ENABLE_64BIT
    case SCRUTINY_TYPE_SINT64:
        value->as_sint64 = scrutiny_to_signed(bits, 64);
        break;
    case SCRUTINY_TYPE_UINT64:
        value->as_uint64 = bits;
        break;
#endif
#if SCRUTINY_HAS_FLOAT64
    case SCRUTINY_TYPE_FLOAT64:
        memcpy(&value->as_float64, &bits, sizeof(value->as_float64));
        break;
#endif
    case SCRUTINY_TYPE_FLOAT32:
        memcpy(&value->as_float32, &low, sizeof(value->as_float32));
        break;
    default:
        value->as_bool = bits != 0;
        break;
    }
}

void scrutiny_put_value(scrutiny_writer_t *writer, uint_least8_t type,
                        const scrutiny_value_t *value) {
    size_t size = SCRUTINY_TYPE_SIZE(type);
    scrutiny_octet_t *room = scrutiny_put(writer, size);
    if (room != NULL) {
        scrutiny_store_number(room, scrutiny_value_to_bits(type, value), size);
    }
}

static void take_value(scrutiny_reader_t *reader, uint_least8_t type, scrutiny_value_t *value) {
    size_t size = SCRUTINY_TYPE_SIZE(type);
    const scrutiny_octet_t *octets = scrutiny_take(reader, size);
    scrutiny_wide_uint_t bits = 0;
    for (size_t i = 0; octets != NULL && i < size; i++) {
        bits = (bits << 8) | octets[i];
    }
    memset(value, 0, sizeof(*value));
    from_bits(type, bits, value);
}

scrutiny_code_t scrutiny_published_read_request(scrutiny_t *scrutiny,
                                                const scrutiny_request_t *request,
                                                scrutiny_writer_t *response) {
    const scrutiny_config_t *config = scrutiny->config;
    scrutiny_reader_t reader = scrutiny_reader(request->payload, request->size);
    if (config->published_value_count == 0 || config->read_value == NULL) {
        return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
    }
    if (request->size == 0 || request->size % 2u != 0) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    while (reader.left > 0) {
        uint_least16_t id = scrutiny_take_u16(&reader);
        const scrutiny_published_value_t *definition = scrutiny_published_find(scrutiny, id);
        scrutiny_value_t value;
        if (definition == NULL || !scrutiny_published_read(scrutiny, definition, &value)) {
            return SCRUTINY_CODE_FAILURE_TO_PROCEED;
        }
        scrutiny_put_u16(response, id);
        scrutiny_put_value(response, definition->type, &value);
    }
    return SCRUTINY_CODE_OK;
}

/* Check all entries of a write request, and acknowledge them in `response`. */
static scrutiny_code_t check_write(const scrutiny_t *scrutiny, scrutiny_reader_t reader,
                                   scrutiny_writer_t *response) {
    while (reader.left > 0) {
        uint_least16_t id = scrutiny_take_u16(&reader);
        const scrutiny_published_value_t *definition =
            reader.failed ? NULL : scrutiny_published_find(scrutiny, id);
        if (definition == NULL) {
            return SCRUTINY_CODE_INVALID_REQUEST;
        }
        size_t size = SCRUTINY_TYPE_SIZE(definition->type);
        if (scrutiny_take(&reader, size) == NULL) {
            return SCRUTINY_CODE_INVALID_REQUEST;
        }
        scrutiny_put_u16(response, id);
        scrutiny_put_u8(response, (uint_least8_t)size);
    }
    return response->failed ? SCRUTINY_CODE_OVERFLOW : SCRUTINY_CODE_OK;
}

scrutiny_code_t scrutiny_published_write_request(scrutiny_t *scrutiny,
                                                 const scrutiny_request_t *request,
                                                 scrutiny_writer_t *response) {
    const scrutiny_config_t *config = scrutiny->config;
    scrutiny_reader_t reader = scrutiny_reader(request->payload, request->size);
    if (config->published_value_count == 0 || config->write_value == NULL) {
        return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
    }
    if (request->size == 0) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    scrutiny_code_t code = check_write(scrutiny, reader, response);
    while (code == SCRUTINY_CODE_OK && reader.left > 0) {
        const scrutiny_published_value_t *definition =
            scrutiny_published_find(scrutiny, scrutiny_take_u16(&reader));
        scrutiny_value_t value;
        take_value(&reader, definition->type, &value);
        if (!config->write_value(config->context, definition, &value)) {
            code = SCRUTINY_CODE_FAILURE_TO_PROCEED;
        }
    }
    return code;
}

#else

scrutiny_code_t scrutiny_published_read_request(scrutiny_t *scrutiny,
                                                const scrutiny_request_t *request,
                                                scrutiny_writer_t *response) {
    (void)scrutiny;
    (void)request;
    (void)response;
    return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
}

scrutiny_code_t scrutiny_published_write_request(scrutiny_t *scrutiny,
                                                 const scrutiny_request_t *request,
                                                 scrutiny_writer_t *response) {
    (void)scrutiny;
    (void)request;
    (void)response;
    return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
}

#endif
