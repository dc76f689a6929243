#include "ring.h"

#include "shared.h"

#define AHEAD UINT32_C(0x80000000)

/* The rest of a ring is zero already. */
void scrutiny_ring_init(scrutiny_ring_t *ring, scrutiny_octet_t *octets, size_t size,
                        uint32_t now_us) {
    ring->octets = octets;
    ring->size = (scrutiny_ring_index_t)size;
    ring->last_arrival_us = now_us;
}

static uint_least8_t next_gap(uint_least8_t index) {
    return (uint_least8_t)(index == SCRUTINY_GAP_QUEUE_SIZE ? 0 : index + 1);
}

static scrutiny_ring_index_t next_octet(const scrutiny_ring_t *ring, scrutiny_ring_index_t index) {
    index = (scrutiny_ring_index_t)(index + 1u);
    return index == ring->size ? 0 : index;
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

size_t scrutiny_ring_push(scrutiny_ring_t *ring, const scrutiny_octet_t *data, size_t size,
                          uint32_t now_us, uint32_t silence_us) {
    if (size == 0) {
        return 0;
    }
    bool gap = ring->lossy || (uint32_t)(now_us - ring->last_arrival_us) >= silence_us;
    scrutiny_ring_index_t head = ring->head;
    scrutiny_ring_index_t tail = ring->tail;
    size_t kept = 0;
    ring->last_arrival_us = now_us;
    SCRUTINY_FENCE(); /* what the consumer freed is free only after its tail was read */
    while (kept < size) {
        scrutiny_ring_index_t next = next_octet(ring, head);
        if (next == tail || (gap && !push_gap(ring, head))) {
            break;
        }
        gap = false;
        ring->octets[head] = (scrutiny_octet_t)(data[kept] & 0xFFu);
        head = next;
        kept++;
    }
    SCRUTINY_FENCE();
    ring->head = head;
    /* Octets are missing after the last one kept, so the next one must not be glued to it. A
     * silence that could not be recorded is remembered the same way. */
    ring->lossy = kept < size;
#if SCRUTINY_ENABLE_COUNTERS
    ring->lost_octets = (uint32_t)(ring->lost_octets + (uint32_t)(size - kept));
#endif
    return kept;
}

scrutiny_ring_found_t scrutiny_ring_take(scrutiny_ring_t *ring, scrutiny_octet_t *octet) {
    scrutiny_ring_found_t found = SCRUTINY_RING_OCTET;
    scrutiny_ring_index_t tail = ring->tail;
    if (ring->head == tail) {
        return SCRUTINY_RING_EMPTY;
    }
    SCRUTINY_FENCE(); /* gaps are published before the octets behind them */
    uint_least8_t gap = ring->gap_tail;
    if (gap != ring->gap_head && ring->gaps[gap] == tail) {
        found = SCRUTINY_RING_AFTER_GAP;
        SCRUTINY_FENCE(); /* the gap was read before its place becomes free */
        ring->gap_tail = next_gap(gap);
    }
    *octet = ring->octets[tail];
    SCRUTINY_FENCE(); /* and so the octet */
    ring->tail = next_octet(ring, tail);
    return found;
}

bool scrutiny_ring_is_empty(const scrutiny_ring_t *ring) {
    return ring->head == ring->tail;
}

bool scrutiny_ring_is_silent(const scrutiny_ring_t *ring, uint32_t now_us, uint32_t silence_us) {
    uint32_t quiet_us = (uint32_t)(now_us - scrutiny_shared_u32(&ring->last_arrival_us));
    SCRUTINY_FENCE(); /* who arrives after the look at the time is found in the ring */
    return quiet_us >= silence_us && quiet_us < AHEAD && scrutiny_ring_is_empty(ring);
}
