/* Declarations of every kind that debug information of C has; what they do does not matter. */
#include <stdint.h>

typedef struct {
    uint8_t mode : 3;
    int16_t level : 9;
    unsigned flag : 1;
} bits_t;

typedef enum { COLD = -3, WARM = 7, HOT = 200 } heat_t;

typedef struct node {
    struct node *next;
    volatile int32_t samples[4][3];
    union {
        float f;
        uint32_t u;
    };
    int (*callback)(int, const char *);
    heat_t heat;
    bits_t bits;
    char flexible[];
} node_t;

typedef int hook_t(int first, const char *second);

node_t root;
hook_t *hook;
static const double ratio = 0.5;
const double *ratio_at = &ratio;
static volatile uint16_t ticks[8];
extern int declared_only;
_Bool ready;
long long wide = -1;

static inline int step(int by) {
    static int counter = 5;
    int local = by + by;
    counter += local;
    return counter;
}

int table(int count) {
    int sizes[count + 1];
    sizes[0] = count;
    {
        static short in_block;
        in_block += count;
        sizes[count] = in_block;
    }
    return sizes[count] + sizes[0];
}

int main(void) {
    extern int *declared_inside;
    ticks[1]++;
    root.heat = WARM;
    return step(ticks[0]) + step(3) + table(2) + (int)wide + ready + (declared_inside != 0);
}

int *declared_inside;
