#include "measured.h"

uint32_t measured_table[MEASURED_TABLE_SIZE];
uint64_t measured_clock_ns;
