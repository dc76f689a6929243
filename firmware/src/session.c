#include "session.h"

#include "info.h"
#include "settings.h"

bool scrutiny_session_not_needed(const scrutiny_request_t *request) {
    scrutiny_reader_t reader = scrutiny_reader(request->payload, request->size);
    if (request->command != SCRUTINY_COMMAND_COMM_CONTROL) {
        return false;
    }
    if (request->subfunction == SCRUTINY_COMM_DISCOVER) {
        return scrutiny_take_u32(&reader) == SCRUTINY_DISCOVER_MAGIC;
    }
    return request->subfunction == SCRUTINY_COMM_CONNECT;
}

/* True if the payload is this number and nothing else. */
static bool payload_is(const scrutiny_request_t *request, uint32_t expected) {
    scrutiny_reader_t reader = scrutiny_reader(request->payload, request->size);
    return scrutiny_take_u32(&reader) == expected && !reader.failed && reader.left == 0;
}

static scrutiny_code_t discover(const scrutiny_t *scrutiny, const scrutiny_request_t *request,
                                scrutiny_writer_t *response) {
    if (!payload_is(request, SCRUTINY_DISCOVER_MAGIC)) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    scrutiny_put_protocol_version(response);
    scrutiny_put_firmware_id(response);
    scrutiny_put_name(response, scrutiny->config->display_name, SCRUTINY_DISPLAY_NAME_MAX);
    return SCRUTINY_CODE_OK;
}

static scrutiny_code_t heartbeat(scrutiny_session_t *session, const scrutiny_request_t *request,
                                 scrutiny_writer_t *response, uint32_t now_us) {
    scrutiny_reader_t reader = scrutiny_reader(request->payload, request->size);
    uint32_t id = scrutiny_take_u32(&reader);
    uint_least16_t challenge = scrutiny_take_u16(&reader);
    bool repeated = session->challenge_known && challenge == session->last_challenge;
    if (reader.failed || reader.left > 0 || id != session->id || repeated) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    session->last_challenge = challenge;
    session->challenge_known = true;
    session->last_heartbeat_us = now_us;
    scrutiny_put_u32(response, id);
    scrutiny_put_u16(response, (uint_least16_t)(challenge ^ 0xFFFFu));
    return SCRUTINY_CODE_OK;
}

static void get_params(const scrutiny_t *scrutiny, scrutiny_writer_t *response) {
    scrutiny_put_u16(response, (uint_least16_t)scrutiny_rx_payload_max(scrutiny));
    scrutiny_put_u16(response, (uint_least16_t)scrutiny_tx_payload_max(scrutiny));
    scrutiny_put_u32(response, scrutiny->config->max_bitrate_bps);
    scrutiny_put_u32(response, scrutiny_heartbeat_us(scrutiny));
    scrutiny_put_u32(response, scrutiny_silence_us(scrutiny));
    scrutiny_put_u8(response, (uint_least8_t)SCRUTINY_ADDRESS_SIZE);
    scrutiny_put_u8(response, CHAR_BIT);
}

static scrutiny_code_t open_session(scrutiny_session_t *session, const scrutiny_request_t *request,
                                    scrutiny_writer_t *response, uint32_t now_us) {
    if (!payload_is(request, SCRUTINY_CONNECT_MAGIC)) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    if (session->open) {
        return SCRUTINY_CODE_BUSY;
    }
    session->id = session->next_id;
    session->next_id = (uint32_t)(session->next_id + 1u);
    session->open = true;
    session->closing = false;
    session->challenge_known = false;
    session->last_heartbeat_us = now_us;
    scrutiny_put_u32(response, SCRUTINY_CONNECT_MAGIC);
    scrutiny_put_u32(response, session->id);
    return SCRUTINY_CODE_OK;
}

scrutiny_code_t scrutiny_session_handle(scrutiny_t *scrutiny, const scrutiny_request_t *request,
                                        scrutiny_writer_t *response, uint32_t now_us) {
    scrutiny_session_t *session = &scrutiny->session;
    switch (request->subfunction) {
    case SCRUTINY_COMM_DISCOVER:
        return discover(scrutiny, request, response);
    case SCRUTINY_COMM_HEARTBEAT:
        return heartbeat(session, request, response, now_us);
    case SCRUTINY_COMM_GET_PARAMS:
        get_params(scrutiny, response);
        return SCRUTINY_CODE_OK;
    case SCRUTINY_COMM_CONNECT:
        return open_session(session, request, response, now_us);
    case SCRUTINY_COMM_DISCONNECT:
        if (!payload_is(request, session->id)) {
            return SCRUTINY_CODE_INVALID_REQUEST;
        }
        session->closing = true;
        return SCRUTINY_CODE_OK;
    default:
        return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
    }
}

static void close_session(scrutiny_session_t *session) {
    session->open = false;
    session->closing = false;
}

void scrutiny_session_response_sent(scrutiny_t *scrutiny) {
    if (scrutiny->session.closing) {
        close_session(&scrutiny->session);
    }
}

void scrutiny_session_watch(scrutiny_t *scrutiny, uint32_t now_us) {
    scrutiny_session_t *session = &scrutiny->session;
    uint32_t age_us = (uint32_t)(now_us - session->last_heartbeat_us);
    if (session->open && age_us >= scrutiny_heartbeat_us(scrutiny)) {
        close_session(session);
        scrutiny->counters.sessions_expired++;
        scrutiny_tx_drop(&scrutiny->tx);
    }
}
