/* Counting for scrutiny_get_counters(). */
#ifndef SCRUTINY_SRC_COUNTERS_H
#define SCRUTINY_SRC_COUNTERS_H

#include "scrutiny/scrutiny_config.h"

#if SCRUTINY_ENABLE_COUNTERS
#define SCRUTINY_COUNT(scrutiny, event) ((void)(scrutiny)->counters.event++)
#else
#define SCRUTINY_COUNT(scrutiny, event) ((void)(scrutiny))
#endif

#endif
