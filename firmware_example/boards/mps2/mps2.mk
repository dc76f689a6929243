include cortex_m/cortex_m.mk
FOLDERS += mps2
SOURCES += mps2/board.c
LDSCRIPT := mps2/mps2.ld
