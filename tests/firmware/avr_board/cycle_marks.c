#include "cycle_marks.h"

#include <inttypes.h>
#include <string.h>

#include <simavr/sim_io.h>

#define GPIOR0_ADDRESS 0x3Eu /* in data space, on all of the ATmega that have one */
#define BEGINS 0x80u

static void mark(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context) {
    cycle_marks_t *const marks = context;
    cycle_mark_t *const piece = &marks->marks[value & ~BEGINS];

    avr->data[address] = value;
    if ((value & BEGINS) != 0u) {
        piece->begun = avr->cycle;
        piece->inside = true;
    } else if (piece->inside) {
        const avr_cycle_count_t cycles = avr->cycle - piece->begun;

        piece->inside = false;
        piece->count++;
        piece->sum += cycles;
        piece->most = cycles > piece->most ? cycles : piece->most;
    }
}

void cycle_marks_attach(cycle_marks_t *marks, avr_t *avr) {
    cycle_marks_clear(marks);
    avr_register_io_write(avr, GPIOR0_ADDRESS, mark, marks);
}

void cycle_marks_clear(cycle_marks_t *marks) {
    memset(marks, 0, sizeof *marks);
}

void cycle_marks_print(const cycle_marks_t *marks, FILE *output) {
    size_t id;

    for (id = 0u; id < CYCLE_MARKS_IDS; id++) {
        const cycle_mark_t *const piece = &marks->marks[id];

        if (piece->count > 0u) {
            fprintf(output, "mark %zu %lu times, most %" PRIu64 ", sum %" PRIu64 " cycles\n", id,
                    piece->count, piece->most, piece->sum);
        }
    }
}
