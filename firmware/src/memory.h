/* Memory of the target: reads, writes, and which of them the region tables allow. */
#ifndef SCRUTINY_SRC_MEMORY_H
#define SCRUTINY_SRC_MEMORY_H

#include "frames.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

SCRUTINY_INTERNAL scrutiny_code_t scrutiny_memory_handle(scrutiny_exchange_t *exchange);

/* Whether reading (or writing) `char_count` chars from `address` on is possible: INVALID_REQUEST
 * if not all of them exist, for the size that addresses have here, FORBIDDEN if they touch a
 * region. No chars at all touch a region when `address` lies in it. */
SCRUTINY_INTERNAL scrutiny_code_t scrutiny_memory_check(const scrutiny_config_t *config,
                                                        uintptr_t address, size_t char_count,
                                                        bool write);

/* Whether memory writes are built and allowed now. */
SCRUTINY_INTERNAL bool scrutiny_memory_is_writable(const scrutiny_t *scrutiny);

#ifdef __cplusplus
}
#endif

#endif
