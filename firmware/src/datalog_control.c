#include "datalog_control.h"

#if SCRUTINY_ENABLE_DATALOGGING

#include "chars.h"
#include "crc32.h"
#include "datalog_setup.h"
#include "datalogger.h"
#include "encoder.h"

#define ENCODING_RAW 0u
#define CHUNK_HEADER 4u

bool scrutiny_datalog_is_offered(const scrutiny_t *scrutiny) {
    const scrutiny_config_t *config = scrutiny->config;
    for (size_t i = 0; i < config->loop_count && config->datalog_buffer_size > 0; i++) {
        if (config->loops[i].datalogging) {
            return true;
        }
    }
    return false;
}

void scrutiny_datalog_give_up(scrutiny_t *scrutiny) {
    scrutiny_datalogger_release(&scrutiny->datalogger);
}

static scrutiny_code_t get_setup(scrutiny_exchange_t *exchange) {
    scrutiny_put_u32(exchange, (uint32_t)exchange->config->datalog_buffer_size);
    scrutiny_put_u8(exchange, ENCODING_RAW);
    scrutiny_put_u8(exchange, SCRUTINY_DATALOG_MAX_SIGNALS);
    return SCRUTINY_CODE_OK;
}

/* Configure is a reset with something behind it. */
static scrutiny_code_t set_up(scrutiny_exchange_t *exchange) {
    scrutiny_datalogger_t *datalogger = &exchange->scrutiny->datalogger;
    scrutiny_code_t code = SCRUTINY_CODE_OK;
    if (!scrutiny_datalogger_hold(datalogger)) {
        return SCRUTINY_CODE_PENDING;
    }
    scrutiny_datalogger_reset(datalogger);
    if (exchange->subfunction == SCRUTINY_DATALOG_CONFIGURE) {
        code = scrutiny_datalog_parse_setup(exchange, &datalogger->setup);
        if (code == SCRUTINY_CODE_OK) {
            scrutiny_datalogger_start(datalogger);
        }
    }
    scrutiny_datalogger_release(datalogger);
    return code;
}

static scrutiny_code_t command(scrutiny_datalogger_t *datalogger,
                               scrutiny_datalog_command_t command) {
    if (scrutiny_datalogger_state(datalogger) == SCRUTINY_DATALOG_IDLE) {
        return SCRUTINY_CODE_FAILURE_TO_PROCEED;
    }
    datalogger->pass_open = false;
    scrutiny_datalogger_command(datalogger, command);
    return SCRUTINY_CODE_OK;
}

static scrutiny_code_t get_status(scrutiny_exchange_t *exchange) {
    const scrutiny_datalogger_t *datalogger = &exchange->scrutiny->datalogger;
    scrutiny_datalog_state_t state = scrutiny_datalogger_state(datalogger);
    bool triggered = state == SCRUTINY_DATALOG_TRIGGERED;
    scrutiny_put_u8(exchange, (uint_least8_t)state);
    scrutiny_put_u32(exchange, triggered ? (uint32_t)datalogger->target_chars : 0);
    scrutiny_put_u32(exchange, triggered ? (uint32_t)scrutiny_datalogger_acquired(datalogger) : 0);
    return SCRUTINY_CODE_OK;
}

static scrutiny_code_t get_metadata(scrutiny_exchange_t *exchange) {
    const scrutiny_datalogger_t *datalogger = &exchange->scrutiny->datalogger;
    size_t entry_size = datalogger->setup.entry_size;
    if (scrutiny_datalogger_state(datalogger) != SCRUTINY_DATALOG_COMPLETED) {
        return SCRUTINY_CODE_FAILURE_TO_PROCEED;
    }
    scrutiny_put_u16(exchange, datalogger->acquisition_id);
    scrutiny_put_u16(exchange, datalogger->setup.config_id);
    scrutiny_put_u32(exchange, (uint32_t)(datalogger->encoder.held / entry_size));
    scrutiny_put_u32(exchange, (uint32_t)datalogger->encoder.held);
    scrutiny_put_u32(exchange, (uint32_t)(scrutiny_datalogger_acquired(datalogger) / entry_size));
    return SCRUTINY_CODE_OK;
}

/* Start at the oldest entry, unless a pass is under way. */
static void open_pass(scrutiny_datalogger_t *datalogger) {
    if (!datalogger->pass_open) {
        datalogger->pass_open = true;
        datalogger->read_octets = 0;
        datalogger->read_crc = 0;
        datalogger->read_counter = 0;
    }
}

/* Data octets of the next chunk, with `left` to send and a payload of `payload_max`. */
static size_t chunk_size(size_t left, size_t payload_max) {
    size_t room = payload_max - CHUNK_HEADER;
    return left < room ? left : room - room % SCRUTINY_OCTETS_PER_CHAR;
}

static scrutiny_code_t read_acquisition(scrutiny_exchange_t *exchange) {
    scrutiny_datalogger_t *datalogger = &exchange->scrutiny->datalogger;
    if (scrutiny_datalogger_state(datalogger) != SCRUTINY_DATALOG_COMPLETED) {
        datalogger->pass_open = false;
        return SCRUTINY_CODE_FAILURE_TO_PROCEED;
    }
    open_pass(datalogger);
    size_t payload_max = exchange->room;
    size_t left = scrutiny_encoder_octets(exchange->scrutiny) - datalogger->read_octets;
    size_t size = chunk_size(left, payload_max);
    bool finished = size == left && CHUNK_HEADER + size + SCRUTINY_CRC_SIZE <= payload_max;
    scrutiny_put_u8(exchange, finished ? 1u : 0u);
    scrutiny_put_u8(exchange, datalogger->read_counter);
    scrutiny_put_u16(exchange, datalogger->acquisition_id);
    scrutiny_octet_t *room = scrutiny_put(exchange, size);
    scrutiny_encoder_read(exchange->scrutiny, datalogger->read_octets, room, size);
    datalogger->read_octets += size;
    datalogger->read_crc = scrutiny_crc32(datalogger->read_crc, room, size);
    datalogger->read_counter = (uint_least8_t)((datalogger->read_counter + 1u) & 0xFFu);
    if (finished) {
        scrutiny_put_u32(exchange, datalogger->read_crc);
        datalogger->pass_open = false;
    }
    return SCRUTINY_CODE_OK;
}

scrutiny_code_t scrutiny_datalog_handle(scrutiny_exchange_t *exchange) {
    scrutiny_datalogger_t *datalogger = &exchange->scrutiny->datalogger;
    if (exchange->config->datalog_buffer_size == 0) {
        return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
    }
    switch (exchange->subfunction) {
    case SCRUTINY_DATALOG_GET_SETUP:
        return get_setup(exchange);
    case SCRUTINY_DATALOG_CONFIGURE:
    case SCRUTINY_DATALOG_RESET:
        return set_up(exchange);
    case SCRUTINY_DATALOG_ARM:
        return command(datalogger, SCRUTINY_DATALOG_DO_ARM);
    case SCRUTINY_DATALOG_DISARM:
        return command(datalogger, SCRUTINY_DATALOG_DO_DISARM);
    case SCRUTINY_DATALOG_GET_STATUS:
        return get_status(exchange);
    case SCRUTINY_DATALOG_GET_METADATA:
        return get_metadata(exchange);
    case SCRUTINY_DATALOG_READ:
        return read_acquisition(exchange);
    default:
        return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
    }
}

#else

void scrutiny_datalog_give_up(scrutiny_t *scrutiny) {
    (void)scrutiny;
}

bool scrutiny_datalog_is_offered(const scrutiny_t *scrutiny) {
    (void)scrutiny;
    return false;
}

#endif
