// References are pointers that cannot be null; pointers to members are offsets.
#include "corpus.h"

struct payload {
    uint16_t size;
    int8_t level;
};

int32_t reference_target;
payload reference_payload;
int32_t &reference_scalar = reference_target;
payload &reference_struct = reference_payload;
struct holder {
    int32_t &inside;
};
holder reference_holder = {reference_target};
int8_t payload::*reference_member = &payload::level;

LEAF("/global/reference_target sint32", reference_target);
LEAF("/global/reference_payload/size uint16", reference_payload.size);
LEAF("/global/reference_payload/level sint8", reference_payload.level);
// leaf /global/reference_scalar ptr @reference_scalar+0
BEHIND_SCALAR("/global/*reference_scalar sint32 ->/global/reference_scalar");
// leaf /global/reference_struct ptr @reference_struct+0
BEHIND("/global/*reference_struct/size uint16 ->/global/reference_struct", payload, size);
BEHIND("/global/*reference_struct/level sint8 ->/global/reference_struct", payload, level);
// leaf /global/reference_holder/inside ptr @reference_holder+0
BEHIND_SCALAR("/global/reference_holder/*inside sint32 ->/global/reference_holder/inside");
// leaf /global/reference_member sint* @reference_member+0
