/* Options of the reference device. Addresses of 4 and 8 octets are real ones; shorter ones count
 * from the start of its memory. Compiled with SCRUTINY_ADDRESS_SIZE set to 1, 2, 4 or 8.
 */
#ifndef REFERENCE_CONFIG_H
#define REFERENCE_CONFIG_H

#define REFERENCE_MEMORY_BASE 0x20100000u

#if SCRUTINY_ADDRESS_SIZE < 4
#define SCRUTINY_ADDRESS_TO_POINTER(address)                                                       \
    ((unsigned char *)((uintptr_t)REFERENCE_MEMORY_BASE + (address)))
#endif

#endif
