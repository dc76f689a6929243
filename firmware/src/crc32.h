/* CRC-32/ISO-HDLC, the CRC of frames and of acquisition data. */
#ifndef SCRUTINY_SRC_CRC32_H
#define SCRUTINY_SRC_CRC32_H

#include "linkage.h"
#include "scrutiny/scrutiny_config.h"
#include "scrutiny/scrutiny_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* CRC of `size` more octets, after octets whose CRC is `crc` (0 for none). */
SCRUTINY_INTERNAL SCRUTINY_OUT_OF_LINE uint32_t scrutiny_crc32(uint32_t crc,
                                                               const scrutiny_octet_t *data,
                                                               size_t size);

#ifdef __cplusplus
}
#endif

#endif
