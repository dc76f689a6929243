/* GetInfo: what this device is and has. Source: device protocol, section 8. */
#ifndef SCRUTINY_SRC_INFO_H
#define SCRUTINY_SRC_INFO_H

#include "frames.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

SCRUTINY_INTERNAL scrutiny_code_t scrutiny_info_handle(scrutiny_exchange_t *exchange);

/* Append the firmware id, or protocol version; both appear in Discover as well. */
SCRUTINY_INTERNAL void scrutiny_put_firmware_id(scrutiny_exchange_t *exchange);
SCRUTINY_INTERNAL void scrutiny_put_protocol_version(scrutiny_exchange_t *exchange);

#ifdef __cplusplus
}
#endif

#endif
