#include "published.h"

#if SCRUTINY_ENABLE_PUBLISHED_VALUES

#include "data_types.h"

const scrutiny_published_value_t *scrutiny_published_find(const scrutiny_config_t *config,
                                                          uint_least16_t id) {
    const scrutiny_published_value_t *definition = config->published_values;
    for (size_t left = config->published_value_count; left > 0; left--) {
        if (definition->id == id) {
            return definition;
        }
        definition++;
    }
    return NULL;
}

bool scrutiny_published_read(const scrutiny_config_t *config,
                             const scrutiny_published_value_t *definition,
                             scrutiny_value_t *value) {
    scrutiny_clear_value(value);
    return config->read_value(config->context, definition, value);
}

static scrutiny_code_t read_values(scrutiny_exchange_t *exchange) {
    const scrutiny_config_t *config = exchange->config;
    if (exchange->left == 0 || exchange->left % 2u != 0) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    while (exchange->left > 0) {
        uint_least16_t id = scrutiny_take_u16(exchange);
        const scrutiny_published_value_t *definition = scrutiny_published_find(config, id);
        scrutiny_value_t value;
        if (definition == NULL || !scrutiny_published_read(config, definition, &value)) {
            return SCRUTINY_CODE_FAILURE_TO_PROCEED;
        }
        scrutiny_put_u16(exchange, id);
        scrutiny_octet_t *room = scrutiny_put(exchange, SCRUTINY_TYPE_SIZE(definition->type));
        if (room != NULL) {
            scrutiny_value_to_wire(room, &value, definition->type);
        }
    }
    return SCRUTINY_CODE_OK;
}

/* Go through all entries and acknowledge them. First only look whether all of them exist, and
 * whether that fits; then write. */
static SCRUTINY_OUT_OF_LINE scrutiny_code_t write_values(scrutiny_exchange_t *exchange) {
    const scrutiny_config_t *config = exchange->config;
    do {
        uint_least16_t id = scrutiny_take_u16(exchange);
        const scrutiny_published_value_t *definition = scrutiny_published_find(config, id);
        if (definition == NULL) {
            return SCRUTINY_CODE_INVALID_REQUEST;
        }
        size_t size = SCRUTINY_TYPE_SIZE(definition->type);
        const scrutiny_octet_t *octets = scrutiny_take(exchange, size);
        if (exchange->truncated) {
            return SCRUTINY_CODE_INVALID_REQUEST;
        }
        if (exchange->execute) {
            scrutiny_value_t value;
            scrutiny_value_from_wire(&value, octets, definition->type);
            if (!config->write_value(config->context, definition, &value)) {
                return SCRUTINY_CODE_FAILURE_TO_PROCEED;
            }
        }
        scrutiny_put_u16(exchange, id);
        scrutiny_put_u8(exchange, (uint_least8_t)size);
    } while (exchange->left > 0);
    return exchange->overflow ? SCRUTINY_CODE_OVERFLOW : SCRUTINY_CODE_OK;
}

scrutiny_code_t scrutiny_published_handle(scrutiny_exchange_t *exchange) {
    const scrutiny_config_t *config = exchange->config;
    bool read = exchange->subfunction == SCRUTINY_MEMORY_READ_RPV;
    if (config->published_value_count == 0 ||
        (read ? config->read_value == NULL : config->write_value == NULL)) {
        return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
    }
    if (read) {
        return read_values(exchange);
    }
    scrutiny_code_t code = write_values(exchange);
    if (code == SCRUTINY_CODE_OK) {
        exchange->execute = true;
        scrutiny_rx_rewind(exchange);
        code = write_values(exchange);
    }
    return code;
}

#else

scrutiny_code_t scrutiny_published_handle(scrutiny_exchange_t *exchange) {
    (void)exchange;
    return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
}

#endif
