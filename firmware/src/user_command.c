#include "user_command.h"

scrutiny_code_t scrutiny_user_command_handle(scrutiny_t *scrutiny,
                                             const scrutiny_request_t *request,
                                             scrutiny_writer_t *response) {
#if SCRUTINY_ENABLE_USER_COMMAND
    const scrutiny_config_t *config = scrutiny->config;
    if (config->user_command == NULL) {
        return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
    }
    size_t size = config->user_command(config->context, request->subfunction, request->payload,
                                       request->size, response->next, response->left);
    return scrutiny_put(response, size) == NULL ? SCRUTINY_CODE_OVERFLOW : SCRUTINY_CODE_OK;
#else
    (void)scrutiny;
    (void)request;
    (void)response;
    return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
#endif
}
