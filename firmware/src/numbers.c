#include "numbers.h"

#if SCRUTINY_ENABLE_DATALOGGING

#include "trigger.h"

#define WIDE_BITS (sizeof(scrutiny_wide_uint_t) * CHAR_BIT)
#define WIDE_UINT_MAX ((scrutiny_wide_uint_t)-1)

/* A float32 is 1.fraction * 2^(exponent - bias). */
#define SIGN SCRUTINY_REAL_SIGN
#define INFINITE UINT32_C(0x7F800000)
#define FRACTION_BITS 23u
#define LEADING_ONE (UINT32_C(1) << FRACTION_BITS)
#define BIAS 127u
#define MINUS_ONE UINT32_C(0xBF800000) /* and above it, what is further from zero */

typedef uint_least8_t relation_t; /* one of these */
enum {
    LESS = 1,
    EQUAL = 2,
    GREATER = 4,
    UNORDERED = 8 /* with NaN */
};

/* ---- Float32 by its bits ----------------------------------------------------------------------
 */

static uint32_t bits_of(float value) {
    scrutiny_value_t both;
    both.as_float32 = value;
    return both.as_uint32;
}

static float real_of(uint32_t bits) {
    scrutiny_value_t both;
    both.as_uint32 = bits;
    return both.as_float32;
}

bool scrutiny_real_distance(uint32_t bits, scrutiny_distance_t *distance) {
    bits &= ~SIGN;
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

bool scrutiny_real_is_whole(uint32_t bits) {
    bits &= ~SIGN;
    uint32_t exponent = bits >> FRACTION_BITS;
    if (exponent < BIAS) {
        return bits == 0;
    }
    return exponent >= BIAS + FRACTION_BITS ||
           (bits & ((LEADING_ONE >> (exponent - BIAS)) - 1u)) == 0;
}

/* A float32 as an integer that orders like it; NaN not counted. */
static uint32_t rank(uint32_t bits) {
    return (bits & SIGN) != 0 ? 0u - bits : bits + SIGN;
}

static relation_t relation_of_reals(uint32_t a, uint32_t b) {
    if ((a & ~SIGN) > INFINITE || (b & ~SIGN) > INFINITE) {
        return UNORDERED;
    }
    a = rank(a);
    b = rank(b);
    return a < b ? LESS : a > b ? GREATER : EQUAL;
}

static uint32_t bits_of_sum(uint32_t a, uint32_t b) {
    return bits_of(real_of(a) + real_of(b));
}

static uint32_t to_real(const scrutiny_number_t *number) {
    if (number->is_real) {
        return bits_of(number->value.real);
    }
    return number->is_negative ? bits_of((float)(0u - number->value.integer)) | SIGN
                               : bits_of((float)number->value.integer);
}

/* ---- Integers ---------------------------------------------------------------------------------
 */

static relation_t relation_of_integers(const scrutiny_number_t *a, const scrutiny_number_t *b) {
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
        return scrutiny_real_distance(bits_of(number->value.real), distance);
    }
    distance->top = false;
    distance->low = number->is_negative ? 0u - number->value.integer : number->value.integer;
    return true;
}

static bool is_longer(const scrutiny_distance_t *a, const scrutiny_distance_t *b) {
    return a->top != b->top ? a->top : a->low > b->low;
}

/* How far `high` lies above `low`, compared with the distance of `limit` from zero. */
static relation_t relation_of_distance(const scrutiny_number_t *low, const scrutiny_number_t *high,
                                       const scrutiny_number_t *limit) {
    scrutiny_distance_t distance = distance_up(low, high);
    scrutiny_distance_t longest;
    if (!distance_from_zero(limit, &longest)) {
        return UNORDERED;
    }
    return is_longer(&distance, &longest) ? GREATER : LESS;
}

/* ---- Either -----------------------------------------------------------------------------------
 */

static relation_t relation_of(bool exact, const scrutiny_number_t *a, const scrutiny_number_t *b) {
    return exact ? relation_of_integers(a, b) : relation_of_reals(to_real(a), to_real(b));
}

bool scrutiny_numbers_compare(uint_least8_t condition, bool exact, const scrutiny_number_t *a,
                              const scrutiny_number_t *b) {
    static const uint_least8_t fulfilled_by[] = {
        EQUAL, LESS | GREATER | UNORDERED, LESS, LESS | EQUAL, GREATER, GREATER | EQUAL};
    return (fulfilled_by[condition - SCRUTINY_CONDITION_EQUAL] & relation_of(exact, a, b)) != 0;
}

bool scrutiny_numbers_are_within(bool exact, const scrutiny_number_t *a, const scrutiny_number_t *b,
                                 const scrutiny_number_t *margin) {
    if (exact) {
        bool above = relation_of_integers(a, b) == GREATER;
        return relation_of_distance(above ? b : a, above ? a : b, margin) == LESS;
    }
    uint32_t difference = bits_of_sum(to_real(a), to_real(b) ^ SIGN);
    return (relation_of_reals(difference & ~SIGN, to_real(margin) & ~SIGN) & (LESS | EQUAL)) != 0;
}

bool scrutiny_number_has_changed(bool exact, const scrutiny_number_t *before,
                                 const scrutiny_number_t *now, const scrutiny_number_t *change) {
    if (exact) {
        bool down =
            change->is_real ? bits_of(change->value.real) >= MINUS_ONE : change->is_negative;
        relation_t beyond = down ? LESS : GREATER;
        return relation_of_integers(now, before) == beyond &&
               relation_of_distance(down ? now : before, down ? before : now, change) == GREATER;
    }
    uint32_t step = to_real(change);
    relation_t beyond = relation_of_reals(step, 0) == LESS ? LESS : GREATER;
    return relation_of_reals(to_real(now), bits_of_sum(to_real(before), step)) == beyond;
}

#endif
