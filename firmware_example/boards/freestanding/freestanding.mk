# No C library: memory.c and string.h have what the library needs of it. The compiler still knows
# what these functions do, and copies a few octets by itself.
FOLDERS += freestanding
SOURCES += freestanding/memory.c
CFLAGS += -ffreestanding -fbuiltin
LDFLAGS += -nostdlib
LDLIBS += -lgcc
