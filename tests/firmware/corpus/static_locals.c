/* Static variables of functions, and of blocks inside them. */
#include "corpus.h"

int counted(int step);
int counted_elsewhere(int step);

int counted(int step) {
    static int16_t calls __attribute__((used));
    LEAF("/static/static_locals.c/counted/calls sint16", calls);
    if (step > 0) {
        static int16_t calls __attribute__((used));
#ifdef __clang__ /* it notes no block that has static variables only */
        LEAF("/static/static_locals.c/counted/calls#2 sint16", calls);
#else
        LEAF("/static/static_locals.c/counted/block?/calls sint16", calls);
#endif
        calls++;
        return calls;
    }
    calls++;
    return calls;
}

static int helper(void) {
    static uint8_t calls __attribute__((used));
    LEAF("/static/static_locals.c/helper/calls uint8", calls);
    return ++calls;
}

int counted_elsewhere(int step) {
    static uint32_t calls __attribute__((used));
    LEAF("/static/static_locals.c/counted_elsewhere/calls uint32", calls);
    calls += (uint32_t)step;
    return helper() + (int)calls;
}
