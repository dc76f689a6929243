// Where a virtual base is, only the running program knows: its members are left out.
#include "corpus.h"

struct shared_state {
    int32_t state;
};
struct user : virtual shared_state {
    int16_t own;
};

user virtual_user;

// The table pointer comes first.
// leaf /global/virtual_user/_vptr.user ptr @virtual_user+0
// leaf /global/virtual_user/own sint16 @virtual_user+P
