#include "user_command.h"

#include "app_user_command.h"
#include "motor.h"
#include "statistics.h"

size_t user_command_handle(void *context, uint_least8_t subfunction,
                           const scrutiny_octet_t *request, size_t request_size,
                           scrutiny_octet_t *response, size_t response_max) {
    const size_t refused = response_max + 1u;
    size_t i;

    (void)context;
    switch (subfunction) {
    case APP_COMMAND_ECHO:
        for (i = 0u; i < request_size && i < response_max; i++) {
            response[i] = request[i];
        }
        return request_size;
    case APP_COMMAND_RESET_STATISTICS:
        if (request_size != 0u) {
            return refused;
        }
        statistics_reset();
        return 0u;
    case APP_COMMAND_INJECT_FAULT:
        return request_size == 1u && motor_raise_fault(request[0]) ? 0u : refused;
    default:
        return refused;
    }
}
