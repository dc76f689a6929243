#include "datalog_setup.h"

#if SCRUTINY_ENABLE_DATALOGGING

#include <string.h>

#include "chars.h"
#include "data_types.h"
#include "encoder.h"
#include "memory.h"
#include "operands.h"
#include "published.h"
#include "trigger.h"

#define OPERANDS_MAX 3u
#define FLOAT_EXPONENT UINT32_C(0x7F800000)
#define UNKNOWN_VALUE 0xFFFFu /* a table of 65535 ends before this index */

/* ---- Parsing ----------------------------------------------------------------------------------
 */

static uint_least16_t take_value_index(const scrutiny_t *scrutiny, scrutiny_reader_t *reader) {
    uint_least16_t id = scrutiny_take_u16(reader);
#if SCRUTINY_ENABLE_PUBLISHED_VALUES
    const scrutiny_published_value_t *definition = scrutiny_published_find(scrutiny, id);
    if (definition != NULL && scrutiny->config->read_value != NULL) {
        return (uint_least16_t)(definition - scrutiny->config->published_values);
    }
#else
    (void)scrutiny;
    (void)id;
#endif
    return UNKNOWN_VALUE;
}

static float take_float(scrutiny_reader_t *reader) {
    uint32_t bits = scrutiny_take_u32(reader);
    float value = 0.0f;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static void take_operand(const scrutiny_t *scrutiny, scrutiny_reader_t *reader,
                         scrutiny_operand_t *operand) {
    operand->kind = scrutiny_take_u8(reader);
    switch (operand->kind) {
    case SCRUTINY_OPERAND_LITERAL:
        operand->source.real = take_float(reader);
        break;
    case SCRUTINY_OPERAND_VAR:
        operand->data_type = scrutiny_take_u8(reader);
        operand->source.address = scrutiny_take_address(reader);
        break;
    case SCRUTINY_OPERAND_VAR_BIT:
        operand->data_type = scrutiny_take_u8(reader);
        operand->source.address = scrutiny_take_address(reader);
        operand->bit_offset = scrutiny_take_u8(reader);
        operand->bit_size = scrutiny_take_u8(reader);
        break;
    case SCRUTINY_OPERAND_RPV:
        operand->source.value_index = take_value_index(scrutiny, reader);
        break;
    default:
        reader->failed = true;
        break;
    }
}

static void take_signal(const scrutiny_t *scrutiny, scrutiny_reader_t *reader,
                        scrutiny_signal_t *signal) {
    signal->kind = scrutiny_take_u8(reader);
    switch (signal->kind) {
    case SCRUTINY_SIGNAL_MEMORY:
        signal->source.address = scrutiny_take_address(reader);
        signal->size = scrutiny_take_u8(reader);
        break;
    case SCRUTINY_SIGNAL_RPV:
        signal->source.value_index = take_value_index(scrutiny, reader);
        break;
    case SCRUTINY_SIGNAL_TIME:
        break;
    default:
        reader->failed = true;
        break;
    }
}

static void take_header(scrutiny_reader_t *reader, scrutiny_datalog_setup_t *setup) {
    setup->loop_id = scrutiny_take_u8(reader);
    setup->config_id = scrutiny_take_u16(reader);
    setup->decimation = scrutiny_take_u16(reader);
    setup->probe_location = scrutiny_take_u8(reader);
    setup->timeout_100ns = scrutiny_take_u32(reader);
    setup->condition = scrutiny_take_u8(reader);
    setup->hold_100ns = scrutiny_take_u32(reader);
    setup->operand_count = scrutiny_take_u8(reader);
}

static scrutiny_code_t take_all(const scrutiny_t *scrutiny, scrutiny_reader_t *reader,
                                scrutiny_datalog_setup_t *setup) {
    take_header(reader, setup);
    if (reader->failed) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    if (setup->operand_count > OPERANDS_MAX) {
        return SCRUTINY_CODE_OVERFLOW;
    }
    for (size_t i = 0; i < setup->operand_count; i++) {
        take_operand(scrutiny, reader, &setup->operands[i]);
    }
    setup->signal_count = scrutiny_take_u8(reader);
    if (reader->failed) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    if (setup->signal_count > SCRUTINY_DATALOG_MAX_SIGNALS) {
        return SCRUTINY_CODE_OVERFLOW;
    }
    for (size_t i = 0; i < setup->signal_count; i++) {
        take_signal(scrutiny, reader, &setup->signals[i]);
    }
    return reader->failed || reader->left > 0 ? SCRUTINY_CODE_INVALID_REQUEST : SCRUTINY_CODE_OK;
}

/* ---- Checking ---------------------------------------------------------------------------------
 */

static scrutiny_code_t check_loop(const scrutiny_t *scrutiny,
                                  const scrutiny_datalog_setup_t *setup) {
    if (setup->loop_id >= scrutiny->config->loop_count) {
        return SCRUTINY_CODE_FAILURE_TO_PROCEED;
    }
    return scrutiny->config->loops[setup->loop_id].datalogging ? SCRUTINY_CODE_OK
                                                               : SCRUTINY_CODE_FORBIDDEN;
}

static scrutiny_code_t check_range(const scrutiny_t *scrutiny, uintptr_t address,
                                   size_t char_count) {
    if (!scrutiny_memory_exists(address, char_count)) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    return scrutiny_memory_is_forbidden(scrutiny, address, char_count) ? SCRUTINY_CODE_FORBIDDEN
                                                                       : SCRUTINY_CODE_OK;
}

static scrutiny_code_t check_value_index(uint_least16_t index) {
    return index == UNKNOWN_VALUE ? SCRUTINY_CODE_FAILURE_TO_PROCEED : SCRUTINY_CODE_OK;
}

static scrutiny_code_t check_operand_source(const scrutiny_t *scrutiny,
                                            const scrutiny_operand_t *operand) {
    switch (operand->kind) {
    case SCRUTINY_OPERAND_VAR:
    case SCRUTINY_OPERAND_VAR_BIT:
        return check_range(scrutiny, operand->source.address,
                           scrutiny_type_size(operand->data_type) / SCRUTINY_OCTETS_PER_CHAR);
    case SCRUTINY_OPERAND_RPV:
        return check_value_index(operand->source.value_index);
    default:
        return SCRUTINY_CODE_OK;
    }
}

static scrutiny_code_t check_signal_source(const scrutiny_t *scrutiny,
                                           const scrutiny_signal_t *signal) {
    switch (signal->kind) {
    case SCRUTINY_SIGNAL_MEMORY:
        return check_range(scrutiny, signal->source.address, signal->size);
    case SCRUTINY_SIGNAL_RPV:
        return check_value_index(signal->source.value_index);
    default:
        return SCRUTINY_CODE_OK;
    }
}

/* Where operands and signals both fail, the answer is that of the signals. */
static scrutiny_code_t check_sources(const scrutiny_t *scrutiny,
                                     const scrutiny_datalog_setup_t *setup) {
    scrutiny_code_t operands = SCRUTINY_CODE_OK;
    scrutiny_code_t signals = SCRUTINY_CODE_OK;
    for (size_t i = 0; i < setup->operand_count && operands == SCRUTINY_CODE_OK; i++) {
        operands = check_operand_source(scrutiny, &setup->operands[i]);
    }
    for (size_t i = 0; i < setup->signal_count && signals == SCRUTINY_CODE_OK; i++) {
        signals = check_signal_source(scrutiny, &setup->signals[i]);
    }
    return signals != SCRUTINY_CODE_OK ? signals : operands;
}

static bool literal_is_finite(float literal) {
    uint32_t bits = 0;
    memcpy(&bits, &literal, sizeof(bits));
    return (bits & FLOAT_EXPONENT) != FLOAT_EXPONENT;
}

static bool bit_field_is_good(const scrutiny_operand_t *operand) {
    unsigned int end = (unsigned int)operand->bit_offset + operand->bit_size;
    return SCRUTINY_TYPE_KIND(operand->data_type) != SCRUTINY_KIND_FLOAT && operand->bit_size > 0 &&
           end <= scrutiny_type_size(operand->data_type) * 8u;
}

static bool operand_is_good(const scrutiny_operand_t *operand) {
    switch (operand->kind) {
    case SCRUTINY_OPERAND_LITERAL:
        return literal_is_finite(operand->source.real);
    case SCRUTINY_OPERAND_VAR:
        return scrutiny_type_size(operand->data_type) > 0;
    case SCRUTINY_OPERAND_VAR_BIT:
        return bit_field_is_good(operand);
    default:
        return true;
    }
}

static bool trigger_is_good(const scrutiny_datalog_setup_t *setup) {
    if (setup->operand_count != scrutiny_condition_operands(setup->condition)) {
        return false;
    }
    for (size_t i = 0; i < setup->operand_count; i++) {
        if (!operand_is_good(&setup->operands[i])) {
            return false;
        }
    }
    return true;
}

/* Add up the signals: none of them may be empty, and one entry has to fit the buffer. */
static scrutiny_code_t measure_entry(const scrutiny_t *scrutiny, scrutiny_datalog_setup_t *setup) {
    size_t buffer_size = scrutiny->datalogger.encoder.size;
    setup->entry_size = 0; /* at most 254 x 255: a size_t of 16 bits holds it */
    for (size_t i = 0; i < setup->signal_count; i++) {
        size_t size = scrutiny_signal_size(scrutiny, &setup->signals[i]);
        if (size == 0) {
            return SCRUTINY_CODE_INVALID_REQUEST;
        }
        setup->entry_size += size;
    }
    if (setup->signal_count == 0) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    if (setup->entry_size > buffer_size) {
        return SCRUTINY_CODE_OVERFLOW;
    }
    return SCRUTINY_CODE_OK;
}

/* What the loop would otherwise have to work out again and again. */
static void prepare(const scrutiny_t *scrutiny, scrutiny_datalog_setup_t *setup) {
    size_t buffer_size = scrutiny->datalogger.encoder.size;
    uint32_t share = 255u - setup->probe_location; /* of 256; in two steps, for 32 bits to do */
    setup->ring_size = buffer_size - buffer_size % setup->entry_size;
    setup->share_chars =
        (uint32_t)(buffer_size / 256u) * share + (uint32_t)(buffer_size % 256u) * share / 256u;
    setup->period_100ns = scrutiny->config->loops[setup->loop_id].period_100ns;
    scrutiny_trigger_prepare(scrutiny, setup);
}

scrutiny_code_t scrutiny_datalog_parse_setup(const scrutiny_t *scrutiny,
                                             const scrutiny_request_t *request,
                                             scrutiny_datalog_setup_t *setup) {
    scrutiny_reader_t reader = scrutiny_reader(request->payload, request->size);
    scrutiny_code_t code = take_all(scrutiny, &reader, setup);
    if (code == SCRUTINY_CODE_OK) {
        code = check_loop(scrutiny, setup);
    }
    if (code == SCRUTINY_CODE_OK) {
        code = check_sources(scrutiny, setup);
    }
    if (code == SCRUTINY_CODE_OK && (setup->decimation == 0 || !trigger_is_good(setup))) {
        code = SCRUTINY_CODE_INVALID_REQUEST;
    }
    if (code == SCRUTINY_CODE_OK) {
        code = measure_entry(scrutiny, setup);
    }
    if (code == SCRUTINY_CODE_OK) {
        prepare(scrutiny, setup);
    }
    return code;
}

#endif
