#include "ring.h"

void scrutiny_ring_init(scrutiny_ring_t *ring, scrutiny_octet_t *octets, size_t size,
                        uint32_t now_us) {
    ring->octets = octets;
    ring->size = (scrutiny_ring_index_t)size;
    ring->head = 0;
    ring->tail = 0;
    ring->gap_head = 0;
    ring->gap_tail = 0;
    ring->last_arrival_us = now_us;
    ring->lossy = false;
    ring->lost_octets = 0;
}

static uint_least8_t next_gap(uint_least8_t index) {
    return (uint_least8_t)(index == SCRUTINY_GAP_QUEUE_SIZE ? 0 : index + 1);
}

/* Producer: record that a silence or a loss lies before ring position `head`. */
static bool push_gap(scrutiny_ring_t *ring, scrutiny_ring_index_t head) {
    uint_least8_t gap = ring->gap_head;
    uint_least8_t next = next_gap(gap);
    if (next == ring->gap_tail) {
        return false;
    }
    ring->gaps[gap] = head;
    SCRUTINY_FENCE();
    ring->gap_head = next;
    return true;
}

static size_t room(const scrutiny_ring_t *ring) {
    size_t head = ring->head;
    size_t tail = ring->tail;
    return tail > head ? tail - head - 1 : (size_t)ring->size - head + tail - 1;
}

static void append(scrutiny_ring_t *ring, const scrutiny_octet_t *data, size_t size) {
    size_t head = ring->head;
    for (size_t i = 0; i < size; i++) {
        ring->octets[head] = (scrutiny_octet_t)(data[i] & 0xFFu);
        head = head + 1 == ring->size ? 0 : head + 1;
    }
    SCRUTINY_FENCE();
    ring->head = (scrutiny_ring_index_t)head;
}

size_t scrutiny_ring_push(scrutiny_ring_t *ring, const scrutiny_octet_t *data, size_t size,
                          uint32_t now_us, uint32_t silence_us) {
    if (size == 0) {
        return 0;
    }
    bool gap = ring->lossy || (uint32_t)(now_us - ring->last_arrival_us) >= silence_us;
    size_t free_octets = room(ring);
    size_t kept = size < free_octets ? size : free_octets;
    ring->last_arrival_us = now_us;
    SCRUTINY_FENCE(); /* what the consumer freed is free only after its tail was read */
    if (kept > 0 && gap && !push_gap(ring, ring->head)) {
        kept = 0;
    }
    if (kept > 0) {
        append(ring, data, kept);
    }
    /* Octets are missing after the last one kept, so the next one must not be glued to it. A
     * silence that could not be recorded is remembered the same way. */
    ring->lossy = kept < size;
    ring->lost_octets = (uint32_t)(ring->lost_octets + (uint32_t)(size - kept));
    return kept;
}

size_t scrutiny_ring_readable(scrutiny_ring_t *ring, bool *after_gap) {
    size_t head = ring->head;
    size_t tail = ring->tail;
    *after_gap = false;
    if (head == tail) {
        return 0;
    }
    SCRUTINY_FENCE(); /* gaps are published before the octets behind them */
    size_t end = head > tail ? head : ring->size;
    uint_least8_t gap = ring->gap_tail;
    if (gap != ring->gap_head && ring->gaps[gap] == tail) {
        *after_gap = true;
        gap = next_gap(gap);
        SCRUTINY_FENCE();
        ring->gap_tail = gap;
    }
    if (gap != ring->gap_head && ring->gaps[gap] > tail && ring->gaps[gap] < end) {
        end = ring->gaps[gap];
    }
    return end - tail;
}

const scrutiny_octet_t *scrutiny_ring_front(const scrutiny_ring_t *ring) {
    return &ring->octets[ring->tail];
}

void scrutiny_ring_skip(scrutiny_ring_t *ring, size_t size) {
    size_t tail = (size_t)ring->tail + size;
    SCRUTINY_FENCE(); /* the octets were read before their place becomes free */
    ring->tail = (scrutiny_ring_index_t)(tail >= ring->size ? tail - ring->size : tail);
}

bool scrutiny_ring_is_empty(const scrutiny_ring_t *ring) {
    return ring->head == ring->tail;
}
