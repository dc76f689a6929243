#include "data_types.h"

#include "chars.h"
#include "codec.h"

/* Octets of the types of a kind. All are powers of two, so a sum of them is a set. */
#define INTEGER_SIZES ((CHAR_BIT == 8 ? 1u : 0u) + 2u + 4u + (SCRUTINY_ENABLE_64BIT ? 8u : 0u))
#define FLOAT_SIZES (4u + (SCRUTINY_HAS_FLOAT64 ? 8u : 0u))
#define BOOL_SIZE (sizeof(bool) * CHAR_BIT / 8u)
#define OCTETS_MAX 8u

#if SCRUTINY_ENABLE_PUBLISHED_VALUES || SCRUTINY_ENABLE_DATALOGGING
size_t scrutiny_type_size(uint_least8_t type) {
    unsigned int sizes = INTEGER_SIZES;
    if (type >= SCRUTINY_KIND_FLOAT << 4) {
        sizes = FLOAT_SIZES;
    }
    if (type >= SCRUTINY_KIND_BOOL << 4) {
        sizes = BOOL_SIZE;
    }
    if (type >= (SCRUTINY_KIND_BOOL + 1) << 4) {
        sizes = 0;
    }
    return (sizes & SCRUTINY_TYPE_SIZE(type)) != 0 ? SCRUTINY_TYPE_SIZE(type) : 0;
}
#endif

#if SCRUTINY_ENABLE_PUBLISHED_VALUES

/* Every member of a value begins where the value does: its octets are the first ones, in the order
 * of the target. */

/* Where octet `index` of the wire lies among the octets of a number in memory. */
static size_t in_memory(size_t index, size_t size) {
    return SCRUTINY_BIG_ENDIAN ? index : size - 1u - index;
}

void scrutiny_value_to_wire(scrutiny_octet_t *octets, const scrutiny_value_t *value,
                            uint_least8_t type) {
    size_t size = SCRUTINY_TYPE_SIZE(type);
#if CHAR_BIT == 8
    const scrutiny_octet_t *memory = (const scrutiny_octet_t *)value;
#else
    scrutiny_octet_t memory[OCTETS_MAX];
    scrutiny_chars_to_octets(memory, (const unsigned char *)value, size / SCRUTINY_OCTETS_PER_CHAR);
#endif
    for (size_t i = 0; i < size; i++) {
        octets[i] = memory[in_memory(i, size)];
    }
}

void scrutiny_value_from_wire(scrutiny_value_t *value, const scrutiny_octet_t *octets,
                              uint_least8_t type) {
    size_t size = SCRUTINY_TYPE_SIZE(type);
    scrutiny_clear_value(value);
#if CHAR_BIT == 8
    scrutiny_octet_t *memory = (scrutiny_octet_t *)value;
#else
    scrutiny_octet_t memory[OCTETS_MAX];
#endif
    for (size_t i = 0; i < size; i++) {
        memory[in_memory(i, size)] = octets[i];
    }
#if CHAR_BIT != 8
    for (size_t i = 0; i < size / SCRUTINY_OCTETS_PER_CHAR; i++) {
        ((unsigned char *)value)[i] = scrutiny_char_at(memory, i);
    }
#endif
    if (SCRUTINY_TYPE_KIND(type) == SCRUTINY_KIND_BOOL) { /* only 0 and 1 are a bool */
        value->as_bool = scrutiny_load(octets, size) != 0;
    }
}

#endif
