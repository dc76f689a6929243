/* Members of scrutiny_config_t where 0 stands for a default. */
#ifndef SCRUTINY_SRC_SETTINGS_H
#define SCRUTINY_SRC_SETTINGS_H

#include "linkage.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

static inline uint32_t scrutiny_silence_us(const scrutiny_config_t *config) {
    uint32_t value = config->silence_timeout_us;
    return value != 0 ? value : SCRUTINY_DEFAULT_SILENCE_TIMEOUT_US;
}

static inline uint32_t scrutiny_heartbeat_us(const scrutiny_config_t *config) {
    uint32_t value = config->heartbeat_timeout_us;
    return value != 0 ? value : SCRUTINY_DEFAULT_HEARTBEAT_TIMEOUT_US;
}

static inline uint32_t scrutiny_max_processing_us(const scrutiny_config_t *config) {
    uint32_t value = config->max_processing_us;
    return value != 0 ? value : SCRUTINY_DEFAULT_MAX_PROCESSING_US;
}

/* Check all of `config`. */
SCRUTINY_INTERNAL scrutiny_status_t scrutiny_settings_check(const scrutiny_config_t *config);

#ifdef __cplusplus
}
#endif

#endif
