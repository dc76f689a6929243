#ifndef TIM_H
#define TIM_H

#include <stdint.h>

typedef struct {
    volatile uint32_t CNT;
} TIM_TypeDef;

typedef struct {
    TIM_TypeDef *Instance;
} TIM_HandleTypeDef;

#define __HAL_TIM_GET_COUNTER(handle) ((handle)->Instance->CNT)

extern TIM_HandleTypeDef htim2;

#endif
