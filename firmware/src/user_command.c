#include "user_command.h"

scrutiny_code_t scrutiny_user_command_handle(scrutiny_exchange_t *exchange) {
#if SCRUTINY_ENABLE_USER_COMMAND
    const scrutiny_config_t *config = exchange->config;
    if (config->user_command != NULL) {
        size_t size =
            config->user_command(config->context, exchange->subfunction, exchange->request,
                                 exchange->left, exchange->response, exchange->room);
        (void)scrutiny_put(exchange, size);
        return SCRUTINY_CODE_OK;
    }
#endif
    (void)exchange;
    return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
}
