/* Requests that the application handles itself. */
#ifndef SCRUTINY_SRC_USER_COMMAND_H
#define SCRUTINY_SRC_USER_COMMAND_H

#include "frames.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

SCRUTINY_INTERNAL scrutiny_code_t scrutiny_user_command_handle(scrutiny_exchange_t *exchange);

#ifdef __cplusplus
}
#endif

#endif
