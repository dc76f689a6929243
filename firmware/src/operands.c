#include "operands.h"

#if SCRUTINY_ENABLE_DATALOGGING

#include "chars.h"
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

/* ---- When a trigger is configured -------------------------------------------------------------
 */

/* Whether a literal without its fraction, `size` away from zero, is a widest integer. */
static bool fits_integer(uint32_t literal, const scrutiny_distance_t *size) {
    return !size->top && ((literal & SCRUTINY_REAL_SIGN) == 0 || size->low <= WIDE_SINT_MAX + 1u);
}

static bool literal_is_integer(uint32_t literal) {
    scrutiny_distance_t size;
    return scrutiny_real_distance(literal, &size) && scrutiny_real_is_whole(literal) &&
           fits_integer(literal, &size);
}

bool scrutiny_operand_is_integer(const scrutiny_operand_t *operand) {
    uint_least8_t type = operand->data_type;
    if (operand->kind == SCRUTINY_OPERAND_LITERAL) {
        return literal_is_integer(operand->source.size);
    }
    if (operand->kind == SCRUTINY_OPERAND_RPV) {
        type = operand->source.published->type;
    }
    return SCRUTINY_TYPE_KIND(type) != SCRUTINY_KIND_FLOAT;
}

static void set_literal(scrutiny_operand_t *operand, bool as_integer) {
    uint32_t literal = operand->source.size;
    scrutiny_distance_t size;
    operand->data_type = SCRUTINY_TYPE_FLOAT32;
    operand->bit_offset = 0;
    if (!as_integer || !scrutiny_real_distance(literal, &size) || !fits_integer(literal, &size)) {
        return;
    }
    operand->data_type =
        (literal & SCRUTINY_REAL_SIGN) != 0 && size.low > 0 ? WIDE_SINT_TYPE : WIDE_UINT_TYPE;
    while (size.low > UINT32_MAX) { /* what moves out are zeros */
        size.low >>= 1;
        operand->bit_offset++;
    }
    operand->source.size = (uint32_t)size.low;
}

void scrutiny_operand_prepare(scrutiny_operand_t *operand, bool as_integer) {
    switch (operand->kind) {
    case SCRUTINY_OPERAND_LITERAL:
        set_literal(operand, as_integer);
        break;
    case SCRUTINY_OPERAND_VAR_BIT:
        break;
    case SCRUTINY_OPERAND_RPV:
        operand->data_type = operand->source.published->type;
        /* fall through */
    default:
        operand->bit_offset = 0;
        operand->bit_size = (uint_least8_t)(SCRUTINY_TYPE_SIZE(operand->data_type) * 8u);
        break;
    }
}

/* ---- In the loop ------------------------------------------------------------------------------
 */

/* The integer of a value: all that lies in its memory, as an unsigned number. */
static scrutiny_wide_uint_t bits_of_value(const scrutiny_value_t *value, size_t size) {
#if SCRUTINY_ENABLE_64BIT
    scrutiny_wide_uint_t bits = value->as_uint64;
#else
    scrutiny_wide_uint_t bits = value->as_uint32;
#endif
    return SCRUTINY_BIG_ENDIAN ? bits >> (8u * (sizeof(bits) * CHAR_BIT / 8u - size)) : bits;
}

static void set_integer(scrutiny_number_t *number, const scrutiny_operand_t *operand,
                        const scrutiny_value_t *value) {
    scrutiny_wide_uint_t bits = bits_of_value(value, SCRUTINY_TYPE_SIZE(operand->data_type));
    scrutiny_wide_uint_t top = (scrutiny_wide_uint_t)1 << (operand->bit_size - 1u);
    bits = (bits >> operand->bit_offset) & (top | (top - 1u));
    if (SCRUTINY_TYPE_KIND(operand->data_type) == SCRUTINY_KIND_SINT) {
        number->is_negative = (bits & top) != 0;
        bits = (bits ^ top) - top; /* extends the sign */
    }
    number->value.integer = bits;
}

static void set_real(scrutiny_number_t *number, uint_least8_t type, const scrutiny_value_t *value) {
    number->is_real = true;
    number->value.real = value->as_float32;
#if SCRUTINY_HAS_FLOAT64
    if (type == SCRUTINY_TYPE_FLOAT64) {
        number->value.real = (float)value->as_float64;
    }
#else
    (void)type;
#endif
}

static void fetch_literal(const scrutiny_operand_t *operand, scrutiny_number_t *number) {
    scrutiny_wide_uint_t size = (scrutiny_wide_uint_t)operand->source.size << operand->bit_offset;
    number->is_real = operand->data_type == SCRUTINY_TYPE_FLOAT32;
    number->is_negative = operand->data_type == WIDE_SINT_TYPE;
    if (number->is_real) {
        number->value.real = operand->source.real;
    } else {
        number->value.integer = number->is_negative ? 0u - size : size;
    }
}

bool scrutiny_operand_fetch(const scrutiny_config_t *config, const scrutiny_operand_t *operand,
                            scrutiny_number_t *number) {
    scrutiny_value_t value;
    (void)config;
    number->is_real = false;
    number->is_negative = false;
    switch (operand->kind) {
    case SCRUTINY_OPERAND_LITERAL:
        fetch_literal(operand, number);
        return true;
#if SCRUTINY_ENABLE_PUBLISHED_VALUES
    case SCRUTINY_OPERAND_RPV:
        if (!scrutiny_published_read(config, operand->source.published, &value)) {
            return false;
        }
        break;
#endif
    default:
        scrutiny_clear_value(&value);
        scrutiny_copy_words((unsigned char *)&value,
                            SCRUTINY_ADDRESS_TO_POINTER(operand->source.address),
                            SCRUTINY_TYPE_SIZE(operand->data_type) / SCRUTINY_OCTETS_PER_CHAR);
        break;
    }
    if (SCRUTINY_TYPE_KIND(operand->data_type) == SCRUTINY_KIND_FLOAT) {
        set_real(number, operand->data_type, &value);
    } else {
        set_integer(number, operand, &value);
    }
    return true;
}

#endif
