TITLE := MPS2, Cortex-M3
CORE := -mcpu=cortex-m3 -mthumb
include mps2/mps2.mk
