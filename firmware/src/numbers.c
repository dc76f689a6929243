#include "numbers.h"

#if SCRUTINY_ENABLE_DATALOGGING

#include <string.h>

#include "trigger.h"

#define WIDE_BITS (sizeof(scrutiny_wide_uint_t) * CHAR_BIT)
#define WIDE_UINT_MAX ((scrutiny_wide_uint_t)-1)

/* A float32 is 1.fraction * 2^(exponent - bias). */
#define SIGN UINT32_C(0x80000000)
#define INFINITE UINT32_C(0x7F800000)
#define FRACTION_BITS 23u
#define LEADING_ONE (UINT32_C(1) << FRACTION_BITS)
#define BIAS 127u

typedef enum {
    LESS,
    EQUAL,
    GREATER
} relation_t;

/* ---- Float32 by its bits ----------------------------------------------------------------------
 */

static uint32_t bits_of(float value) {
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    return bits & ~SIGN;
}

bool scrutiny_real_distance(float value, scrutiny_distance_t *distance) {
    uint32_t bits = bits_of(value);
    uint32_t exponent = bits >> FRACTION_BITS;
    scrutiny_wide_uint_t digits = (bits & (LEADING_ONE - 1u)) | LEADING_ONE;
    distance->top = exponent >= BIAS + WIDE_BITS;
    if (exponent < BIAS) {
        distance->low = 0;
    } else if (exponent <= BIAS + FRACTION_BITS) {
        distance->low = digits >> (BIAS + FRACTION_BITS - exponent);
    } else if (exponent <= BIAS + WIDE_BITS) {
        distance->low = digits << (exponent - BIAS - FRACTION_BITS); /* the top moves out */
    } else {
        distance->low = WIDE_UINT_MAX;
    }
    return bits <= INFINITE;
}

bool scrutiny_real_is_whole(float value) {
    uint32_t bits = bits_of(value);
    uint32_t exponent = bits >> FRACTION_BITS;
    if (exponent < BIAS) {
        return bits == 0;
    }
    return exponent >= BIAS + FRACTION_BITS ||
           (bits & ((LEADING_ONE >> (exponent - BIAS)) - 1u)) == 0;
}

/* ---- Integers ---------------------------------------------------------------------------------
 */

static relation_t relation_of(const scrutiny_number_t *a, const scrutiny_number_t *b) {
    if (a->is_negative != b->is_negative) {
        return a->is_negative ? LESS : GREATER;
    }
    if (a->value.integer == b->value.integer) {
        return EQUAL;
    }
    return a->value.integer < b->value.integer ? LESS : GREATER; /* in two's complement, too */
}

static scrutiny_distance_t distance_up(const scrutiny_number_t *low,
                                       const scrutiny_number_t *high) {
    scrutiny_distance_t distance;
    distance.low = high->value.integer - low->value.integer;
    distance.top =
        low->is_negative && !high->is_negative && distance.low < high->value.integer; /* wrapped */
    return distance;
}

/* False for NaN. */
static bool distance_from_zero(const scrutiny_number_t *number, scrutiny_distance_t *distance) {
    if (number->is_real) {
        return scrutiny_real_distance(number->value.real, distance);
    }
    distance->top = false;
    distance->low = number->is_negative ? 0u - number->value.integer : number->value.integer;
    return true;
}

static bool is_longer(scrutiny_distance_t a, scrutiny_distance_t b) {
    return a.top != b.top ? a.top : a.low > b.low;
}

static bool integers_compare(uint_least8_t condition, const scrutiny_number_t *a,
                             const scrutiny_number_t *b) {
    relation_t relation = relation_of(a, b);
    switch (condition) {
    case SCRUTINY_CONDITION_EQUAL:
        return relation == EQUAL;
    case SCRUTINY_CONDITION_NOT_EQUAL:
        return relation != EQUAL;
    case SCRUTINY_CONDITION_LESS_THAN:
        return relation == LESS;
    case SCRUTINY_CONDITION_LESS_OR_EQUAL:
        return relation != GREATER;
    case SCRUTINY_CONDITION_GREATER_THAN:
        return relation == GREATER;
    default:
        return relation != LESS;
    }
}

static bool integers_are_within(const scrutiny_number_t *a, const scrutiny_number_t *b,
                                const scrutiny_number_t *margin) {
    scrutiny_distance_t limit;
    if (!distance_from_zero(margin, &limit)) {
        return false;
    }
    bool above = relation_of(a, b) == GREATER;
    return !is_longer(distance_up(above ? b : a, above ? a : b), limit);
}

/* Whether `now` lies beyond `before` by more than `change`, on the side of its sign. */
static bool integer_has_changed(const scrutiny_number_t *before, const scrutiny_number_t *now,
                                const scrutiny_number_t *change) {
    scrutiny_distance_t limit;
    if (!distance_from_zero(change, &limit)) {
        return false;
    }
    bool down = change->is_real ? change->value.real <= -1.0f : change->is_negative;
    if (relation_of(now, before) != (down ? LESS : GREATER)) {
        return false;
    }
    return is_longer(distance_up(down ? now : before, down ? before : now), limit);
}

/* ---- Float32 ----------------------------------------------------------------------------------
 */

static float to_real(const scrutiny_number_t *number) {
    if (number->is_real) {
        return number->value.real;
    }
    return number->is_negative ? -(float)(0u - number->value.integer)
                               : (float)number->value.integer;
}

static bool reals_compare(uint_least8_t condition, float a, float b) {
    switch (condition) {
    case SCRUTINY_CONDITION_EQUAL:
        return a == b;
    case SCRUTINY_CONDITION_NOT_EQUAL:
        return a != b;
    case SCRUTINY_CONDITION_LESS_THAN:
        return a < b;
    case SCRUTINY_CONDITION_LESS_OR_EQUAL:
        return a <= b;
    case SCRUTINY_CONDITION_GREATER_THAN:
        return a > b;
    default:
        return a >= b;
    }
}

static bool reals_are_within(float a, float b, float margin) {
    float difference = a - b;
    float distance = difference < 0.0f ? -difference : difference;
    return distance <= (margin < 0.0f ? -margin : margin);
}

static bool real_has_changed(float before, float now, float change) {
    float limit = before + change;
    return change < 0.0f ? now < limit : now > limit;
}

/* ---- Either -----------------------------------------------------------------------------------
 */

bool scrutiny_numbers_compare(uint_least8_t condition, bool exact, const scrutiny_number_t *a,
                              const scrutiny_number_t *b) {
    return exact ? integers_compare(condition, a, b)
                 : reals_compare(condition, to_real(a), to_real(b));
}

bool scrutiny_numbers_are_within(bool exact, const scrutiny_number_t *a, const scrutiny_number_t *b,
                                 const scrutiny_number_t *margin) {
    return exact ? integers_are_within(a, b, margin)
                 : reals_are_within(to_real(a), to_real(b), to_real(margin));
}

bool scrutiny_number_has_changed(bool exact, const scrutiny_number_t *before,
                                 const scrutiny_number_t *now, const scrutiny_number_t *change) {
    return exact ? integer_has_changed(before, now, change)
                 : real_has_changed(to_real(before), to_real(now), to_real(change));
}

#endif
