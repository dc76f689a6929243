PREFIX := avr-
PACKAGE := gcc-avr avr-libc
FOLDERS += avr
SOURCES := avr/board.c avr/stack.c tx_ring.c
LDFLAGS += -Wl,--relax
# The default of this compiler is stabs, which nobody reads any more.
CFLAGS += -gdwarf-4
# The C library lists the registers. Reading these takes octets away from the receive interrupt.
UNLISTED := '/global/UDR*'
