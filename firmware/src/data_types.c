#include "data_types.h"

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
