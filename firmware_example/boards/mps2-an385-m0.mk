# Code for a Cortex-M0, which a Cortex-M3 runs, too: QEMU has no MPS2 with the smaller one.
TITLE := MPS2, Cortex-M0
CORE := -mcpu=cortex-m0 -mthumb
include mps2/mps2.mk
