/* From a pending request to its response. */
#ifndef SCRUTINY_SRC_DISPATCH_H
#define SCRUTINY_SRC_DISPATCH_H

#include "linkage.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Execute the pending request and start sending its response, or drop it if it needs a session.
 * Returns false while the request has to wait; call again at the next poll. */
SCRUTINY_INTERNAL SCRUTINY_OUT_OF_LINE bool scrutiny_dispatch(scrutiny_t *scrutiny,
                                                              uint32_t now_us);

#ifdef __cplusplus
}
#endif

#endif
