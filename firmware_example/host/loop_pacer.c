#include "loop_pacer.h"

#include "clock.h"

#define STEP_NS (1u * CLOCK_NS_PER_MS)

/* A process that was stopped, or a computer that slept, does not make up for more than this. */
#define CATCH_UP_MAX_NS (100u * CLOCK_NS_PER_MS)

void loop_pacer_init(loop_pacer_t *pacer, uint32_t frequency_hz, uint64_t now_ns) {
    pacer->period_ns = CLOCK_NS_PER_S / frequency_hz;
    pacer->done_ns = now_ns;
}

uint32_t loop_pacer_take(loop_pacer_t *pacer, uint64_t now_ns) {
    uint64_t iterations;

    if (now_ns < pacer->done_ns + STEP_NS) {
        return 0u;
    }
    if (now_ns - pacer->done_ns > CATCH_UP_MAX_NS) {
        pacer->done_ns = now_ns - CATCH_UP_MAX_NS;
    }
    iterations = (now_ns - pacer->done_ns) / pacer->period_ns;
    pacer->done_ns += iterations * pacer->period_ns;
    return (uint32_t)iterations;
}
