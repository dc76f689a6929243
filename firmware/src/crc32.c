#include "crc32.h"

#if SCRUTINY_CRC_TABLE_SIZE > 0
#include "crc32_table.h"
#else
#define POLYNOMIAL UINT32_C(0xEDB88320)
#endif

uint32_t scrutiny_crc32(uint32_t crc, const scrutiny_octet_t *data, size_t size) {
    crc ^= UINT32_C(0xFFFFFFFF);
    for (size_t i = 0; i < size; i++) {
#if SCRUTINY_CRC_TABLE_SIZE == 256
        crc = (crc >> 8) ^ crc32_table[(crc ^ data[i]) & 0xFFu];
#elif SCRUTINY_CRC_TABLE_SIZE == 16
        crc ^= data[i];
        crc = (crc >> 4) ^ crc32_table[crc & 0xFu];
        crc = (crc >> 4) ^ crc32_table[crc & 0xFu];
#else
        crc ^= data[i];
        for (uint_least8_t bit = 0; bit < 8; bit++) {
            bool low = (crc & 1u) != 0;
            crc >>= 1;
            if (low) {
                crc ^= POLYNOMIAL;
            }
        }
#endif
    }
    return crc ^ UINT32_C(0xFFFFFFFF);
}
