#include "protected.h"

typedef struct {
    uint32_t serial_number;
    float current_gain;
    float current_offset_a;
    int16_t encoder_table[8];
} calibration_t;

/* Volatile: as if the factory had written them, the program itself never does. */
static volatile uint8_t secret_key[32] = "not for the eyes of a debugger.";
static volatile calibration_t calibration = {
    20240117u, 1.0125f, -0.03125f, {0, 12, 17, 12, 0, -12, -17, -12}};

/* Filled at start: a cast to an integer is no constant expression. */
static scrutiny_region_t forbidden_region;
static scrutiny_region_t readonly_region;

static scrutiny_region_t region_of(const volatile void *start, size_t size) {
    scrutiny_region_t region;

    region.start = (uintptr_t)start;
    region.end = region.start + size - 1u;
    return region;
}

void protected_configure(scrutiny_config_t *config) {
    forbidden_region = region_of(secret_key, sizeof secret_key);
    readonly_region = region_of(&calibration, sizeof calibration);
    config->forbidden_regions = &forbidden_region;
    config->forbidden_region_count = 1u;
    config->readonly_regions = &readonly_region;
    config->readonly_region_count = 1u;
}
