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
const scrutiny_published_value_t *scrutiny_published_find(const scrutiny_t *scrutiny,
                                                          uint_least16_t id);

/* Ask the application for a value. False if there is no callback or it refuses. */
bool scrutiny_published_read(const scrutiny_t *scrutiny,
                             const scrutiny_published_value_t *definition, scrutiny_value_t *value);

/* Append a value, big endian, as many octets as its type has. */
void scrutiny_put_value(scrutiny_writer_t *writer, uint_least8_t type,
                        const scrutiny_value_t *value);
#endif

scrutiny_code_t scrutiny_published_read_request(scrutiny_t *scrutiny,
                                                const scrutiny_request_t *request,
                                                scrutiny_writer_t *response);
scrutiny_code_t scrutiny_published_write_request(scrutiny_t *scrutiny,
                                                 const scrutiny_request_t *request,
                                                 scrutiny_writer_t *response);

#ifdef __cplusplus
}
#endif

#endif
