// Scoped enumerations with a type of their own, and those of classes.
#include "corpus.h"

enum class state : uint8_t { off = 0, on = 200 };
enum class fault : int16_t { none = 0, under = -1, over = 300 };
struct machine {
    enum mode : uint32_t { idle, busy };
    mode current;
    state power;
};

state class_state;
fault class_fault;
machine class_machine;

LEAF("/global/class_state uint8=state", class_state);
LEAF("/global/class_fault sint16=fault", class_fault);
LEAF("/global/class_machine/current uint32=mode", class_machine.current);
LEAF("/global/class_machine/power uint8=state", class_machine.power);
