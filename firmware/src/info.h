/* GetInfo: what this device is and has. Source: device protocol, section 8. */
#ifndef SCRUTINY_SRC_INFO_H
#define SCRUTINY_SRC_INFO_H

#include "frames.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

scrutiny_code_t scrutiny_info_handle(scrutiny_t *scrutiny, const scrutiny_request_t *request,
                                     scrutiny_writer_t *response);

/* Append the firmware id, or protocol version; both appear in Discover as well. */
void scrutiny_put_firmware_id(scrutiny_writer_t *response);
void scrutiny_put_protocol_version(scrutiny_writer_t *response);

#ifdef __cplusplus
}
#endif

#endif
