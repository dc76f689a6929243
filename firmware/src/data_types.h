/* Data types as numbers on the wire: kind in the high nibble, log2 of the size in the low one.
 * Source: device protocol, section 6.
 */
#ifndef SCRUTINY_SRC_DATA_TYPES_H
#define SCRUTINY_SRC_DATA_TYPES_H

#include "linkage.h"
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

#if SCRUTINY_ENABLE_PUBLISHED_VALUES || SCRUTINY_ENABLE_DATALOGGING
/* Size of any type in octets; 0 if this build cannot handle it. */
SCRUTINY_INTERNAL size_t scrutiny_type_size(uint_least8_t type);
#endif

static inline void scrutiny_clear_value(scrutiny_value_t *value) {
#if SCRUTINY_ENABLE_64BIT
    value->as_uint64 = 0;
#else
    value->as_uint32 = 0;
#endif
}

#if SCRUTINY_ENABLE_PUBLISHED_VALUES
/* A value as the octets of the wire, as many as its type has, big endian. */
SCRUTINY_INTERNAL void scrutiny_value_to_wire(scrutiny_octet_t *octets,
                                              const scrutiny_value_t *value, uint_least8_t type);
/* And back; all of the value that is not of its type becomes 0. */
SCRUTINY_INTERNAL void scrutiny_value_from_wire(scrutiny_value_t *value,
                                                const scrutiny_octet_t *octets, uint_least8_t type);
#endif

#ifdef __cplusplus
}
#endif

#endif
