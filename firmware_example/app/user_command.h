/** @file
 * Handler of the user commands listed in app_user_command.h.
 */
#ifndef APP_USER_COMMAND_HANDLER_H
#define APP_USER_COMMAND_HANDLER_H

#include <scrutiny/scrutiny.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A scrutiny_user_command_t. */
size_t user_command_handle(void *context, uint_least8_t subfunction,
                           const scrutiny_octet_t *request, size_t request_size,
                           scrutiny_octet_t *response, size_t response_max);

#ifdef __cplusplus
}
#endif

#endif
