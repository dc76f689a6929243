/** @file
 * Memory that a client must not touch: one region it cannot see, one it cannot change.
 */
#ifndef APP_PROTECTED_H
#define APP_PROTECTED_H

#include <scrutiny/scrutiny.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Announce the regions. */
void protected_configure(scrutiny_config_t *config);

#ifdef __cplusplus
}
#endif

#endif
