#ifndef INC_FREERTOS_H
#define INC_FREERTOS_H

#include <stdint.h>

typedef long BaseType_t;
typedef unsigned long UBaseType_t;
typedef uint32_t TickType_t;
typedef uint32_t StackType_t;

typedef struct {
    void *dummy;
} StaticTask_t;

#define pdFALSE ((BaseType_t)0)
#define pdTRUE ((BaseType_t)1)
#define configTICK_RATE_HZ ((TickType_t)1000)
#define pdMS_TO_TICKS(ms) ((TickType_t)(((TickType_t)(ms)*configTICK_RATE_HZ) / (TickType_t)1000))

void stub_yield_from_isr(BaseType_t is_needed);
#define portYIELD_FROM_ISR(is_needed) stub_yield_from_isr(is_needed)

#endif
