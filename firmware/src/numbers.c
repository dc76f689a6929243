#include "numbers.h"

#if SCRUTINY_ENABLE_DATALOGGING

#include "trigger.h"

#if SCRUTINY_ENABLE_64BIT
#define WIDE_UINT_MAX UINT64_MAX
#else
#define WIDE_UINT_MAX UINT32_MAX
#endif

typedef enum {
    LESS,
    EQUAL,
    GREATER
} relation_t;

/* A distance between two integers, which has one binary digit more than they. */
typedef struct {
    scrutiny_wide_uint_t low;
    bool top;
} distance_t;

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

static distance_t distance_up(const scrutiny_number_t *low, const scrutiny_number_t *high) {
    distance_t distance;
    distance.low = high->value.integer - low->value.integer;
    distance.top =
        low->is_negative && !high->is_negative && distance.low < high->value.integer; /* wrapped */
    return distance;
}

/* Distance from zero, with the fraction cut off. False for NaN. */
static bool distance_from_zero(const scrutiny_number_t *number, distance_t *distance) {
    distance->top = false;
    if (!number->is_real) {
        distance->low = number->is_negative ? 0u - number->value.integer : number->value.integer;
        return true;
    }
    float value = number->value.real < 0.0f ? -number->value.real : number->value.real;
    if (value >= SCRUTINY_WIDE_UINT_END) {
        distance->top = true;
        value -= SCRUTINY_WIDE_UINT_END;
    }
    distance->low = WIDE_UINT_MAX; /* more than any distance that occurs */
    if (value < SCRUTINY_WIDE_UINT_END) {
        distance->low = (scrutiny_wide_uint_t)value;
    }
    return value >= 0.0f;
}

static bool is_longer(distance_t a, distance_t b) {
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
    distance_t limit;
    if (!distance_from_zero(margin, &limit)) {
        return false;
    }
    bool above = relation_of(a, b) == GREATER;
    return !is_longer(distance_up(above ? b : a, above ? a : b), limit);
}

/* Whether `now` lies beyond `before` by more than `change`, on the side of its sign. */
static bool integer_has_changed(const scrutiny_number_t *before, const scrutiny_number_t *now,
                                const scrutiny_number_t *change) {
    distance_t limit;
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
