TITLE := STM32F405
CORE := -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard
include cortex_m/cortex_m.mk
FOLDERS += stm32f405
SOURCES += stm32f405/board.c
LDSCRIPT := stm32f405/stm32f405.ld
