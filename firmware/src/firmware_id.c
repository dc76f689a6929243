/* Alone in its file, with external linkage, so that a tagging tool finds the placeholder once in
 * the linked binary. Readers go through a volatile pointer: otherwise a linker that optimises could
 * replace a read by the value it sees here.
 */
#include "scrutiny/scrutiny.h"

#ifdef __AVR__
#include <avr/pgmspace.h> /* in flash only: constants occupy RAM otherwise */
PROGMEM
#endif
#ifdef __GNUC__
__attribute__((used))
#endif
const scrutiny_octet_t scrutiny_firmware_id[SCRUTINY_FIRMWARE_ID_SIZE] = {
    0xA9, 0xDC, 0xC0, 0x65, 0x28, 0xFD, 0x41, 0xFA, 0x7C, 0xE8, 0x63, 0xD6, 0xAA, 0x94, 0xA7, 0x08,
};
