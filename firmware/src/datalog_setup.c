#include "datalog_setup.h"

#if SCRUTINY_ENABLE_DATALOGGING

#include "chars.h"
#include "data_types.h"
#include "encoder.h"
#include "memory.h"
#include "operands.h"
#include "published.h"
#include "trigger.h"

#define OPERANDS_MAX 3u
#define FLOAT_EXPONENT UINT32_C(0x7F800000)
#define TIME_OCTETS 4u

/* ---- Sources: taken, and checked at the same time. -------------------------------------------
 */

/* NULL if the id is unknown or values cannot be read. */
static const scrutiny_published_value_t *take_published(scrutiny_exchange_t *exchange) {
    uint_least16_t id = scrutiny_take_u16(exchange);
#if SCRUTINY_ENABLE_PUBLISHED_VALUES
    if (exchange->config->read_value != NULL) {
        return scrutiny_published_find(exchange->config, id);
    }
#else
    (void)id;
#endif
    return NULL;
}

static bool bit_field_is_good(const scrutiny_operand_t *operand) {
    unsigned int end = (unsigned int)operand->bit_offset + operand->bit_size;
    return SCRUTINY_TYPE_KIND(operand->data_type) != SCRUTINY_KIND_FLOAT && operand->bit_size > 0 &&
           end <= scrutiny_type_size(operand->data_type) * 8u;
}

/* Returns what is wrong with the place that the operand comes from. What is wrong with the operand
 * itself counts less: it clears `good`. */
static scrutiny_code_t take_variable(scrutiny_exchange_t *exchange, scrutiny_operand_t *operand,
                                     bool *good) {
    operand->data_type = scrutiny_take_u8(exchange);
    operand->source.address = scrutiny_take_address(exchange);
    size_t size = scrutiny_type_size(operand->data_type);
    if (operand->kind == SCRUTINY_OPERAND_VAR_BIT) {
        operand->bit_offset = scrutiny_take_u8(exchange);
        operand->bit_size = scrutiny_take_u8(exchange);
        *good = *good && bit_field_is_good(operand);
    }
    *good = *good && size > 0;
    return scrutiny_memory_check(exchange->config, operand->source.address,
                                 size / SCRUTINY_OCTETS_PER_CHAR, false);
}

static scrutiny_code_t take_operand(scrutiny_exchange_t *exchange, scrutiny_operand_t *operand,
                                    bool *good) {
    operand->kind = scrutiny_take_u8(exchange);
    switch (operand->kind) {
    case SCRUTINY_OPERAND_LITERAL:
        operand->source.size = scrutiny_take_u32(exchange);
        *good = *good && (operand->source.size & FLOAT_EXPONENT) != FLOAT_EXPONENT;
        break;
    case SCRUTINY_OPERAND_VAR:
    case SCRUTINY_OPERAND_VAR_BIT:
        return take_variable(exchange, operand, good);
    case SCRUTINY_OPERAND_RPV:
        operand->source.published = take_published(exchange);
        if (operand->source.published == NULL) {
            return SCRUTINY_CODE_FAILURE_TO_PROCEED;
        }
        break;
    default:
        exchange->truncated = true;
        break;
    }
    return SCRUTINY_CODE_OK;
}

static scrutiny_code_t take_signal(scrutiny_exchange_t *exchange, scrutiny_signal_t *signal) {
    signal->kind = scrutiny_take_u8(exchange);
    switch (signal->kind) {
    case SCRUTINY_SIGNAL_MEMORY:
        signal->source.address = scrutiny_take_address(exchange);
        signal->size = scrutiny_take_u8(exchange);
        return scrutiny_memory_check(exchange->config, signal->source.address, signal->size, false);
    case SCRUTINY_SIGNAL_RPV:
        signal->source.published = take_published(exchange);
        if (signal->source.published == NULL) {
            return SCRUTINY_CODE_FAILURE_TO_PROCEED;
        }
        signal->size = (uint_least8_t)(SCRUTINY_TYPE_SIZE(signal->source.published->type) /
                                       SCRUTINY_OCTETS_PER_CHAR);
        break;
    case SCRUTINY_SIGNAL_TIME:
        signal->size = TIME_OCTETS / SCRUTINY_OCTETS_PER_CHAR;
        break;
    default:
        exchange->truncated = true;
        break;
    }
    return SCRUTINY_CODE_OK;
}

/* ---- The whole --------------------------------------------------------------------------------
 */

static void take_header(scrutiny_exchange_t *exchange, scrutiny_datalog_setup_t *setup) {
    setup->loop_id = scrutiny_take_u8(exchange);
    setup->config_id = scrutiny_take_u16(exchange);
    setup->decimation = scrutiny_take_u16(exchange);
    setup->probe_location = scrutiny_take_u8(exchange);
    setup->timeout_100ns = scrutiny_take_u32(exchange);
    setup->condition = scrutiny_take_u8(exchange);
    setup->hold_100ns = scrutiny_take_u32(exchange);
    setup->operand_count = scrutiny_take_u8(exchange);
}

static scrutiny_code_t check_loop(const scrutiny_config_t *config, uint_least8_t loop_id) {
    if (loop_id >= config->loop_count) {
        return SCRUTINY_CODE_FAILURE_TO_PROCEED;
    }
    return config->loops[loop_id].datalogging ? SCRUTINY_CODE_OK : SCRUTINY_CODE_FORBIDDEN;
}

/* Add up the signals: none of them may be empty, and one entry has to fit the buffer. */
static scrutiny_code_t measure_entry(const scrutiny_config_t *config,
                                     scrutiny_datalog_setup_t *setup) {
    for (size_t i = 0; i < setup->signal_count; i++) { /* at most 254 x 255: 16 bits hold it */
        if (setup->signals[i].size == 0) {
            return SCRUTINY_CODE_INVALID_REQUEST;
        }
        setup->entry_size += setup->signals[i].size;
    }
    if (setup->entry_size == 0) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    return setup->entry_size > config->datalog_buffer_size ? SCRUTINY_CODE_OVERFLOW
                                                           : SCRUTINY_CODE_OK;
}

/* What the loop would otherwise have to work out again and again. */
static void prepare(const scrutiny_config_t *config, scrutiny_datalog_setup_t *setup) {
    size_t buffer_size = config->datalog_buffer_size;
    unsigned int share = 255u - setup->probe_location; /* of 256; in two steps, not to overflow */
    setup->ring_size = buffer_size - buffer_size % setup->entry_size;
    setup->share_chars = buffer_size / 256u * share + buffer_size % 256u * share / 256u;
    setup->period_100ns = config->loops[setup->loop_id].period_100ns;
    scrutiny_trigger_prepare(setup);
}

/* Where several things are wrong, the order of the checks decides which one is told. */
scrutiny_code_t scrutiny_datalog_parse_setup(scrutiny_exchange_t *exchange,
                                             scrutiny_datalog_setup_t *setup) {
    scrutiny_code_t operands = SCRUTINY_CODE_OK;
    scrutiny_code_t signals = SCRUTINY_CODE_OK;
    bool good = true;
    take_header(exchange, setup);
    if (exchange->truncated) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    if (setup->operand_count > OPERANDS_MAX) {
        return SCRUTINY_CODE_OVERFLOW;
    }
    for (size_t i = 0; i < setup->operand_count; i++) {
        scrutiny_code_t code = take_operand(exchange, &setup->operands[i], &good);
        operands = operands != SCRUTINY_CODE_OK ? operands : code;
    }
    setup->signal_count = scrutiny_take_u8(exchange);
    if (!exchange->truncated && setup->signal_count > SCRUTINY_DATALOG_MAX_SIGNALS) {
        return SCRUTINY_CODE_OVERFLOW;
    }
    for (size_t i = 0; i < setup->signal_count && !exchange->truncated; i++) {
        scrutiny_code_t code = take_signal(exchange, &setup->signals[i]);
        signals = signals != SCRUTINY_CODE_OK ? signals : code;
    }
    if (!scrutiny_all_taken(exchange)) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    scrutiny_code_t code = check_loop(exchange->config, setup->loop_id);
    if (code == SCRUTINY_CODE_OK) {
        code = signals != SCRUTINY_CODE_OK ? signals : operands;
    }
    if (code == SCRUTINY_CODE_OK &&
        (!good || setup->decimation == 0 ||
         setup->operand_count != scrutiny_condition_operands(setup->condition))) {
        code = SCRUTINY_CODE_INVALID_REQUEST;
    }
    if (code == SCRUTINY_CODE_OK) {
        code = measure_entry(exchange->config, setup);
    }
    if (code == SCRUTINY_CODE_OK) {
        prepare(exchange->config, setup);
    }
    return code;
}

#endif
