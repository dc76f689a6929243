#include "crc32.h"

#include "crc32_table.h"

uint32_t scrutiny_crc32(uint32_t crc, const scrutiny_octet_t *data, size_t size) {
    crc ^= UINT32_C(0xFFFFFFFF);
    for (size_t i = 0; i < size; i++) {
#if SCRUTINY_SMALL_CRC_TABLE
        crc ^= data[i];
        crc = (crc >> 4) ^ crc32_table[crc & 0xFu];
        crc = (crc >> 4) ^ crc32_table[crc & 0xFu];
#else
        crc = (crc >> 8) ^ crc32_table[(crc ^ data[i]) & 0xFFu];
#endif
    }
    return crc ^ UINT32_C(0xFFFFFFFF);
}
