#include "dispatch.h"

#include "datalog_control.h"
#include "frames.h"
#include "info.h"
#include "memory.h"
#include "session.h"
#include "settings.h"
#include "user_command.h"

static scrutiny_code_t execute(scrutiny_t *scrutiny, const scrutiny_request_t *request,
                               scrutiny_writer_t *response, uint32_t now_us) {
    switch (request->command) {
    case SCRUTINY_COMMAND_GET_INFO:
        return scrutiny_info_handle(scrutiny, request, response);
    case SCRUTINY_COMMAND_COMM_CONTROL:
        return scrutiny_session_handle(scrutiny, request, response, now_us);
    case SCRUTINY_COMMAND_MEMORY_CONTROL:
        return scrutiny_memory_handle(scrutiny, request, response);
    case SCRUTINY_COMMAND_USER_COMMAND:
        return scrutiny_user_command_handle(scrutiny, request, response);
    case SCRUTINY_COMMAND_DATALOG_CONTROL:
        return scrutiny_datalog_handle(scrutiny, request, response);
    default:
        return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
    }
}

/* Whether a waiting request may wait longer. */
static bool may_wait(scrutiny_t *scrutiny, uint32_t now_us) {
    if (!scrutiny->pending_timed) {
        scrutiny->pending_timed = true;
        scrutiny->pending_since_us = now_us;
    }
    uint32_t waited_us = (uint32_t)(now_us - scrutiny->pending_since_us);
    return waited_us < scrutiny_max_processing_us(scrutiny);
}

static void respond(scrutiny_t *scrutiny, const scrutiny_request_t *request, scrutiny_code_t code,
                    size_t size, uint32_t now_us) {
    scrutiny->counters.requests++;
    if (code != SCRUTINY_CODE_OK) {
        scrutiny->counters.refusals++;
    }
    scrutiny_tx_start(&scrutiny->tx, request, code, code == SCRUTINY_CODE_OK ? size : 0, now_us);
}

static void finish(scrutiny_t *scrutiny) {
    scrutiny->pending_timed = false;
    scrutiny_rx_release(scrutiny);
}

bool scrutiny_dispatch(scrutiny_t *scrutiny, uint32_t now_us) {
    scrutiny_request_t request = scrutiny_rx_request(&scrutiny->rx);
    if (!scrutiny->session.open && !scrutiny_session_not_needed(&request)) {
        scrutiny->counters.ignored++;
        scrutiny_datalog_give_up(scrutiny);
        finish(scrutiny);
        return true;
    }
    scrutiny_writer_t response = scrutiny_tx_payload(&scrutiny->tx);
    scrutiny_code_t code = execute(scrutiny, &request, &response, now_us);
    if (code == SCRUTINY_CODE_PENDING) {
        if (may_wait(scrutiny, now_us)) {
            return false;
        }
        scrutiny_datalog_give_up(scrutiny);
        code = SCRUTINY_CODE_FAILURE_TO_PROCEED;
    } else if (code == SCRUTINY_CODE_OK && response.failed) {
        code = SCRUTINY_CODE_OVERFLOW;
    }
    respond(scrutiny, &request, code, response.size, now_us);
    finish(scrutiny);
    return true;
}
