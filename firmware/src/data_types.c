#include "data_types.h"

#include <string.h>

size_t scrutiny_type_size(uint_least8_t type) {
    switch (type) {
#if CHAR_BIT == 8
    case SCRUTINY_TYPE_SINT8:
    case SCRUTINY_TYPE_UINT8:
        return 1;
#endif
    case SCRUTINY_TYPE_SINT16:
    case SCRUTINY_TYPE_UINT16:
        return 2;
    case SCRUTINY_TYPE_SINT32:
    case SCRUTINY_TYPE_UINT32:
    case SCRUTINY_TYPE_FLOAT32:
        return 4;
#if SCRUTINY_ENABLE_64BIT
    case SCRUTINY_TYPE_SINT64:
    case SCRUTINY_TYPE_UINT64:
        return 8;
#endif
#if SCRUTINY_HAS_FLOAT64
    case SCRUTINY_TYPE_FLOAT64:
        return 8;
#endif
    case SCRUTINY_TYPE_BOOL:
        return sizeof(bool) * CHAR_BIT / 8u;
    default:
        return 0;
    }
}

scrutiny_wide_sint_t scrutiny_to_signed(scrutiny_wide_uint_t bits, unsigned int bit_count) {
    scrutiny_wide_uint_t sign = (scrutiny_wide_uint_t)1 << (bit_count - 1u);
    scrutiny_wide_uint_t magnitude = bits & (sign - 1u);
    if ((bits & sign) == 0) {
        return (scrutiny_wide_sint_t)magnitude;
    }
    /* -1 - (what is missing to -1): never leaves the signed range, unlike a plain cast. */
    return -1 - (scrutiny_wide_sint_t)(sign - 1u - magnitude);
}

scrutiny_wide_uint_t scrutiny_value_to_bits(uint_least8_t type, const scrutiny_value_t *value) {
    uint32_t bits = 0;
    switch (type) {
#if CHAR_BIT == 8
    case SCRUTINY_TYPE_SINT8:
        return (scrutiny_wide_uint_t)value->as_sint8;
    case SCRUTINY_TYPE_UINT8:
        return value->as_uint8;
#endif
    case SCRUTINY_TYPE_SINT16:
        return (scrutiny_wide_uint_t)value->as_sint16;
    case SCRUTINY_TYPE_UINT16:
        return value->as_uint16;
    case SCRUTINY_TYPE_SINT32:
        return (scrutiny_wide_uint_t)value->as_sint32;
    case SCRUTINY_TYPE_UINT32:
        return value->as_uint32;
#if SCRUTINY_ENABLE_64BIT
    case SCRUTINY_TYPE_SINT64:
        return (scrutiny_wide_uint_t)value->as_sint64;
    case SCRUTINY_TYPE_UINT64:
        return value->as_uint64;
#endif
#if SCRUTINY_HAS_FLOAT64
    case SCRUTINY_TYPE_FLOAT64: {
        uint64_t wide_bits = 0;
        memcpy(&wide_bits, &value->as_float64, sizeof(wide_bits));
        return wide_bits;
    }
#endif
    case SCRUTINY_TYPE_FLOAT32:
        memcpy(&bits, &value->as_float32, sizeof(bits));
        return bits;
    default:
        return value->as_bool ? 1u : 0u;
    }
}
