/* Options for fuzzing: any address from the wire falls into an arena, so that a read or write that
 * the protocol allows is harmless, and one that the library gets wrong leaves the arena.
 */
#ifndef FUZZ_CONFIG_H
#define FUZZ_CONFIG_H

#include <stdint.h>

enum {
    FUZZ_ARENA_MASK = 0xFFFF,
    FUZZ_ARENA_SIZE = 0x20000
};
extern unsigned char fuzz_arena[FUZZ_ARENA_SIZE];

#define SCRUTINY_ADDRESS_SIZE 4
#define SCRUTINY_ADDRESS_TO_POINTER(address) (&fuzz_arena[(address)&FUZZ_ARENA_MASK])

#endif
