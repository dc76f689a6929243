#ifndef PICO_TIME_H
#define PICO_TIME_H

#include <stdint.h>

uint32_t time_us_32(void);

#endif
