/* Requests that the application handles itself. */
#ifndef SCRUTINY_SRC_USER_COMMAND_H
#define SCRUTINY_SRC_USER_COMMAND_H

#include "frames.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

scrutiny_code_t scrutiny_user_command_handle(scrutiny_t *scrutiny,
                                             const scrutiny_request_t *request,
                                             scrutiny_writer_t *response);

#ifdef __cplusplus
}
#endif

#endif
