#include "operands.h"

#if SCRUTINY_ENABLE_DATALOGGING

#include <string.h>

#include "data_types.h"
#include "published.h"

#if SCRUTINY_ENABLE_64BIT
#define WIDE_UINT_TYPE SCRUTINY_TYPE_UINT64
#define WIDE_SINT_TYPE SCRUTINY_TYPE_SINT64
#define WIDE_SINT_MIN (-9223372036854775808.0f) /* -2^63 */
#else
#define WIDE_UINT_TYPE SCRUTINY_TYPE_UINT32
#define WIDE_SINT_TYPE SCRUTINY_TYPE_SINT32
#define WIDE_SINT_MIN (-2147483648.0f) /* -2^31 */
#endif
#define WHOLE_FROM 8388608.0f /* 2^23: from here on a float32 has no room for a fraction */

/* ---- When a trigger is configured -------------------------------------------------------------
 */

static bool is_whole(float value) {
    return value <= -WHOLE_FROM || value >= WHOLE_FROM || (float)(int32_t)value == value;
}

static bool fits_integer(float value) {
    return value >= WIDE_SINT_MIN && value < SCRUTINY_WIDE_UINT_END;
}

bool scrutiny_operand_is_integer(const scrutiny_t *scrutiny, const scrutiny_operand_t *operand) {
    uint_least8_t type = operand->data_type;
    (void)scrutiny;
    if (operand->kind == SCRUTINY_OPERAND_LITERAL) {
        return is_whole(operand->source.real) && fits_integer(operand->source.real);
    }
#if SCRUTINY_ENABLE_PUBLISHED_VALUES
    if (operand->kind == SCRUTINY_OPERAND_RPV) {
        type = scrutiny->config->published_values[operand->source.value_index].type;
    }
#endif
    return SCRUTINY_TYPE_KIND(type) != SCRUTINY_KIND_FLOAT;
}

void scrutiny_operand_set_literal(scrutiny_operand_t *operand, bool as_integer) {
    float value = operand->source.real;
    operand->data_type = SCRUTINY_TYPE_FLOAT32;
    if (!as_integer || !fits_integer(value)) {
        return;
    }
    if (value <= -1.0f) {
        operand->source.integer = 0u - (scrutiny_wide_uint_t)-value;
        operand->data_type = WIDE_SINT_TYPE;
    } else {
        operand->source.integer = value > 0.0f ? (scrutiny_wide_uint_t)value : 0u;
        operand->data_type = WIDE_UINT_TYPE;
    }
}

/* ---- In the loop ------------------------------------------------------------------------------
 */

static float to_real(scrutiny_wide_uint_t bits, unsigned int bit_count) {
    float value = 0.0f;
#if SCRUTINY_HAS_FLOAT64
    if (bit_count == 64) {
        double wide = 0.0;
        memcpy(&wide, &bits, sizeof(wide));
        return (float)wide;
    }
#else
    (void)bit_count;
#endif
    uint32_t low = (uint32_t)bits;
    memcpy(&value, &low, sizeof(value));
    return value;
}

/* The number that the low `bit_count` bits are; the others have to be 0. */
static void set_number(scrutiny_number_t *number, uint_least8_t type, scrutiny_wide_uint_t bits,
                       unsigned int bit_count) {
    uint_least8_t kind = SCRUTINY_TYPE_KIND(type);
    number->is_real = kind == SCRUTINY_KIND_FLOAT;
    number->is_negative = false;
    if (number->is_real) {
        number->value.real = to_real(bits, bit_count);
        return;
    }
    if (kind == SCRUTINY_KIND_SINT) {
        scrutiny_wide_uint_t sign = (scrutiny_wide_uint_t)1 << (bit_count - 1u);
        number->is_negative = (bits & sign) != 0;
        bits = (bits ^ sign) - sign;
    }
    number->value.integer = bits;
}

/* The word at an address, which need not be aligned. Copies of a constant size are single loads
 * where the processor allows it, so that no interrupt divides them. */
static scrutiny_wide_uint_t load(uintptr_t address, size_t size) {
    const unsigned char *source = SCRUTINY_ADDRESS_TO_POINTER(address);
    uint16_t two = 0;
    uint32_t four = 0;
    switch (size) {
    case 4:
        memcpy(&four, source, sizeof(four));
        return four;
    case 2:
        memcpy(&two, source, sizeof(two));
        return two;
#if SCRUTINY_ENABLE_64BIT
    case 8: {
        uint64_t eight = 0;
        memcpy(&eight, source, sizeof(eight));
        return eight;
    }
#endif
    default:
        return *source;
    }
}

static void fetch_variable(const scrutiny_operand_t *operand, scrutiny_number_t *number) {
    size_t size = scrutiny_type_size(operand->data_type);
    scrutiny_wide_uint_t bits = load(operand->source.address, size);
    set_number(number, operand->data_type, bits, (unsigned int)(size * 8u));
}

static void fetch_bit_field(const scrutiny_operand_t *operand, scrutiny_number_t *number) {
    size_t size = scrutiny_type_size(operand->data_type);
    scrutiny_wide_uint_t bits = load(operand->source.address, size) >> operand->bit_offset;
    scrutiny_wide_uint_t top = (scrutiny_wide_uint_t)1 << (operand->bit_size - 1u);
    set_number(number, operand->data_type, bits & (top | (top - 1u)), operand->bit_size);
}

#if SCRUTINY_ENABLE_PUBLISHED_VALUES
static bool fetch_published(const scrutiny_t *scrutiny, const scrutiny_operand_t *operand,
                            scrutiny_number_t *number) {
    const scrutiny_published_value_t *definition =
        &scrutiny->config->published_values[operand->source.value_index];
    scrutiny_value_t value;
    if (!scrutiny_published_read(scrutiny, definition, &value)) {
        return false;
    }
    uint_least8_t type = definition->type;
    unsigned int bit_count = (unsigned int)(scrutiny_type_size(type) * 8u);
    scrutiny_wide_uint_t top = (scrutiny_wide_uint_t)1 << (bit_count - 1u);
    set_number(number, type, scrutiny_value_to_bits(type, &value) & (top | (top - 1u)), bit_count);
    return true;
}
#endif

static void fetch_literal(const scrutiny_operand_t *operand, scrutiny_number_t *number) {
    number->is_real = operand->data_type == SCRUTINY_TYPE_FLOAT32;
    number->is_negative = operand->data_type == WIDE_SINT_TYPE;
    if (number->is_real) {
        number->value.real = operand->source.real;
    } else {
        number->value.integer = operand->source.integer;
    }
}

bool scrutiny_operand_fetch(const scrutiny_t *scrutiny, const scrutiny_operand_t *operand,
                            scrutiny_number_t *number) {
    (void)scrutiny;
    switch (operand->kind) {
    case SCRUTINY_OPERAND_VAR:
        fetch_variable(operand, number);
        return true;
    case SCRUTINY_OPERAND_VAR_BIT:
        fetch_bit_field(operand, number);
        return true;
#if SCRUTINY_ENABLE_PUBLISHED_VALUES
    case SCRUTINY_OPERAND_RPV:
        return fetch_published(scrutiny, operand, number);
#endif
    default:
        fetch_literal(operand, number);
        return true;
    }
}

#endif
