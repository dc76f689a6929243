PREFIX := arm-none-eabi-
PACKAGE := gcc-arm-none-eabi
FOLDERS := cortex_m
SOURCES := cortex_m/startup.c tx_ring.c
LDFLAGS += -Lcortex_m
include freestanding/freestanding.mk
