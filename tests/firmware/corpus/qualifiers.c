/* What stands between a variable and its type is looked through. */
#include "corpus.h"

typedef uint16_t ticks_t;
typedef const volatile ticks_t *restrict_me_t;
typedef ticks_t ticks_alias_t;

volatile ticks_t qualified_volatile;
const volatile ticks_alias_t qualified_both = 3;
_Atomic uint32_t qualified_atomic;
restrict_me_t restrict qualified_restrict;

LEAF("/global/qualified_volatile uint16", qualified_volatile);
LEAF("/global/qualified_both uint16", qualified_both);
LEAF("/global/qualified_atomic uint32", qualified_atomic);
LEAF("/global/qualified_restrict ptr", qualified_restrict);
BEHIND_SCALAR("/global/*qualified_restrict uint16 ->/global/qualified_restrict");
