/* Structures and unions, nested, anonymous, and with members that have no size. */
#include "corpus.h"

struct inner {
    uint8_t first;
    uint32_t second;
};

struct outer {
    struct inner inner;
    struct {
        int16_t left;
        int16_t right;
    } unnamed_type;
    union {
        uint32_t word;
        uint8_t octets[4];
    };
    struct {
        uint8_t merged;
    };
};

union overlay {
    uint32_t word;
    float real;
    struct inner inner;
};

struct with_tail {
    uint16_t length;
    uint8_t none[0];
};

struct with_flexible_tail {
    uint16_t length;
    uint8_t tail[];
};

struct empty {};

struct outer structure_outer;
static union overlay structure_overlay __attribute__((used));
struct with_tail structure_zero_tail;
struct with_flexible_tail structure_flexible_tail;
struct empty structure_empty;

LEAF("/global/structure_outer/inner/first uint8", structure_outer.inner.first);
LEAF("/global/structure_outer/inner/second uint32", structure_outer.inner.second);
LEAF("/global/structure_outer/unnamed_type/left sint16", structure_outer.unnamed_type.left);
LEAF("/global/structure_outer/unnamed_type/right sint16", structure_outer.unnamed_type.right);
LEAF("/global/structure_outer/word uint32", structure_outer.word);
LEAF("/global/structure_outer/octets/octets uint8 [4]", structure_outer.octets);
LEAF("/global/structure_outer/merged uint8", structure_outer.merged);
LEAF("/static/structures.c/structure_overlay/word uint32", structure_overlay.word);
LEAF("/static/structures.c/structure_overlay/real float32", structure_overlay.real);
LEAF("/static/structures.c/structure_overlay/inner/first uint8", structure_overlay.inner.first);
LEAF("/static/structures.c/structure_overlay/inner/second uint32", structure_overlay.inner.second);
LEAF("/global/structure_zero_tail/length uint16", structure_zero_tail.length);
LEAF("/global/structure_flexible_tail/length uint16", structure_flexible_tail.length);
