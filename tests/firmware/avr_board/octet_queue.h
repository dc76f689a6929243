/* Octets on their way, first in, first out. */
#ifndef OCTET_QUEUE_H
#define OCTET_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#define OCTET_QUEUE_SIZE 65536u

typedef struct {
    uint8_t octets[OCTET_QUEUE_SIZE];
    size_t count;
} octet_queue_t;

/* Append as many as there is room for, and return how many. */
size_t octet_queue_push(octet_queue_t *queue, const uint8_t *octets, size_t count);

/* Remove the first ones, at most all. */
void octet_queue_drop(octet_queue_t *queue, size_t count);

#endif
