/* File-local variables of one name in several files. */
#include "corpus.h"

static uint8_t homonym __attribute__((used));

LEAF("/static/homonyms_a.c/homonym uint8", homonym);
