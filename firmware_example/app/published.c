#include "published.h"

#include "app.h"
#include "app_published.h"
#include "motor.h"

#define ENTRY(id, type)                                                                            \
    { (uint16_t)(id), (uint_least8_t)(type) }
#define TEN_ENTRIES(id, type)                                                                      \
    ENTRY((id) + 0u, type), ENTRY((id) + 1u, type), ENTRY((id) + 2u, type),                        \
        ENTRY((id) + 3u, type), ENTRY((id) + 4u, type), ENTRY((id) + 5u, type),                    \
        ENTRY((id) + 6u, type), ENTRY((id) + 7u, type), ENTRY((id) + 8u, type),                    \
        ENTRY((id) + 9u, type)

static const scrutiny_published_value_t values[] = {
    ENTRY(APP_RPV_SPEED_SETPOINT, SCRUTINY_TYPE_FLOAT32),
    ENTRY(APP_RPV_SPEED, SCRUTINY_TYPE_FLOAT32),
    ENTRY(APP_RPV_TEMPERATURE, SCRUTINY_TYPE_FLOAT32),
    ENTRY(APP_RPV_STATE, SCRUTINY_TYPE_UINT8),
    ENTRY(APP_RPV_FAULT_COUNT, SCRUTINY_TYPE_UINT16),
    ENTRY(APP_RPV_KP, SCRUTINY_TYPE_FLOAT32),
    ENTRY(APP_RPV_KI, SCRUTINY_TYPE_FLOAT32),
    ENTRY(APP_RPV_UPTIME_MS, SCRUTINY_TYPE_UINT32),
    ENTRY(APP_RPV_ENABLED, SCRUTINY_TYPE_BOOL),
    ENTRY(APP_RPV_DRIVE, SCRUTINY_TYPE_SINT16),
    ENTRY(APP_RPV_LAST_FAULT, SCRUTINY_TYPE_UINT8),
    ENTRY(APP_RPV_POSITION, SCRUTINY_TYPE_SINT32),
    ENTRY(APP_RPV_TRIM, SCRUTINY_TYPE_SINT8),
#if SCRUTINY_ENABLE_64BIT
    ENTRY(APP_RPV_TICK_COUNT, SCRUTINY_TYPE_UINT64),
    ENTRY(APP_RPV_TIME_OFFSET, SCRUTINY_TYPE_SINT64),
#endif
#if SCRUTINY_HAS_FLOAT64
    ENTRY(APP_RPV_ENERGY, SCRUTINY_TYPE_FLOAT64),
#endif
    TEN_ENTRIES(APP_RPV_SCRATCH_FIRST, SCRUTINY_TYPE_UINT32),
    TEN_ENTRIES(APP_RPV_SCRATCH_FIRST + 10u, SCRUTINY_TYPE_UINT32),
    TEN_ENTRIES(APP_RPV_SCRATCH_FIRST + 20u, SCRUTINY_TYPE_UINT32),
    TEN_ENTRIES(APP_RPV_SCRATCH_FLOAT_FIRST, SCRUTINY_TYPE_FLOAT32),
    TEN_ENTRIES(APP_RPV_SCRATCH_FLOAT_FIRST + 10u, SCRUTINY_TYPE_FLOAT32),
    TEN_ENTRIES(APP_RPV_SCRATCH_FLOAT_FIRST + 20u, SCRUTINY_TYPE_FLOAT32),
};

static uint32_t scratch_counts[APP_SCRATCH_U32_COUNT];
static float scratch_levels[APP_SCRATCH_F32_COUNT];
static int8_t trim;
#if SCRUTINY_ENABLE_64BIT
static int64_t time_offset;
#endif

/* The loop may interrupt between the two halves of it. */
static uint64_t tick_count(void) {
    const volatile uint64_t *const count = &app_tick_count;
    uint64_t before;
    uint64_t after = *count;

    do {
        before = after;
        after = *count;
    } while (before != after);
    return after;
}

static uint32_t uptime_ms(void) {
#if APP_LOOP_HZ >= 1000u
    return (uint32_t)(tick_count() / (APP_LOOP_HZ / 1000u));
#else
    return (uint32_t)tick_count() * (1000u / APP_LOOP_HZ);
#endif
}

static bool read_scratch(uint16_t id, scrutiny_value_t *value) {
    if (id >= APP_RPV_SCRATCH_FIRST && id < APP_RPV_SCRATCH_FLOAT_FIRST) {
        value->as_uint32 = scratch_counts[id - APP_RPV_SCRATCH_FIRST];
        return true;
    }
    if (id >= APP_RPV_SCRATCH_FLOAT_FIRST && id <= APP_RPV_SCRATCH_LAST) {
        value->as_float32 = scratch_levels[id - APP_RPV_SCRATCH_FLOAT_FIRST];
        return true;
    }
    return false;
}

static bool write_scratch(uint16_t id, const scrutiny_value_t *value) {
    if (id >= APP_RPV_SCRATCH_FIRST && id < APP_RPV_SCRATCH_FLOAT_FIRST) {
        scratch_counts[id - APP_RPV_SCRATCH_FIRST] = value->as_uint32;
        return true;
    }
    if (id >= APP_RPV_SCRATCH_FLOAT_FIRST && id <= APP_RPV_SCRATCH_LAST) {
        scratch_levels[id - APP_RPV_SCRATCH_FLOAT_FIRST] = value->as_float32;
        return true;
    }
    return false;
}

static bool read_value(void *context, const scrutiny_published_value_t *definition,
                       scrutiny_value_t *value) {
    (void)context;
    switch (definition->id) {
    case APP_RPV_SPEED_SETPOINT:
        value->as_float32 = motor_setpoint_rpm;
        return true;
    case APP_RPV_SPEED:
        value->as_float32 = motor_speed_rpm;
        return true;
    case APP_RPV_TEMPERATURE:
        value->as_float32 = motor_temperature_c;
        return true;
    case APP_RPV_STATE:
        value->as_uint8 = (uint8_t)motor_state;
        return true;
    case APP_RPV_FAULT_COUNT:
        value->as_uint16 = motor_fault_count;
        return true;
    case APP_RPV_KP:
        value->as_float32 = motor_gains.kp;
        return true;
    case APP_RPV_KI:
        value->as_float32 = motor_gains.ki;
        return true;
    case APP_RPV_UPTIME_MS:
        value->as_uint32 = uptime_ms();
        return true;
    case APP_RPV_ENABLED:
        value->as_bool = motor_flags.enabled != 0u;
        return true;
    case APP_RPV_DRIVE:
        value->as_sint16 = motor_drive_permille;
        return true;
    case APP_RPV_LAST_FAULT:
        value->as_uint8 = motor_last_fault;
        return true;
    case APP_RPV_POSITION:
        value->as_sint32 = motor_position_counts;
        return true;
    case APP_RPV_TRIM:
        value->as_sint8 = trim;
        return true;
#if SCRUTINY_ENABLE_64BIT
    case APP_RPV_TICK_COUNT:
        value->as_uint64 = tick_count();
        return true;
    case APP_RPV_TIME_OFFSET:
        value->as_sint64 = time_offset;
        return true;
#endif
#if SCRUTINY_HAS_FLOAT64
    case APP_RPV_ENERGY:
        value->as_float64 = motor_energy_j;
        return true;
#endif
    default:
        return read_scratch(definition->id, value);
    }
}

/* False, which refuses, for what is read-only too. */
static bool write_value(void *context, const scrutiny_published_value_t *definition,
                        const scrutiny_value_t *value) {
    (void)context;
    switch (definition->id) {
    case APP_RPV_SPEED_SETPOINT:
        return motor_set_setpoint(value->as_float32);
    case APP_RPV_KP:
        return motor_set_gains(value->as_float32, motor_gains.ki);
    case APP_RPV_KI:
        return motor_set_gains(motor_gains.kp, value->as_float32);
    case APP_RPV_ENABLED:
        motor_enable(value->as_bool);
        return true;
    case APP_RPV_TRIM:
        trim = value->as_sint8;
        return true;
#if SCRUTINY_ENABLE_64BIT
    case APP_RPV_TIME_OFFSET:
        time_offset = value->as_sint64;
        return true;
#endif
    default:
        return write_scratch(definition->id, value);
    }
}

void published_init(void) {
    unsigned int i;

    for (i = 0u; i < APP_SCRATCH_U32_COUNT; i++) {
        scratch_counts[i] = 0u;
    }
    for (i = 0u; i < APP_SCRATCH_F32_COUNT; i++) {
        scratch_levels[i] = 0.0f;
    }
    trim = 0;
#if SCRUTINY_ENABLE_64BIT
    time_offset = 0;
#endif
}

void published_configure(scrutiny_config_t *config) {
    config->published_values = values;
    config->published_value_count = (uint16_t)(sizeof values / sizeof values[0]);
    config->read_value = read_value;
    config->write_value = write_value;
}
