TITLE := MPS2, Cortex-M4F
CORE := -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard
include mps2/mps2.mk
