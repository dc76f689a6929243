#include "dispatch.h"

#include "counters.h"
#include "datalog_control.h"
#include "frames.h"
#include "info.h"
#include "memory.h"
#include "session.h"
#include "settings.h"
#include "user_command.h"

static scrutiny_code_t execute(scrutiny_exchange_t *exchange) {
    switch (exchange->command) {
    case SCRUTINY_COMMAND_GET_INFO:
        return scrutiny_info_handle(exchange);
    case SCRUTINY_COMMAND_COMM_CONTROL:
        return scrutiny_session_handle(exchange);
    case SCRUTINY_COMMAND_MEMORY_CONTROL:
        return scrutiny_memory_handle(exchange);
    case SCRUTINY_COMMAND_USER_COMMAND:
        return scrutiny_user_command_handle(exchange);
#if SCRUTINY_ENABLE_DATALOGGING
    case SCRUTINY_COMMAND_DATALOG_CONTROL:
        return scrutiny_datalog_handle(exchange);
#endif
    default:
        return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
    }
}

#if SCRUTINY_ENABLE_DATALOGGING
/* Whether a waiting request may wait longer. */
static bool may_wait(scrutiny_t *scrutiny, uint32_t now_us) {
    if (!scrutiny->pending_timed) {
        scrutiny->pending_timed = true;
        scrutiny->pending_since_us = now_us;
    }
    uint32_t waited_us = (uint32_t)(now_us - scrutiny->pending_since_us);
    return waited_us < scrutiny_max_processing_us(scrutiny->config);
}
#endif

static void finish(scrutiny_t *scrutiny) {
#if SCRUTINY_ENABLE_DATALOGGING
    scrutiny->pending_timed = false;
#endif
    scrutiny_rx_release(scrutiny);
}

bool scrutiny_dispatch(scrutiny_t *scrutiny, uint32_t now_us) {
    scrutiny_exchange_t exchange;
    scrutiny_rx_open(scrutiny, &exchange, now_us);
    scrutiny_code_t code = SCRUTINY_CODE_IGNORED;
    if (scrutiny->session.open || scrutiny_session_not_needed(&exchange)) {
        code = execute(&exchange);
    }
#if SCRUTINY_ENABLE_DATALOGGING
    if (code == SCRUTINY_CODE_PENDING) {
        if (may_wait(scrutiny, now_us)) {
            return false;
        }
        scrutiny_datalog_give_up(scrutiny);
        code = SCRUTINY_CODE_FAILURE_TO_PROCEED;
    }
#endif
    if (code == SCRUTINY_CODE_IGNORED) {
        SCRUTINY_COUNT(scrutiny, ignored);
        scrutiny_datalog_give_up(scrutiny);
    } else {
        SCRUTINY_COUNT(scrutiny, requests);
        if (code == SCRUTINY_CODE_OK && exchange.overflow) {
            code = SCRUTINY_CODE_OVERFLOW;
        }
        scrutiny_tx_start(&exchange, code);
    }
    finish(scrutiny);
    return true;
}
