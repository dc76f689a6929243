/* Reading and checking what ConfigureDatalog asks for. Source: device protocol, section 11.2. */
#ifndef SCRUTINY_SRC_DATALOG_SETUP_H
#define SCRUTINY_SRC_DATALOG_SETUP_H

#include "frames.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

#if SCRUTINY_ENABLE_DATALOGGING
/* Fill in `setup` from a request. Only after SCRUTINY_CODE_OK may it be used. */
SCRUTINY_INTERNAL scrutiny_code_t scrutiny_datalog_parse_setup(scrutiny_exchange_t *exchange,
                                                               scrutiny_datalog_setup_t *setup);
#endif

#ifdef __cplusplus
}
#endif

#endif
