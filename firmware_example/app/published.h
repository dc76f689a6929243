/** @file
 * Published values: the table behind the ids of app_published.h, and its handlers.
 */
#ifndef APP_PUBLISHED_HANDLERS_H
#define APP_PUBLISHED_HANDLERS_H

#include <scrutiny/scrutiny.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Put the values that belong to nobody else at 0. */
void published_init(void);

/** Announce table and handlers. */
void published_configure(scrutiny_config_t *config);

#ifdef __cplusplus
}
#endif

#endif
