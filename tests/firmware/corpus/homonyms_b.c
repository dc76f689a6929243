/* File-local variables of one name in several files; of another type here. */
#include "corpus.h"

static uint32_t homonym __attribute__((used));

LEAF("/static/homonyms_b.c/homonym uint32", homonym);
