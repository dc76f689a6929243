#include "session.h"

#include "counters.h"
#include "info.h"
#include "settings.h"

bool scrutiny_session_not_needed(const scrutiny_exchange_t *exchange) {
    return exchange->command == SCRUTINY_COMMAND_COMM_CONTROL &&
           (exchange->subfunction == SCRUTINY_COMM_CONNECT ||
            exchange->subfunction == SCRUTINY_COMM_DISCOVER);
}

/* True if the payload is this number and nothing else. */
static bool payload_is(scrutiny_exchange_t *exchange, uint32_t expected) {
    return scrutiny_take_u32(exchange) == expected && scrutiny_all_taken(exchange);
}

static scrutiny_code_t discover(scrutiny_exchange_t *exchange) {
    bool magic = scrutiny_take_u32(exchange) == SCRUTINY_DISCOVER_MAGIC;
    if (!magic && !exchange->scrutiny->session.open) {
        return SCRUTINY_CODE_IGNORED; /* it is for somebody else */
    }
    if (!magic || exchange->left > 0) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    scrutiny_put_protocol_version(exchange);
    scrutiny_put_firmware_id(exchange);
    scrutiny_put_name(exchange, exchange->config->display_name, SCRUTINY_DISPLAY_NAME_MAX);
    return SCRUTINY_CODE_OK;
}

static scrutiny_code_t heartbeat(scrutiny_exchange_t *exchange) {
    scrutiny_session_t *session = &exchange->scrutiny->session;
    uint32_t id = scrutiny_take_u32(exchange);
    uint_least16_t challenge = scrutiny_take_u16(exchange);
    bool repeated = session->challenge_known && challenge == session->last_challenge;
    if (!scrutiny_all_taken(exchange) || id != session->id || repeated) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    session->last_challenge = challenge;
    session->challenge_known = true;
    session->last_heartbeat_us = exchange->now_us;
    scrutiny_put_u32(exchange, id);
    scrutiny_put_u16(exchange, (uint_least16_t)(challenge ^ 0xFFFFu));
    return SCRUTINY_CODE_OK;
}

static scrutiny_code_t get_params(scrutiny_exchange_t *exchange) {
    const scrutiny_config_t *config = exchange->config;
    scrutiny_put_u16(exchange,
                     (uint_least16_t)(config->rx_buffer_size - SCRUTINY_RX_BUFFER_SIZE(0u)));
    scrutiny_put_u16(exchange,
                     (uint_least16_t)(config->tx_buffer_size - SCRUTINY_TX_BUFFER_SIZE(0u)));
    scrutiny_put_u32(exchange, config->max_bitrate_bps);
    scrutiny_put_u32(exchange, scrutiny_heartbeat_us(config));
    scrutiny_put_u32(exchange, scrutiny_silence_us(config));
    scrutiny_put_u8(exchange, (uint_least8_t)SCRUTINY_ADDRESS_SIZE);
    scrutiny_put_u8(exchange, CHAR_BIT);
    return SCRUTINY_CODE_OK;
}

static scrutiny_code_t open_session(scrutiny_exchange_t *exchange) {
    scrutiny_session_t *session = &exchange->scrutiny->session;
    if (!payload_is(exchange, SCRUTINY_CONNECT_MAGIC)) {
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
    session->last_heartbeat_us = exchange->now_us;
    scrutiny_put_u32(exchange, SCRUTINY_CONNECT_MAGIC);
    scrutiny_put_u32(exchange, session->id);
    return SCRUTINY_CODE_OK;
}

static scrutiny_code_t disconnect(scrutiny_exchange_t *exchange) {
    scrutiny_session_t *session = &exchange->scrutiny->session;
    if (!payload_is(exchange, session->id)) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    session->closing = true;
    return SCRUTINY_CODE_OK;
}

scrutiny_code_t scrutiny_session_handle(scrutiny_exchange_t *exchange) {
    switch (exchange->subfunction) {
    case SCRUTINY_COMM_DISCOVER:
        return discover(exchange);
    case SCRUTINY_COMM_HEARTBEAT:
        return heartbeat(exchange);
    case SCRUTINY_COMM_GET_PARAMS:
        return get_params(exchange);
    case SCRUTINY_COMM_CONNECT:
        return open_session(exchange);
    case SCRUTINY_COMM_DISCONNECT:
        return disconnect(exchange);
    default:
        return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
    }
}

void scrutiny_session_response_sent(scrutiny_t *scrutiny) {
    if (scrutiny->session.closing) {
        scrutiny->session.open = false;
        scrutiny->session.closing = false;
    }
}

void scrutiny_session_watch(scrutiny_t *scrutiny, uint32_t now_us) {
    scrutiny_session_t *session = &scrutiny->session;
    uint32_t age_us = (uint32_t)(now_us - session->last_heartbeat_us);
    if (session->open && age_us >= scrutiny_heartbeat_us(scrutiny->config)) {
        session->open = false;
        SCRUTINY_COUNT(scrutiny, sessions_expired);
        scrutiny_tx_drop(scrutiny);
    }
}
