/* Exact times of pieces of the firmware, in cycles.
 *
 * The firmware writes to GPIOR0, which costs it two cycles: 0x80 + id where a piece begins, id
 * where it ends, id being 1 to 127. Interrupts in between count.
 *
 * Interrupts are measured without marks, by the number of their vector: from the jump to the vector
 * to the return.
 */
#ifndef CYCLE_MARKS_H
#define CYCLE_MARKS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <simavr/sim_avr.h>

#define CYCLE_MARKS_IDS 128u

typedef struct {
    avr_cycle_count_t begun;
    avr_cycle_count_t most;
    avr_cycle_count_t sum;
    unsigned long count;
    bool inside;
} cycle_mark_t;

typedef struct {
    cycle_mark_t marks[CYCLE_MARKS_IDS];
    cycle_mark_t interrupts[CYCLE_MARKS_IDS]; /* by vector */
    avr_t *avr;
} cycle_marks_t;

void cycle_marks_attach(cycle_marks_t *marks, avr_t *avr);

/* Forget what was measured. */
void cycle_marks_clear(cycle_marks_t *marks);

/* Print a line "mark ID COUNT times, most MOST, sum SUM cycles" for each one that was seen, and
 * lines with "interrupt VECTOR" in place of "mark ID". */
void cycle_marks_print(const cycle_marks_t *marks, FILE *output);

#endif
