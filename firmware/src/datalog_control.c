#include "datalog_control.h"

#if SCRUTINY_ENABLE_DATALOGGING

#include "chars.h"
#include "crc32.h"
#include "datalog_setup.h"
#include "datalogger.h"
#include "encoder.h"

#define ENCODING_RAW 0u
#define CHUNK_HEADER 4u

static bool has_buffer(const scrutiny_t *scrutiny) {
    return scrutiny->datalogger.encoder.size > 0;
}

bool scrutiny_datalog_is_offered(const scrutiny_t *scrutiny) {
    const scrutiny_config_t *config = scrutiny->config;
    for (size_t i = 0; i < config->loop_count && has_buffer(scrutiny); i++) {
        if (config->loops[i].datalogging) {
            return true;
        }
    }
    return false;
}

void scrutiny_datalog_give_up(scrutiny_t *scrutiny) {
    scrutiny_datalogger_release(&scrutiny->datalogger);
}

static void get_setup(const scrutiny_t *scrutiny, scrutiny_writer_t *response) {
    scrutiny_put_u32(response, (uint32_t)scrutiny->datalogger.encoder.size);
    scrutiny_put_u8(response, ENCODING_RAW);
    scrutiny_put_u8(response, SCRUTINY_DATALOG_MAX_SIGNALS);
}

static scrutiny_code_t configure(scrutiny_t *scrutiny, const scrutiny_request_t *request) {
    scrutiny_datalogger_t *datalogger = &scrutiny->datalogger;
    if (!scrutiny_datalogger_hold(datalogger)) {
        return SCRUTINY_CODE_PENDING;
    }
    scrutiny_datalogger_reset(datalogger);
    scrutiny_code_t code = scrutiny_datalog_parse_setup(scrutiny, request, &datalogger->setup);
    if (code == SCRUTINY_CODE_OK) {
        scrutiny_datalogger_start(datalogger);
    }
    scrutiny_datalogger_release(datalogger);
    return code;
}

static scrutiny_code_t reset(scrutiny_datalogger_t *datalogger) {
    if (!scrutiny_datalogger_hold(datalogger)) {
        return SCRUTINY_CODE_PENDING;
    }
    scrutiny_datalogger_reset(datalogger);
    scrutiny_datalogger_release(datalogger);
    return SCRUTINY_CODE_OK;
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

static void get_status(const scrutiny_datalogger_t *datalogger, scrutiny_writer_t *response) {
    scrutiny_datalog_state_t state = scrutiny_datalogger_state(datalogger);
    bool triggered = state == SCRUTINY_DATALOG_TRIGGERED;
    scrutiny_put_u8(response, (uint_least8_t)state);
    scrutiny_put_u32(response, triggered ? datalogger->target_chars : 0);
    scrutiny_put_u32(response, triggered ? scrutiny_datalogger_acquired(datalogger) : 0);
}

static scrutiny_code_t get_metadata(const scrutiny_datalogger_t *datalogger,
                                    scrutiny_writer_t *response) {
    if (scrutiny_datalogger_state(datalogger) != SCRUTINY_DATALOG_COMPLETED) {
        return SCRUTINY_CODE_FAILURE_TO_PROCEED;
    }
    uint32_t held = (uint32_t)datalogger->encoder.held;
    uint32_t entry_size = (uint32_t)datalogger->setup.entry_size;
    scrutiny_put_u16(response, datalogger->acquisition_id);
    scrutiny_put_u16(response, datalogger->setup.config_id);
    scrutiny_put_u32(response, held / entry_size);
    scrutiny_put_u32(response, held);
    scrutiny_put_u32(response, scrutiny_datalogger_acquired(datalogger) / entry_size);
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

static void put_chunk(scrutiny_datalogger_t *datalogger, scrutiny_writer_t *response) {
    size_t payload_max = response->left;
    size_t left = scrutiny_encoder_octets(datalogger) - datalogger->read_octets;
    size_t size = chunk_size(left, payload_max);
    bool finished = size == left && CHUNK_HEADER + size + SCRUTINY_CRC_SIZE <= payload_max;
    scrutiny_put_u8(response, finished ? 1u : 0u);
    scrutiny_put_u8(response, datalogger->read_counter);
    scrutiny_put_u16(response, datalogger->acquisition_id);
    scrutiny_octet_t *room = scrutiny_put(response, size);
    scrutiny_encoder_read(datalogger, datalogger->read_octets, room, size);
    datalogger->read_octets += size;
    datalogger->read_crc = scrutiny_crc32(datalogger->read_crc, room, size);
    datalogger->read_counter = (uint_least8_t)((datalogger->read_counter + 1u) & 0xFFu);
    if (finished) {
        scrutiny_put_u32(response, datalogger->read_crc);
        datalogger->pass_open = false;
    }
}

static scrutiny_code_t read_acquisition(scrutiny_datalogger_t *datalogger,
                                        scrutiny_writer_t *response) {
    if (scrutiny_datalogger_state(datalogger) != SCRUTINY_DATALOG_COMPLETED) {
        datalogger->pass_open = false;
        return SCRUTINY_CODE_FAILURE_TO_PROCEED;
    }
    open_pass(datalogger);
    put_chunk(datalogger, response);
    return SCRUTINY_CODE_OK;
}

scrutiny_code_t scrutiny_datalog_handle(scrutiny_t *scrutiny, const scrutiny_request_t *request,
                                        scrutiny_writer_t *response) {
    scrutiny_datalogger_t *datalogger = &scrutiny->datalogger;
    if (!has_buffer(scrutiny)) {
        return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
    }
    switch (request->subfunction) {
    case SCRUTINY_DATALOG_GET_SETUP:
        get_setup(scrutiny, response);
        return SCRUTINY_CODE_OK;
    case SCRUTINY_DATALOG_CONFIGURE:
        return configure(scrutiny, request);
    case SCRUTINY_DATALOG_ARM:
        return command(datalogger, SCRUTINY_DATALOG_DO_ARM);
    case SCRUTINY_DATALOG_DISARM:
        return command(datalogger, SCRUTINY_DATALOG_DO_DISARM);
    case SCRUTINY_DATALOG_GET_STATUS:
        get_status(datalogger, response);
        return SCRUTINY_CODE_OK;
    case SCRUTINY_DATALOG_GET_METADATA:
        return get_metadata(datalogger, response);
    case SCRUTINY_DATALOG_READ:
        return read_acquisition(datalogger, response);
    case SCRUTINY_DATALOG_RESET:
        return reset(datalogger);
    default:
        return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
    }
}

#else

scrutiny_code_t scrutiny_datalog_handle(scrutiny_t *scrutiny, const scrutiny_request_t *request,
                                        scrutiny_writer_t *response) {
    (void)scrutiny;
    (void)request;
    (void)response;
    return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
}

void scrutiny_datalog_give_up(scrutiny_t *scrutiny) {
    (void)scrutiny;
}

bool scrutiny_datalog_is_offered(const scrutiny_t *scrutiny) {
    (void)scrutiny;
    return false;
}

#endif
