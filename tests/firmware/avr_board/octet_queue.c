#include "octet_queue.h"

#include <string.h>

size_t octet_queue_push(octet_queue_t *queue, const uint8_t *octets, size_t count) {
    const size_t room = sizeof queue->octets - queue->count;

    if (count > room) {
        count = room;
    }
    memcpy(queue->octets + queue->count, octets, count);
    queue->count += count;
    return count;
}

void octet_queue_drop(octet_queue_t *queue, size_t count) {
    queue->count -= count;
    memmove(queue->octets, queue->octets + count, queue->count);
}
