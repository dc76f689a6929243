/* Data types as numbers on the wire: kind in the high nibble, log2 of the size in the low one.
 * Source: device protocol, section 6.
 */
#ifndef SCRUTINY_SRC_DATA_TYPES_H
#define SCRUTINY_SRC_DATA_TYPES_H

#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SCRUTINY_KIND_SINT = 0,
    SCRUTINY_KIND_UINT = 1,
    SCRUTINY_KIND_FLOAT = 2,
    SCRUTINY_KIND_BOOL = 3
};

#define SCRUTINY_TYPE_KIND(type) ((uint_least8_t)((type) >> 4))

/* Size in octets of a type that this build can handle. */
#define SCRUTINY_TYPE_SIZE(type) ((size_t)1 << ((type)&0x0Fu))

/* Size of any type in octets; 0 if this build cannot handle it. */
size_t scrutiny_type_size(uint_least8_t type);

/* Two's complement number in the low `bit_count` bits, 1 to the width of the result. Bits above
 * are ignored. */
scrutiny_wide_sint_t scrutiny_to_signed(scrutiny_wide_uint_t bits, unsigned int bit_count);

/* A value as the bits of a wide number: an integer in two's complement, a boolean as 0 or 1, a
 * float as it lies in memory. */
scrutiny_wide_uint_t scrutiny_value_to_bits(uint_least8_t type, const scrutiny_value_t *value);

#ifdef __cplusplus
}
#endif

#endif
