#include "tx_ring.h"

typedef SCRUTINY_RING_INDEX_TYPE ring_index_t;

static scrutiny_octet_t octets[BOARD_TX_RING_SIZE];
static volatile ring_index_t head; /* written by the main loop */
static volatile ring_index_t tail; /* written by the interrupt */

static ring_index_t following(ring_index_t index) {
    return (ring_index_t)(index + 1u == BOARD_TX_RING_SIZE ? 0u : index + 1u);
}

size_t tx_ring_put(const scrutiny_octet_t *data, size_t size) {
    size_t taken = 0u;

    while (taken < size && following(head) != tail) {
        octets[head] = data[taken];
        taken++;
        SCRUTINY_FENCE(); /* the octet is there before it is announced */
        head = following(head);
    }
    return taken;
}

bool tx_ring_take(scrutiny_octet_t *octet) {
    if (tail == head) {
        return false;
    }
    SCRUTINY_FENCE();
    *octet = octets[tail];
    SCRUTINY_FENCE(); /* read before its place becomes free */
    tail = following(tail);
    return true;
}
