#ifndef ZEPHYR_SYS_RING_BUFFER_H
#define ZEPHYR_SYS_RING_BUFFER_H

#include <stdint.h>

struct ring_buf {
    uint8_t *buffer;
    uint32_t size;
};

#define RING_BUF_DECLARE(name, size8)                                                              \
    static uint8_t name##_octets[size8];                                                           \
    struct ring_buf name = {name##_octets, (size8)}

uint32_t ring_buf_put(struct ring_buf *buf, const uint8_t *data, uint32_t size);
uint32_t ring_buf_get_claim(struct ring_buf *buf, uint8_t **data, uint32_t size);
int ring_buf_get_finish(struct ring_buf *buf, uint32_t size);

#endif
