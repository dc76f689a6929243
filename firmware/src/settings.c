#include "settings.h"

#include "data_types.h"
#include "protocol.h"

/* Differences of two times are compared as unsigned: half the clock's range keeps them apart from
 * times that lie ahead. */
#define TIMEOUT_MAX UINT32_C(0x7FFFFFFF)
#define RING_MIN 16u

static bool payload_in_range(const scrutiny_octet_t *buffer, size_t size, size_t overhead) {
    return buffer != NULL && size >= SCRUTINY_PAYLOAD_MIN + overhead &&
           size - overhead <= SCRUTINY_PAYLOAD_MAX;
}

static bool ring_is_good(const scrutiny_config_t *config) {
    return config->ring != NULL && config->ring_size >= RING_MIN &&
           config->ring_size <= (scrutiny_ring_index_t)-1;
}

static bool timeouts_are_good(const scrutiny_config_t *config) {
    return (config->heartbeat_timeout_us | config->silence_timeout_us |
            config->max_processing_us) <= TIMEOUT_MAX; /* which is all bits but one */
}

#if SCRUTINY_ENABLE_SPECIAL_REGIONS
static SCRUTINY_OUT_OF_LINE bool regions_are_good(const scrutiny_region_t *regions, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (regions == NULL || regions[i].end < regions[i].start) {
            return false;
        }
    }
    return true;
}
#endif

#if SCRUTINY_ENABLE_PUBLISHED_VALUES
static bool published_values_are_good(const scrutiny_config_t *config) {
    for (size_t i = 0; i < config->published_value_count; i++) {
        if (config->published_values == NULL ||
            scrutiny_type_size(config->published_values[i].type) == 0) {
            return false;
        }
    }
    return true;
}
#endif

#if SCRUTINY_ENABLE_LOOPS
static bool loops_are_good(const scrutiny_config_t *config) {
#if SCRUTINY_ENABLE_DATALOGGING
    if (config->loop_count > SCRUTINY_MAX_LOOPS) {
        return false;
    }
#endif
    return config->loops != NULL || config->loop_count == 0;
}
#endif

static scrutiny_status_t check_tables(const scrutiny_config_t *config) {
    (void)config;
#if SCRUTINY_ENABLE_SPECIAL_REGIONS
    if (!regions_are_good(config->readonly_regions, config->readonly_region_count) ||
        !regions_are_good(config->forbidden_regions, config->forbidden_region_count)) {
        return SCRUTINY_ERR_REGION;
    }
#endif
#if SCRUTINY_ENABLE_PUBLISHED_VALUES
    if (!published_values_are_good(config)) {
        return SCRUTINY_ERR_PUBLISHED_VALUE;
    }
#endif
#if SCRUTINY_ENABLE_LOOPS
    if (!loops_are_good(config)) {
        return SCRUTINY_ERR_LOOP;
    }
#endif
#if SCRUTINY_ENABLE_DATALOGGING
    if (config->datalog_buffer == NULL && config->datalog_buffer_size > 0) {
        return SCRUTINY_ERR_DATALOG_BUFFER;
    }
#endif
    return SCRUTINY_OK;
}

scrutiny_status_t scrutiny_settings_check(const scrutiny_config_t *config) {
    if (!payload_in_range(config->rx_buffer, config->rx_buffer_size, SCRUTINY_RX_BUFFER_SIZE(0u))) {
        return SCRUTINY_ERR_RX_BUFFER;
    }
    if (!payload_in_range(config->tx_buffer, config->tx_buffer_size, SCRUTINY_TX_BUFFER_SIZE(0u))) {
        return SCRUTINY_ERR_TX_BUFFER;
    }
    if (!ring_is_good(config)) {
        return SCRUTINY_ERR_RING;
    }
    if (!timeouts_are_good(config)) {
        return SCRUTINY_ERR_TIMEOUT;
    }
    return check_tables(config);
}
