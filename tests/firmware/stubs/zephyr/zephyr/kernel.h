#ifndef ZEPHYR_KERNEL_H
#define ZEPHYR_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define ARG_UNUSED(name) (void)(name)

typedef struct {
    int64_t ticks;
} k_timeout_t;

struct k_sem {
    unsigned int count;
};

#define K_MSEC(ms) ((k_timeout_t){(ms)*10})
#define K_SEM_DEFINE(name, initial, limit) struct k_sem name = {(initial)}

int k_sem_take(struct k_sem *sem, k_timeout_t timeout);
void k_sem_give(struct k_sem *sem);
int64_t k_uptime_ticks(void);
uint32_t k_uptime_get_32(void);
uint64_t k_ticks_to_us_floor64(uint64_t ticks);

#endif
