/* DataLogControl: the requests about recordings. Source: device protocol, section 11. */
#ifndef SCRUTINY_SRC_DATALOG_CONTROL_H
#define SCRUTINY_SRC_DATALOG_CONTROL_H

#include "frames.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

#if SCRUTINY_ENABLE_DATALOGGING
SCRUTINY_INTERNAL scrutiny_code_t scrutiny_datalog_handle(scrutiny_exchange_t *exchange);
#endif

/* A request that was waiting will not be asked again. */
SCRUTINY_INTERNAL void scrutiny_datalog_give_up(scrutiny_t *scrutiny);

/* Whether recordings are possible: built, with a buffer, and in some loop. */
SCRUTINY_INTERNAL bool scrutiny_datalog_is_offered(const scrutiny_t *scrutiny);

#ifdef __cplusplus
}
#endif

#endif
