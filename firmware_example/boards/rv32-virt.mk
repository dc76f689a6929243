TITLE := RV32IMAC
PREFIX := riscv64-unknown-elf-
PACKAGE := gcc-riscv64-unknown-elf
# The older specification has the instructions for status registers in I: the newer spelling,
# rv32imac_zicsr, is one that this compiler has no libgcc for.
CORE := -march=rv32imac -misa-spec=2.2 -mabi=ilp32 -mcmodel=medany
FOLDERS := riscv_virt
SOURCES := riscv_virt/startup.c riscv_virt/board.c tx_ring.c
LDSCRIPT := riscv_virt/virt.ld
include freestanding/freestanding.mk
