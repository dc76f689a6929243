#include "scrutiny/scrutiny.h"

#include "chars.h"
#include "counters.h"
#include "datalogger.h"
#include "dispatch.h"
#include "frames.h"
#include "ring.h"
#include "session.h"
#include "settings.h"
#include "shared.h"

scrutiny_status_t scrutiny_init(scrutiny_t *scrutiny, const scrutiny_config_t *config,
                                const scrutiny_port_t *port) {
    if (scrutiny == NULL) {
        return SCRUTINY_ERR_ARGUMENT;
    }
    scrutiny_clear_chars(scrutiny, sizeof(*scrutiny));
    if (config == NULL || port == NULL || port->write == NULL || port->now_us == NULL) {
        return SCRUTINY_ERR_ARGUMENT;
    }
    scrutiny_status_t status = scrutiny_settings_check(config);
    if (status != SCRUTINY_OK) {
        return status;
    }
    scrutiny->port = *port;
    scrutiny->session.next_id = config->session_seed;
#if SCRUTINY_ENABLE_MEMORY_WRITE
    scrutiny->memory_write_enabled = config->memory_write_enabled;
#endif
    scrutiny_ring_init(&scrutiny->ring, config->ring, config->ring_size,
                       port->now_us(port->context));
#if SCRUTINY_ENABLE_DATALOGGING
    scrutiny_datalogger_init(&scrutiny->datalogger);
#endif
    scrutiny->config = config; /* it marks the context as usable */
    scrutiny->rx.frame = config->rx_buffer;
    scrutiny_rx_restart(scrutiny);
    return SCRUTINY_OK;
}

size_t scrutiny_receive(scrutiny_t *scrutiny, const scrutiny_octet_t *data, size_t size) {
    if (scrutiny->config == NULL) {
        return 0;
    }
    uint32_t now_us = scrutiny->port.now_us(scrutiny->port.context);
    return scrutiny_ring_push(&scrutiny->ring, data, size, now_us,
                              scrutiny_silence_us(scrutiny->config));
}

/* Offer the rest of a response to the port. Returns whether the next one may be prepared. A port
 * that takes nothing, like USB without a host, must not hold an old answer for hours. */
static bool transmit(scrutiny_t *scrutiny, uint32_t now_us) {
    if (!scrutiny_tx_pump(scrutiny, now_us)) {
        uint32_t stalled_us = (uint32_t)(now_us - scrutiny->tx.progress_us);
        if (stalled_us < scrutiny_heartbeat_us(scrutiny->config)) {
            return false;
        }
        SCRUTINY_COUNT(scrutiny, tx_stalls);
        scrutiny_tx_drop(scrutiny);
    }
    scrutiny_session_response_sent(scrutiny);
    return true;
}

bool scrutiny_poll(scrutiny_t *scrutiny) {
    const scrutiny_config_t *config = scrutiny->config;
    if (config == NULL) {
        return false;
    }
    uint32_t now_us = scrutiny->port.now_us(scrutiny->port.context);
    size_t budget =
        config->max_octets_per_poll != 0 ? config->max_octets_per_poll : config->ring_size;
    scrutiny_session_watch(scrutiny, now_us);
    scrutiny_rx_watch_silence(scrutiny, now_us);
    while (transmit(scrutiny, now_us)) {
        scrutiny_rx_fetch(scrutiny, &budget);
        if (!scrutiny->rx.pending || !scrutiny_dispatch(scrutiny, now_us)) {
            break;
        }
    }
    return scrutiny_tx_busy(scrutiny) || scrutiny->rx.pending ||
           !scrutiny_ring_is_empty(&scrutiny->ring);
}

void scrutiny_loop_run(scrutiny_t *scrutiny, uint_least8_t loop_id) {
#if SCRUTINY_ENABLE_DATALOGGING
    if (scrutiny->config != NULL) {
        scrutiny_datalogger_run(scrutiny, loop_id);
    }
#else
    (void)scrutiny;
    (void)loop_id;
#endif
}

bool scrutiny_session_is_open(const scrutiny_t *scrutiny) {
    return scrutiny->session.open;
}

void scrutiny_set_memory_write(scrutiny_t *scrutiny, bool enabled) {
#if SCRUTINY_ENABLE_MEMORY_WRITE
    scrutiny->memory_write_enabled = enabled;
#else
    (void)scrutiny;
    (void)enabled;
#endif
}

void scrutiny_get_counters(const scrutiny_t *scrutiny, scrutiny_counters_t *counters) {
#if SCRUTINY_ENABLE_COUNTERS
    *counters = scrutiny->counters;
    counters->lost_octets = scrutiny_shared_u32(&scrutiny->ring.lost_octets);
#else
    (void)scrutiny;
    scrutiny_clear_chars(counters, sizeof(*counters));
#endif
}
