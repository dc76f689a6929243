/* The ring of recorded entries, each with all signals in their order, without padding. */
#ifndef SCRUTINY_SRC_ENCODER_H
#define SCRUTINY_SRC_ENCODER_H

#include "linkage.h"
#include "scrutiny/scrutiny.h"

#ifdef __cplusplus
extern "C" {
#endif

#if SCRUTINY_ENABLE_DATALOGGING

typedef enum {
    SCRUTINY_SIGNAL_MEMORY = 0, /* as in memory, in the order of the target */
    SCRUTINY_SIGNAL_RPV = 1,    /* big endian; zeros if the application refuses */
    SCRUTINY_SIGNAL_TIME = 2    /* u32, big endian, 100 ns */
} scrutiny_signal_kind_t;

/* Record one entry over the oldest one if the ring is full. Called from the owning loop. */
SCRUTINY_INTERNAL void scrutiny_encoder_append(scrutiny_t *scrutiny);

/* Octets held, from the oldest entry to the newest. */
SCRUTINY_INTERNAL size_t scrutiny_encoder_octets(const scrutiny_t *scrutiny);

/* Copy `size` of them, from the octet `offset` on; whole chars. */
SCRUTINY_INTERNAL void scrutiny_encoder_read(const scrutiny_t *scrutiny, size_t offset,
                                             scrutiny_octet_t *octets, size_t size);

#endif

#ifdef __cplusplus
}
#endif

#endif
