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

/* Size of a type in octets; 0 if this build cannot handle it. */
size_t scrutiny_type_size(uint_least8_t type);

/* Two's complement number in the low `bit_count` bits, 1 to the width of the result. Bits above
 * are ignored. */
scrutiny_wide_sint_t scrutiny_to_signed(scrutiny_wide_uint_t bits, unsigned int bit_count);

#ifdef __cplusplus
}
#endif

#endif
