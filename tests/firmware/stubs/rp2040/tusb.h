#ifndef TUSB_H
#define TUSB_H

#include <stdbool.h>
#include <stdint.h>

void tud_task(void);
bool tud_cdc_connected(void);
uint32_t tud_cdc_available(void);
uint32_t tud_cdc_read(void *buffer, uint32_t size);
uint32_t tud_cdc_write_available(void);
uint32_t tud_cdc_write(const void *buffer, uint32_t size);
uint32_t tud_cdc_write_flush(void);

#endif
