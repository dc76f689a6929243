/* Memory of the target: reads, writes, and which of them the region tables allow. */
#ifndef SCRUTINY_SRC_MEMORY_H
#define SCRUTINY_SRC_MEMORY_H

#include "frames.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

scrutiny_code_t scrutiny_memory_handle(scrutiny_t *scrutiny, const scrutiny_request_t *request,
                                       scrutiny_writer_t *response);

/* Whether `char_count` chars from `address` on exist, for the size that addresses have here. */
bool scrutiny_memory_exists(uintptr_t address, size_t char_count);

/* Whether they touch a forbidden or a read-only region. No chars at all touch a region when
 * `address` lies in it. The range must exist. */
bool scrutiny_memory_is_forbidden(const scrutiny_t *scrutiny, uintptr_t address, size_t char_count);
bool scrutiny_memory_is_readonly(const scrutiny_t *scrutiny, uintptr_t address, size_t char_count);

/* Whether memory writes are built and allowed now. */
bool scrutiny_memory_is_writable(const scrutiny_t *scrutiny);

#ifdef __cplusplus
}
#endif

#endif
