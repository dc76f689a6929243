// Instances of templates.
#include "corpus.h"

template <typename T, int N> struct ring {
    static uint16_t instances;
    T slots[N];
    uint8_t next;
};
template <typename T, int N> uint16_t ring<T, N>::instances;

template <typename T> T next_value(T step) {
    static T value __attribute__((used));
    value = static_cast<T>(value + step);
    return value;
}

ring<int16_t, 4> template_ring;

int use_templates() {
    ring<int16_t, 4>::instances++;
    return next_value<int16_t>(1) + next_value<uint8_t>(2);
}

LEAF("/global/template_ring/slots/slots sint16 [4]", template_ring.slots);
LEAF("/global/template_ring/next uint8", template_ring.next);
// leaf /global/ring<short, 4>/instances uint16 @_ZN4ringIsLi4EE9instancesE+0 !avr
// leaf /global/ring<int, 4>/instances uint16 @_ZN4ringIiLi4EE9instancesE+0 avr
// leaf /global/short next_value<short>(short)/value sint16 @_ZZ10next_valueIsET_S0_E5value+0 !avr
// leaf /global/int next_value<int>(int)/value sint16 @_ZZ10next_valueIiET_S0_E5value+0 avr
// leaf /global/unsigned char next_value<unsigned char>(unsigned char)/value uint8 @_ZZ10next_valueIhET_S0_E5value+0
