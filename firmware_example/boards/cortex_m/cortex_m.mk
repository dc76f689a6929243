PREFIX := arm-none-eabi-
PACKAGE := gcc-arm-none-eabi
FOLDERS := cortex_m
SOURCES := cortex_m/startup.c tx_ring.c freestanding/memory.c
# No C library: memory.c has what the compiler calls by itself.
CFLAGS += -ffreestanding
LDFLAGS := -nostdlib -Lcortex_m
LDLIBS := -lgcc
