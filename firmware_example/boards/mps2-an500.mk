TITLE := MPS2, Cortex-M7
CORE := -mcpu=cortex-m7 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard
include mps2/mps2.mk
