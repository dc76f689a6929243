// Base classes: merged, hidden, repeated and virtual ones.
#include "corpus.h"

struct base {
    uint32_t serial;
    int16_t shared;
};
struct derived : base {
    uint8_t own;
};
struct hiding : base {
    uint8_t shared;
};
struct top {
    uint16_t stamp;
};
struct left_branch : top {
    uint8_t left_value;
};
struct right_branch : top {
    uint8_t right_value;
};
struct diamond : left_branch, right_branch {
    uint8_t last;
};
class guarded : private base {
    uint8_t secret;

public:
    uint8_t open;
    uint8_t *address_of_secret() { return &secret; }
};

derived inherit_derived;
hiding inherit_hiding;
diamond inherit_diamond;
guarded inherit_guarded;

LEAF("/global/inherit_derived/serial uint32", inherit_derived.serial);
LEAF("/global/inherit_derived/shared sint16", inherit_derived.shared);
LEAF("/global/inherit_derived/own uint8", inherit_derived.own);
LEAF("/global/inherit_hiding/serial uint32", inherit_hiding.serial);
LEAF("/global/inherit_hiding/base/shared sint16", inherit_hiding.base::shared);
LEAF("/global/inherit_hiding/shared uint8", inherit_hiding.shared);
LEAF("/global/inherit_diamond/left_branch/top/stamp uint16", inherit_diamond.left_branch::stamp);
LEAF("/global/inherit_diamond/left_value uint8", inherit_diamond.left_value);
LEAF("/global/inherit_diamond/right_branch/top/stamp uint16", inherit_diamond.right_branch::stamp);
LEAF("/global/inherit_diamond/right_value uint8", inherit_diamond.right_value);
LEAF("/global/inherit_diamond/last uint8", inherit_diamond.last);
// Access control does not count; the addresses of these follow from the public one.
LEAF("/global/inherit_guarded/open uint8", inherit_guarded.open);
// leaf /global/inherit_guarded/serial uint32 @inherit_guarded+0
// leaf /global/inherit_guarded/shared sint16 @inherit_guarded+4
// leaf /global/inherit_guarded/secret uint8 @inherit_guarded+8 !avr
// leaf /global/inherit_guarded/secret uint8 @inherit_guarded+6 avr
