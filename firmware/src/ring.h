/* The octets between scrutiny_receive() and scrutiny_poll(): a ring with one producer, which may
 * be an interrupt, and one consumer. Head and gap_head belong to the producer, tail and gap_tail
 * to the consumer; whoever owns an index publishes it after the data, behind a fence.
 *
 * Silence is measured where octets arrive, because the consumer may come late: a pause of at least
 * the timeout leaves a gap in the ring, and only a gap separates. A late poll thus neither glues
 * two bursts nor cuts one.
 */
#ifndef SCRUTINY_SRC_RING_H
#define SCRUTINY_SRC_RING_H

#include "linkage.h"
#include "scrutiny/scrutiny_context.h"

#ifdef __cplusplus
extern "C" {
#endif

SCRUTINY_INTERNAL void scrutiny_ring_init(scrutiny_ring_t *ring, scrutiny_octet_t *octets,
                                          size_t size, uint32_t now_us);

/* Producer: append what fits, and return how much that was. */
SCRUTINY_INTERNAL size_t scrutiny_ring_push(scrutiny_ring_t *ring, const scrutiny_octet_t *data,
                                            size_t size, uint32_t now_us, uint32_t silence_us);

typedef uint_least8_t scrutiny_ring_found_t; /* one of these */
enum {
    SCRUTINY_RING_EMPTY,
    SCRUTINY_RING_OCTET,
    SCRUTINY_RING_AFTER_GAP /* an octet, with a gap before it */
};

/* Consumer: take the next octet, if there is one. */
SCRUTINY_INTERNAL scrutiny_ring_found_t scrutiny_ring_take(scrutiny_ring_t *ring,
                                                           scrutiny_octet_t *octet);
SCRUTINY_INTERNAL bool scrutiny_ring_is_empty(const scrutiny_ring_t *ring);

/* Consumer: whether nothing waits, and nothing has arrived for this long. Needs a fresh time. */
SCRUTINY_INTERNAL bool scrutiny_ring_is_silent(const scrutiny_ring_t *ring, uint32_t now_us,
                                               uint32_t silence_us);

#ifdef __cplusplus
}
#endif

#endif
