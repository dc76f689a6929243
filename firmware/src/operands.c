#include "operands.h"

#if SCRUTINY_ENABLE_DATALOGGING

#include <string.h>

#include "data_types.h"
#include "numbers.h"
#include "published.h"
#include "words.h"

#if SCRUTINY_ENABLE_64BIT
#define WIDE_UINT_TYPE SCRUTINY_TYPE_UINT64
#define WIDE_SINT_TYPE SCRUTINY_TYPE_SINT64
#else
#define WIDE_UINT_TYPE SCRUTINY_TYPE_UINT32
#define WIDE_SINT_TYPE SCRUTINY_TYPE_SINT32
#endif
#define WIDE_SINT_MAX ((scrutiny_wide_uint_t)-1 / 2u)
#define AS_UINT(type) ((uint_least8_t)(((type)&0x0Fu) | (SCRUTINY_KIND_UINT << 4)))

/* ---- When a trigger is configured -------------------------------------------------------------
 */

/* Whether a literal without its fraction, `size` away from zero, is a widest integer. */
static bool fits_integer(float literal, const scrutiny_distance_t *size) {
    return !size->top && (literal > 0.0f || size->low <= WIDE_SINT_MAX + 1u);
}

static bool literal_is_integer(float literal) {
    scrutiny_distance_t size;
    return scrutiny_real_distance(literal, &size) && scrutiny_real_is_whole(literal) &&
           fits_integer(literal, &size);
}

bool scrutiny_operand_is_integer(const scrutiny_t *scrutiny, const scrutiny_operand_t *operand) {
    uint_least8_t type = operand->data_type;
    (void)scrutiny;
    if (operand->kind == SCRUTINY_OPERAND_LITERAL) {
        return literal_is_integer(operand->source.real);
    }
#if SCRUTINY_ENABLE_PUBLISHED_VALUES
    if (operand->kind == SCRUTINY_OPERAND_RPV) {
        type = scrutiny->config->published_values[operand->source.value_index].type;
    }
#endif
    return SCRUTINY_TYPE_KIND(type) != SCRUTINY_KIND_FLOAT;
}

static void set_literal(scrutiny_operand_t *operand, bool as_integer) {
    float literal = operand->source.real;
    scrutiny_distance_t size;
    operand->data_type = SCRUTINY_TYPE_FLOAT32;
    operand->bit_offset = 0;
    if (!as_integer || !scrutiny_real_distance(literal, &size) || !fits_integer(literal, &size)) {
        return;
    }
    operand->data_type = literal < 0.0f && size.low > 0 ? WIDE_SINT_TYPE : WIDE_UINT_TYPE;
    while (size.low > UINT32_MAX) { /* what moves out are zeros */
        size.low >>= 1;
        operand->bit_offset++;
    }
    operand->source.size = (uint32_t)size.low;
}

void scrutiny_operand_prepare(scrutiny_operand_t *operand, bool as_integer) {
    if (operand->kind == SCRUTINY_OPERAND_LITERAL) {
        set_literal(operand, as_integer);
    } else if (operand->data_type == SCRUTINY_TYPE_BOOL) {
        operand->data_type = AS_UINT(SCRUTINY_TYPE_BOOL);
    }
}

/* ---- In the loop ------------------------------------------------------------------------------
 */

static void set_number(scrutiny_number_t *number, uint_least8_t type,
                       const scrutiny_value_t *value) {
    uint_least8_t kind = SCRUTINY_TYPE_KIND(type);
    number->is_real = kind == SCRUTINY_KIND_FLOAT;
    if (number->is_real) {
        number->value.real = value->as_float32;
#if SCRUTINY_HAS_FLOAT64
        if (type == SCRUTINY_TYPE_FLOAT64) {
            number->value.real = (float)value->as_float64;
        }
#endif
        return;
    }
    number->value.integer = scrutiny_value_to_bits(type, value);
    number->is_negative = kind == SCRUTINY_KIND_SINT && number->value.integer > WIDE_SINT_MAX;
}

/* Copy a value from memory, where it need not be aligned. */
static void load(scrutiny_value_t *value, const scrutiny_operand_t *operand) {
    const unsigned char *source = SCRUTINY_ADDRESS_TO_POINTER(operand->source.address);
    switch (SCRUTINY_TYPE_SIZE(operand->data_type)) {
    case 4:
        value->as_uint32 = scrutiny_load_u32(source);
        break;
    case 2:
        value->as_uint16 = scrutiny_load_u16(source);
        break;
#if SCRUTINY_ENABLE_64BIT
    case 8: {
        uint32_t halves[2];
        halves[0] = scrutiny_load_u32(source);
        halves[1] = scrutiny_load_u32(source + sizeof(uint32_t));
        memcpy(value, halves, sizeof(halves));
        break;
    }
#endif
    default:
        memcpy(value, source, 1);
        break;
    }
}

static void fetch_variable(const scrutiny_operand_t *operand, scrutiny_number_t *number) {
    scrutiny_value_t value;
    load(&value, operand);
    set_number(number, operand->data_type, &value);
}

static void fetch_bit_field(const scrutiny_operand_t *operand, scrutiny_number_t *number) {
    scrutiny_value_t value;
    scrutiny_wide_uint_t top = (scrutiny_wide_uint_t)1 << (operand->bit_size - 1u);
    load(&value, operand);
    scrutiny_wide_uint_t bits = scrutiny_value_to_bits(AS_UINT(operand->data_type), &value);
    bits = (bits >> operand->bit_offset) & (top | (top - 1u));
    number->is_real = false;
    number->is_negative = false;
    if (SCRUTINY_TYPE_KIND(operand->data_type) == SCRUTINY_KIND_SINT) {
        number->is_negative = (bits & top) != 0;
        bits = (bits ^ top) - top; /* extends the sign */
    }
    number->value.integer = bits;
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
    set_number(number, definition->type, &value);
    return true;
}
#endif

static void fetch_literal(const scrutiny_operand_t *operand, scrutiny_number_t *number) {
    number->is_real = operand->data_type == SCRUTINY_TYPE_FLOAT32;
    number->is_negative = operand->data_type == WIDE_SINT_TYPE;
    if (number->is_real) {
        number->value.real = operand->source.real;
        return;
    }
    scrutiny_wide_uint_t size = (scrutiny_wide_uint_t)operand->source.size << operand->bit_offset;
    number->value.integer = number->is_negative ? 0u - size : size;
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
