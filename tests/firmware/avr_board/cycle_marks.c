#include "cycle_marks.h"

#include <inttypes.h>
#include <string.h>

#include <simavr/sim_interrupts.h>
#include <simavr/sim_io.h>

#define GPIOR0_ADDRESS 0x3Eu /* in data space, on all of the ATmega that have one */
#define BEGINS 0x80u

static void begin(cycle_mark_t *piece, avr_cycle_count_t now) {
    piece->begun = now;
    piece->inside = true;
}

static void end(cycle_mark_t *piece, avr_cycle_count_t now) {
    if (piece->inside) {
        const avr_cycle_count_t cycles = now - piece->begun;

        piece->inside = false;
        piece->count++;
        piece->sum += cycles;
        piece->most = cycles > piece->most ? cycles : piece->most;
    }
}

static void mark(avr_t *avr, avr_io_addr_t address, uint8_t value, void *context) {
    cycle_marks_t *const marks = context;
    cycle_mark_t *const piece = &marks->marks[value & ~BEGINS];

    avr->data[address] = value;
    if ((value & BEGINS) != 0u) {
        begin(piece, avr->cycle);
    } else {
        end(piece, avr->cycle);
    }
}

/* simavr numbers what an interrupt tells by its vector times 256; 0 tells that it has returned. */
static void interrupt_changed(struct avr_irq_t *irq, uint32_t value, void *context) {
    cycle_marks_t *const marks = context;
    cycle_mark_t *const piece = &marks->interrupts[irq->irq / 256u % CYCLE_MARKS_IDS];

    if (value != 0u) {
        begin(piece, marks->avr->cycle);
    } else {
        end(piece, marks->avr->cycle);
    }
}

void cycle_marks_attach(cycle_marks_t *marks, avr_t *avr) {
    unsigned vector;

    memset(marks, 0, sizeof *marks);
    marks->avr = avr;
    avr_register_io_write(avr, GPIOR0_ADDRESS, mark, marks);
    for (vector = 1u; vector < CYCLE_MARKS_IDS; vector++) {
        avr_irq_t *const irqs = avr_get_interrupt_irq(avr, (uint8_t)vector);

        if (irqs != NULL) {
            avr_irq_register_notify(irqs + AVR_INT_IRQ_RUNNING, interrupt_changed, marks);
        }
    }
}

void cycle_marks_clear(cycle_marks_t *marks) {
    memset(marks->marks, 0, sizeof marks->marks);
    memset(marks->interrupts, 0, sizeof marks->interrupts);
}

static void print(const char *kind, const cycle_mark_t *pieces, FILE *output) {
    size_t id;

    for (id = 0u; id < CYCLE_MARKS_IDS; id++) {
        const cycle_mark_t *const piece = &pieces[id];

        if (piece->count > 0u) {
            fprintf(output, "%s %zu %lu times, most %" PRIu64 ", sum %" PRIu64 " cycles\n", kind,
                    id, piece->count, piece->most, piece->sum);
        }
    }
}

void cycle_marks_print(const cycle_marks_t *marks, FILE *output) {
    print("mark", marks->marks, output);
    print("interrupt", marks->interrupts, output);
}
