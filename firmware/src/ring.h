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

#include "scrutiny/scrutiny_context.h"

#ifdef __cplusplus
extern "C" {
#endif

void scrutiny_ring_init(scrutiny_ring_t *ring, scrutiny_octet_t *octets, size_t size,
                        uint32_t now_us);

/* Producer: append what fits, and return how much that was. */
size_t scrutiny_ring_push(scrutiny_ring_t *ring, const scrutiny_octet_t *data, size_t size,
                          uint32_t now_us, uint32_t silence_us);

/* Consumer: how many octets can be read from scrutiny_ring_front() on, in one piece and without a
 * gap between them. Sets `after_gap`, and forgets the gap, if one lies before the first of them. */
size_t scrutiny_ring_readable(scrutiny_ring_t *ring, bool *after_gap);
const scrutiny_octet_t *scrutiny_ring_front(const scrutiny_ring_t *ring);
void scrutiny_ring_skip(scrutiny_ring_t *ring, size_t size);
bool scrutiny_ring_is_empty(const scrutiny_ring_t *ring);

#ifdef __cplusplus
}
#endif

#endif
