/* Names outside of ASCII. */
#include "corpus.h"

struct größe {
    float wärme;
};

struct größe débit;

LEAF("/global/débit/wärme float32", débit.wärme);
