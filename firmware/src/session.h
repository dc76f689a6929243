/* CommControl and the life of a session. Source: device protocol, sections 7 and 13.1. */
#ifndef SCRUTINY_SRC_SESSION_H
#define SCRUTINY_SRC_SESSION_H

#include "frames.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

SCRUTINY_INTERNAL scrutiny_code_t scrutiny_session_handle(scrutiny_exchange_t *exchange);

/* Whether a request may be answered although no session is open. */
SCRUTINY_INTERNAL bool scrutiny_session_not_needed(const scrutiny_exchange_t *exchange);

/* Close a session that has had no heartbeat for too long. */
SCRUTINY_INTERNAL void scrutiny_session_watch(scrutiny_t *scrutiny, uint32_t now_us);

/* Tell that a response has left completely. */
SCRUTINY_INTERNAL void scrutiny_session_response_sent(scrutiny_t *scrutiny);

#ifdef __cplusplus
}
#endif

#endif
