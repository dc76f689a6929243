/* Published values: numbered values read and written through callbacks of the application. */
#ifndef SCRUTINY_SRC_PUBLISHED_H
#define SCRUTINY_SRC_PUBLISHED_H

#include "codec.h"
#include "frames.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

#if SCRUTINY_ENABLE_PUBLISHED_VALUES
/* The entry of the table with this id, or NULL. */
SCRUTINY_INTERNAL const scrutiny_published_value_t *
scrutiny_published_find(const scrutiny_config_t *config, uint_least16_t id);

/* Ask the application for a value; there must be a callback. False if it refuses. */
SCRUTINY_INTERNAL bool scrutiny_published_read(const scrutiny_config_t *config,
                                               const scrutiny_published_value_t *definition,
                                               scrutiny_value_t *value);
#endif

/* The two requests about them. */
SCRUTINY_INTERNAL scrutiny_code_t scrutiny_published_handle(scrutiny_exchange_t *exchange);

#ifdef __cplusplus
}
#endif

#endif
