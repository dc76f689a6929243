/* The ring of recorded entries, each with all signals in their order, without padding. */
#ifndef SCRUTINY_SRC_ENCODER_H
#define SCRUTINY_SRC_ENCODER_H

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

/* Size of a signal in an entry, in chars. */
size_t scrutiny_signal_size(const scrutiny_t *scrutiny, const scrutiny_signal_t *signal);

void scrutiny_encoder_clear(scrutiny_encoder_t *encoder);

/* Record one entry over the oldest one if the ring is full. Called from the owning loop. */
void scrutiny_encoder_append(scrutiny_t *scrutiny);

/* Octets held, from the oldest entry to the newest. */
size_t scrutiny_encoder_octets(const scrutiny_datalogger_t *datalogger);

/* Copy `size` of them, from the octet `offset` on; whole chars. */
void scrutiny_encoder_read(const scrutiny_datalogger_t *datalogger, size_t offset,
                           scrutiny_octet_t *octets, size_t size);

#endif

#ifdef __cplusplus
}
#endif

#endif
