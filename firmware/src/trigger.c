#include "trigger.h"

#if SCRUTINY_ENABLE_DATALOGGING

#include <string.h>

#include "chars.h"
#include "data_types.h"
#include "published.h"

#if SCRUTINY_ENABLE_64BIT
#define WIDE_UINT_MAX UINT64_MAX
#define WIDE_UINT_END 18446744073709551616.0f
#else
#define WIDE_UINT_MAX UINT32_MAX
#define WIDE_UINT_END 4294967296.0f
#endif
#define NUMBER_OCTETS_MAX 8u

typedef enum {
    LESS,
    EQUAL,
    GREATER,
    UNORDERED
} relation_t;

uint_least8_t scrutiny_condition_operands(uint_least8_t condition) {
    if (condition == SCRUTINY_CONDITION_ALWAYS_TRUE) {
        return 0;
    }
    if (condition <= SCRUTINY_CONDITION_CHANGE_MORE_THAN) {
        return 2;
    }
    return condition == SCRUTINY_CONDITION_IS_WITHIN ? 3 : 0xFF;
}

/* ---- Operands ---------------------------------------------------------------------------------
 */

static scrutiny_number_t from_uint(scrutiny_wide_uint_t value) {
    scrutiny_number_t number;
    number.kind = SCRUTINY_KIND_UINT;
    number.value.as_uint = value;
    return number;
}

static scrutiny_number_t from_sint(scrutiny_wide_sint_t value) {
    scrutiny_number_t number;
    number.kind = SCRUTINY_KIND_SINT;
    number.value.as_sint = value;
    return number;
}

static scrutiny_number_t from_float(float value) {
    scrutiny_number_t number;
    number.kind = SCRUTINY_KIND_FLOAT;
    number.value.as_float = value;
    return number;
}

static scrutiny_number_t from_float_bits(scrutiny_wide_uint_t bits, unsigned int bit_count) {
    float value = 0.0f;
#if SCRUTINY_HAS_FLOAT64
    if (bit_count == 64) {
        double wide = 0.0;
        memcpy(&wide, &bits, sizeof(wide));
        return from_float((float)wide);
    }
#else
    (void)bit_count;
#endif
    uint32_t low = (uint32_t)bits;
    memcpy(&value, &low, sizeof(value));
    return from_float(value);
}

static scrutiny_number_t from_bits(uint_least8_t type, scrutiny_wide_uint_t bits,
                                   unsigned int bit_count) {
    switch (SCRUTINY_TYPE_KIND(type)) {
    case SCRUTINY_KIND_SINT:
        return from_sint(scrutiny_to_signed(bits, bit_count));
    case SCRUTINY_KIND_FLOAT:
        return from_float_bits(bits, bit_count);
    default:
        return from_uint(bits);
    }
}

/* The word of `size` octets at an address, which need not be aligned. */
static scrutiny_wide_uint_t load(uintptr_t address, size_t size) {
    scrutiny_octet_t octets[NUMBER_OCTETS_MAX];
    scrutiny_wide_uint_t bits = 0;
    scrutiny_chars_to_octets(octets, SCRUTINY_ADDRESS_TO_POINTER(address),
                             size / SCRUTINY_OCTETS_PER_CHAR);
    for (size_t i = 0; i < size; i++) {
        bits = (bits << 8) | octets[SCRUTINY_BIG_ENDIAN ? i : size - 1 - i];
    }
    return bits;
}

static scrutiny_number_t load_variable(const scrutiny_operand_t *operand) {
    size_t size = scrutiny_type_size(operand->data_type);
    scrutiny_wide_uint_t bits = load(operand->source.address, size);
    return from_bits(operand->data_type, bits, (unsigned int)(size * 8u));
}

static scrutiny_number_t load_bit_field(const scrutiny_operand_t *operand) {
    size_t size = scrutiny_type_size(operand->data_type);
    scrutiny_wide_uint_t bits = load(operand->source.address, size) >> operand->bit_offset;
    scrutiny_wide_uint_t top = (scrutiny_wide_uint_t)1 << (operand->bit_size - 1u);
    bits &= top | (top - 1u);
    return from_bits(operand->data_type, bits, operand->bit_size);
}

#if SCRUTINY_ENABLE_PUBLISHED_VALUES
static bool load_published(const scrutiny_t *scrutiny, const scrutiny_operand_t *operand,
                           scrutiny_number_t *number) {
    const scrutiny_published_value_t *definition =
        &scrutiny->config->published_values[operand->source.value_index];
    scrutiny_value_t value;
    if (!scrutiny_published_read(scrutiny, definition, &value)) {
        return false;
    }
    *number = from_bits(definition->type, scrutiny_value_to_bits(definition->type, &value),
                        (unsigned int)(scrutiny_type_size(definition->type) * 8u));
    return true;
}
#endif

static bool fetch(const scrutiny_t *scrutiny, const scrutiny_operand_t *operand,
                  scrutiny_number_t *number) {
    (void)scrutiny;
    switch (operand->kind) {
    case SCRUTINY_OPERAND_VAR:
        *number = load_variable(operand);
        return true;
    case SCRUTINY_OPERAND_VAR_BIT:
        *number = load_bit_field(operand);
        return true;
#if SCRUTINY_ENABLE_PUBLISHED_VALUES
    case SCRUTINY_OPERAND_RPV:
        return load_published(scrutiny, operand, number);
#endif
    default:
        *number = from_float(operand->source.literal);
        return true;
    }
}

/* ---- Arithmetic: exact between integers, float32 as soon as one side is a float. --------------
 */

static bool is_float(const scrutiny_number_t *number) {
    return number->kind == SCRUTINY_KIND_FLOAT;
}

static bool is_negative(const scrutiny_number_t *number) {
    if (is_float(number)) {
        return number->value.as_float < 0.0f;
    }
    return number->kind == SCRUTINY_KIND_SINT && number->value.as_sint < 0;
}

static float to_float(const scrutiny_number_t *number) {
    switch (number->kind) {
    case SCRUTINY_KIND_FLOAT:
        return number->value.as_float;
    case SCRUTINY_KIND_SINT:
        return (float)number->value.as_sint;
    default:
        return (float)number->value.as_uint;
    }
}

/* Distance from zero; of a float, with the fraction cut off, and limited to the type's range. */
static scrutiny_wide_uint_t magnitude(const scrutiny_number_t *number) {
    if (is_float(number)) {
        float value = number->value.as_float;
        float positive = value < 0.0f ? -value : value;
        return positive < WIDE_UINT_END ? (scrutiny_wide_uint_t)positive : WIDE_UINT_MAX;
    }
    if (is_negative(number)) {
        return (scrutiny_wide_uint_t)(-(number->value.as_sint + 1)) + 1u;
    }
    return number->kind == SCRUTINY_KIND_SINT ? (scrutiny_wide_uint_t)number->value.as_sint
                                              : number->value.as_uint;
}

static relation_t compare_floats(float a, float b) {
    if (a < b) {
        return LESS;
    }
    if (a > b) {
        return GREATER;
    }
    return a == b ? EQUAL : UNORDERED;
}

static relation_t compare(const scrutiny_number_t *a, const scrutiny_number_t *b) {
    if (is_float(a) || is_float(b)) {
        return compare_floats(to_float(a), to_float(b));
    }
    bool negative = is_negative(a);
    if (negative != is_negative(b)) {
        return negative ? LESS : GREATER;
    }
    scrutiny_wide_uint_t size_a = magnitude(a);
    scrutiny_wide_uint_t size_b = magnitude(b);
    if (size_a == size_b) {
        return EQUAL;
    }
    return (size_a < size_b) != negative ? LESS : GREATER;
}

/* Whether integer `high` lies more than `distance` above integer `low`, which is not above it. */
static bool exceeds_by_more(const scrutiny_number_t *high, const scrutiny_number_t *low,
                            scrutiny_wide_uint_t distance) {
    scrutiny_wide_uint_t size_high = magnitude(high);
    scrutiny_wide_uint_t size_low = magnitude(low);
    if (is_negative(high)) {
        return size_low - size_high > distance;
    }
    if (!is_negative(low)) {
        return size_high - size_low > distance;
    }
    return size_high > distance || size_low > distance - size_high;
}

static bool is_within(const scrutiny_number_t *a, const scrutiny_number_t *b,
                      const scrutiny_number_t *margin) {
    if (is_float(a) || is_float(b) || is_float(margin)) {
        float difference = to_float(a) - to_float(b);
        float limit = to_float(margin);
        float distance = difference < 0.0f ? -difference : difference;
        return distance <= (limit < 0.0f ? -limit : limit);
    }
    bool above = compare(a, b) == GREATER;
    return !exceeds_by_more(above ? a : b, above ? b : a, magnitude(margin));
}

/* Whether `now` lies beyond `before` by more than `change`, on the side of its sign. */
static bool changed_more_than(const scrutiny_number_t *before, const scrutiny_number_t *now,
                              const scrutiny_number_t *change) {
    bool down = is_negative(change);
    if (is_float(now)) {
        float limit = to_float(before) + to_float(change);
        return down ? to_float(now) < limit : to_float(now) > limit;
    }
    if (down && magnitude(change) == 0) {
        down = false; /* a fraction of -1 counts as 0 */
    }
    if (compare(now, before) != (down ? LESS : GREATER)) {
        return false;
    }
    return exceeds_by_more(down ? before : now, down ? now : before, magnitude(change));
}

/* ---- Conditions -------------------------------------------------------------------------------
 */

static bool has_changed(scrutiny_trigger_t *trigger, const scrutiny_number_t *operands) {
    bool changed = trigger->previous_known &&
                   changed_more_than(&trigger->previous, &operands[0], &operands[1]);
    trigger->previous = operands[0];
    trigger->previous_known = true;
    return changed;
}

static bool is_true(scrutiny_trigger_t *trigger, uint_least8_t condition,
                    const scrutiny_number_t *operands) {
    if (condition == SCRUTINY_CONDITION_ALWAYS_TRUE) {
        return true;
    }
    if (condition == SCRUTINY_CONDITION_IS_WITHIN) {
        return is_within(&operands[0], &operands[1], &operands[2]);
    }
    if (condition == SCRUTINY_CONDITION_CHANGE_MORE_THAN) {
        return has_changed(trigger, operands);
    }
    relation_t relation = compare(&operands[0], &operands[1]);
    switch (condition) {
    case SCRUTINY_CONDITION_EQUAL:
        return relation == EQUAL;
    case SCRUTINY_CONDITION_NOT_EQUAL:
        return relation != EQUAL;
    case SCRUTINY_CONDITION_LESS_THAN:
        return relation == LESS;
    case SCRUTINY_CONDITION_LESS_OR_EQUAL:
        return relation == LESS || relation == EQUAL;
    case SCRUTINY_CONDITION_GREATER_THAN:
        return relation == GREATER;
    default:
        return relation == GREATER || relation == EQUAL;
    }
}

bool scrutiny_trigger_fires(scrutiny_t *scrutiny) {
    const scrutiny_datalog_setup_t *setup = &scrutiny->datalogger.setup;
    scrutiny_trigger_t *trigger = &scrutiny->datalogger.trigger;
    uint32_t now_100ns = scrutiny->datalogger.time_100ns;
    scrutiny_number_t operands[3];
    memset(operands, 0, sizeof(operands));
    for (size_t i = 0; i < setup->operand_count; i++) {
        if (!fetch(scrutiny, &setup->operands[i], &operands[i])) {
            return false;
        }
    }
    bool holds = is_true(trigger, setup->condition, operands);
    if (holds && !trigger->was_true) {
        trigger->latched_100ns = now_100ns;
    }
    trigger->was_true = holds;
    return holds && (uint32_t)(now_100ns - trigger->latched_100ns) >= setup->hold_100ns;
}

#endif
