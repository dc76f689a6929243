#include "motor.h"

#define STEP_S (1.0f / (float)MOTOR_LOOP_HZ)

/* The thermal part is slow: at 10 kHz its steps would drown in the rounding of a float. */
#define THERMAL_DIVIDER 100u
#define THERMAL_STEP_S (STEP_S * (float)THERMAL_DIVIDER)

#define RPM_PER_RAD_S 9.5492966f
#define ENCODER_COUNTS_PER_REV 4096.0f
#define ENCODER_COUNTS_MAX 4096.0f /* per step */
#define TRUE_SPEED_MAX_RAD_S 10000.0f
#define AT_SPEED_RPM 15.0f
#define OVERHEATED_C 110.0f
#define STALL_TICKS (2u * MOTOR_LOOP_HZ)
#define MOTOR_FAULT_HOLD_TICKS (1u * MOTOR_LOOP_HZ)

typedef struct {
    float supply_v;
    float resistance_ohm;
    float torque_nm_per_a; /* also the back-EMF, in V per rad/s */
    float inertia_kg_m2;
    float friction_nm_s;
    float current_limit_a;
    float heat_capacity_j_per_k;
    float thermal_resistance_k_per_w;
    float ambient_c;
} motor_parameters_t;

float motor_setpoint_rpm;
float motor_speed_rpm;
float motor_current_a;
float motor_temperature_c;
motor_gains_t motor_gains;
motor_state_t motor_state;
motor_flags_t motor_flags;
uint16_t motor_fault_count;
uint8_t motor_last_fault;
int16_t motor_drive_permille;
int32_t motor_position_counts;
double motor_energy_j;

/* Volatile: the program never writes them, a debugger may. */
static volatile motor_parameters_t parameters = {24.0f, 0.5f,  0.07f, 1.0e-4f, 1.0e-4f,
                                                 20.0f, 30.0f, 4.0f,  25.0f};
static volatile float load_torque_nm = 0.05f;
static volatile float noise_amplitude_rpm = 2.0f;

static float true_speed_rad_s;
static float integral_v;
static float position_remainder;
static uint32_t noise_state;
static uint32_t thermal_ticks;
static uint32_t fault_ticks;
static uint32_t stalled_ticks;

/* What is not a number becomes -limit: a debugger may write anything, and the result is cast. */
static float clamp(float value, float limit) {
    if (value > limit) {
        return limit;
    }
    if (!(value >= -limit)) {
        return -limit;
    }
    return value;
}

static float magnitude(float value) {
    return value < 0.0f ? -value : value;
}

/* Uniform noise in -1 to 1: xorshift32, the same sequence at each start. */
static float noise(void) {
    noise_state ^= noise_state << 13;
    noise_state ^= noise_state >> 17;
    noise_state ^= noise_state << 5;
    return (float)(int32_t)(noise_state >> 8) * (2.0f / 16777216.0f) - 1.0f;
}

void motor_init(void) {
    motor_setpoint_rpm = 1500.0f;
    motor_speed_rpm = 0.0f;
    motor_current_a = 0.0f;
    motor_temperature_c = parameters.ambient_c;
    motor_gains.kp = 0.005f;
    motor_gains.ki = 0.15f;
    motor_state = MOTOR_STARTING;
    motor_flags.enabled = 1u;
    motor_flags.at_speed = 0u;
    motor_flags.saturated = 0u;
    motor_flags.overheated = 0u;
    motor_flags.fault_code = 0u;
    motor_flags.direction = 0;
    motor_fault_count = 0u;
    motor_last_fault = 0u;
    motor_drive_permille = 0;
    motor_position_counts = 0;
    motor_energy_j = 0.0;
    true_speed_rad_s = 0.0f;
    integral_v = 0.0f;
    position_remainder = 0.0f;
    noise_state = 2463534242u;
    thermal_ticks = 0u;
    fault_ticks = 0u;
    stalled_ticks = 0u;
}

bool motor_set_setpoint(float rpm) {
    if (!(rpm >= -MOTOR_SPEED_LIMIT_RPM && rpm <= MOTOR_SPEED_LIMIT_RPM)) {
        return false;
    }
    motor_setpoint_rpm = rpm;
    return true;
}

bool motor_set_gains(float kp, float ki) {
    const float largest = 1.0e6f; /* far above anything useful; keeps infinity out */
    if (!(kp >= 0.0f && kp <= largest && ki >= 0.0f && ki <= largest)) {
        return false;
    }
    motor_gains.kp = kp;
    motor_gains.ki = ki;
    return true;
}

void motor_enable(bool enabled) {
    motor_flags.enabled = enabled ? 1u : 0u;
}

bool motor_raise_fault(uint8_t code) {
    if (code == 0u || code > MOTOR_FAULT_CODE_MAX) {
        return false;
    }
    motor_state = MOTOR_FAULT;
    motor_flags.fault_code = (unsigned int)code & 0xFu;
    motor_last_fault = code;
    motor_fault_count++;
    fault_ticks = 0u;
    return true;
}

/* PI controller with a clamped integral; returns the voltage to apply. */
static float control(void) {
    const float supply_v = parameters.supply_v;
    const float error_rpm = motor_setpoint_rpm - motor_speed_rpm;
    float wanted_v;
    float applied_v;

    if (motor_state == MOTOR_STOPPED || motor_state == MOTOR_FAULT) {
        integral_v = 0.0f;
        motor_flags.saturated = 0u;
        return 0.0f;
    }
    integral_v = clamp(integral_v + motor_gains.ki * error_rpm * STEP_S, supply_v);
    wanted_v = motor_gains.kp * error_rpm + integral_v;
    applied_v = clamp(wanted_v, supply_v);
    motor_flags.saturated = magnitude(wanted_v) > supply_v ? 1u : 0u;
    return applied_v;
}

static void step_mechanics(float applied_v) {
    const float back_emf_v = parameters.torque_nm_per_a * true_speed_rad_s;
    float torque_nm;
    float load_nm = clamp(load_torque_nm * true_speed_rad_s, load_torque_nm);

    motor_current_a =
        clamp((applied_v - back_emf_v) / parameters.resistance_ohm, parameters.current_limit_a);
    if (motor_state == MOTOR_STOPPED || motor_state == MOTOR_FAULT) {
        motor_current_a = 0.0f; /* the power stage is open: no braking either */
    }
    torque_nm = parameters.torque_nm_per_a * motor_current_a -
                parameters.friction_nm_s * true_speed_rad_s - load_nm;
    true_speed_rad_s += torque_nm / parameters.inertia_kg_m2 * STEP_S;
    if (!(magnitude(true_speed_rad_s) < TRUE_SPEED_MAX_RAD_S)) {
        true_speed_rad_s = 0.0f; /* impossible parameters were written: start again */
        integral_v = 0.0f;
    }
    motor_energy_j += (double)(applied_v * motor_current_a * STEP_S);
}

static void step_encoder(void) {
    const float true_rpm = true_speed_rad_s * RPM_PER_RAD_S;
    int32_t whole;

    position_remainder += true_rpm / 60.0f * ENCODER_COUNTS_PER_REV * STEP_S;
    position_remainder = clamp(position_remainder, ENCODER_COUNTS_MAX);
    whole = (int32_t)position_remainder;
    position_remainder -= (float)whole;
    /* Unsigned, because the sum of signed ones may not wrap. */
    motor_position_counts = (int32_t)((uint32_t)motor_position_counts + (uint32_t)whole);
    motor_speed_rpm = true_rpm + noise_amplitude_rpm * noise();
}

static void step_temperature(void) {
    float loss_w;
    float cooling_w;

    if (++thermal_ticks < THERMAL_DIVIDER) {
        return;
    }
    thermal_ticks = 0u;
    loss_w = motor_current_a * motor_current_a * parameters.resistance_ohm;
    cooling_w =
        (motor_temperature_c - parameters.ambient_c) / parameters.thermal_resistance_k_per_w;
    motor_temperature_c += (loss_w - cooling_w) / parameters.heat_capacity_j_per_k * THERMAL_STEP_S;
    motor_flags.overheated = motor_temperature_c > OVERHEATED_C ? 1u : 0u;
}

static void update_flags(void) {
    const float error_rpm = motor_setpoint_rpm - motor_speed_rpm;

    motor_flags.at_speed = magnitude(error_rpm) < AT_SPEED_RPM ? 1u : 0u;
    if (motor_speed_rpm > AT_SPEED_RPM) {
        motor_flags.direction = 1;
    } else if (motor_speed_rpm < -AT_SPEED_RPM) {
        motor_flags.direction = -1;
    } else {
        motor_flags.direction = 0;
    }
}

static void protect(void) {
    stalled_ticks =
        (motor_flags.saturated != 0u && motor_flags.direction == 0) ? stalled_ticks + 1u : 0u;
    if (motor_state == MOTOR_FAULT) {
        return;
    }
    if (motor_flags.overheated != 0u) {
        (void)motor_raise_fault((uint8_t)MOTOR_FAULT_OVERHEATED);
    } else if (stalled_ticks > STALL_TICKS) {
        stalled_ticks = 0u;
        (void)motor_raise_fault((uint8_t)MOTOR_FAULT_STALLED);
    }
}

static void update_state(void) {
    switch (motor_state) {
    case MOTOR_FAULT:
        if (++fault_ticks >= MOTOR_FAULT_HOLD_TICKS && motor_flags.overheated == 0u) {
            motor_flags.fault_code = 0u;
            motor_state = MOTOR_STOPPED;
        }
        break;
    case MOTOR_STOPPED:
        if (motor_flags.enabled != 0u) {
            motor_state = MOTOR_STARTING;
        }
        break;
    case MOTOR_STARTING:
        if (motor_flags.enabled == 0u) {
            motor_state = MOTOR_STOPPED;
        } else if (motor_flags.at_speed != 0u) {
            motor_state = MOTOR_RUNNING;
        }
        break;
    case MOTOR_RUNNING:
        if (motor_flags.enabled == 0u) {
            motor_state = MOTOR_STOPPED;
        } else if (motor_flags.at_speed == 0u) {
            motor_state = MOTOR_STARTING;
        }
        break;
    default: /* an unknown value was written from outside */
        motor_state = MOTOR_STOPPED;
        break;
    }
}

void motor_step(void) {
    const float applied_v = control();

    motor_drive_permille = (int16_t)clamp(applied_v / parameters.supply_v * 1000.0f, 1000.0f);
    step_mechanics(applied_v);
    step_encoder();
    step_temperature();
    update_flags();
    protect();
    update_state();
}
