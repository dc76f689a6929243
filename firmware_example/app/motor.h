/** @file
 * The motor, its speed controller and what protects it: a model small enough for any target.
 *
 * The globals below are what a debugger wants to see and change while the loop runs. They are plain
 * variables on purpose: nothing in this module knows that somebody looks.
 */
#ifndef APP_MOTOR_H
#define APP_MOTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "app_config.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Steps of the controller per second. */
#define MOTOR_LOOP_HZ APP_LOOP_HZ

/** Largest setpoint accepted in either direction, in rpm. */
#define MOTOR_SPEED_LIMIT_RPM 3000.0f

/** Largest code of a fault: it has to fit motor_flags_t. */
#define MOTOR_FAULT_CODE_MAX 15u

typedef enum {
    MOTOR_STOPPED = 0,
    MOTOR_STARTING = 1, /* on its way to the setpoint */
    MOTOR_RUNNING = 2,
    MOTOR_FAULT = 3 /* unpowered; ends by itself after MOTOR_FAULT_HOLD_TICKS */
} motor_state_t;

#define MOTOR_STATE_COUNT 4u

typedef enum {
    MOTOR_FAULT_NONE = 0,
    MOTOR_FAULT_OVERHEATED = 1,
    MOTOR_FAULT_STALLED = 2
    /* 3 to 15: free, for faults injected from outside */
} motor_fault_t;

typedef struct {
    float kp; /* V per rpm */
    float ki; /* V per rpm and second */
} motor_gains_t;

typedef struct {
    unsigned int enabled : 1;
    unsigned int at_speed : 1;
    unsigned int saturated : 1;
    unsigned int overheated : 1;
    unsigned int fault_code : 4;
    signed int direction : 2; /* -1, 0, 1 */
} motor_flags_t;

/** Wanted speed in rpm; change it through motor_set_setpoint() to have it checked. */
extern float motor_setpoint_rpm;
/** Speed as the encoder sees it, with noise, in rpm. */
extern float motor_speed_rpm;
extern float motor_current_a;
extern float motor_temperature_c;
extern motor_gains_t motor_gains;
extern motor_state_t motor_state;
extern motor_flags_t motor_flags;
/** Faults since start. */
extern uint16_t motor_fault_count;
/** Code of the latest fault, kept after it ended; 0 = none yet. */
extern uint8_t motor_last_fault;
/** Voltage applied, in 1/1000 of the supply. */
extern int16_t motor_drive_permille;
/** Encoder counts since start; wraps. */
extern int32_t motor_position_counts;
/** Electrical energy taken since start, in J. */
extern double motor_energy_j;

/** Put the motor at rest and all of the above at its start value. */
void motor_init(void);

/** Advance controller and model by one period of the loop. */
void motor_step(void);

/** Take a new wanted speed. Returns false, and changes nothing, outside of the limit or for NaN. */
bool motor_set_setpoint(float rpm);

/** Take new gains. Returns false, and changes nothing, if one is negative or not a number. */
bool motor_set_gains(float kp, float ki);

/** Switch the power stage on or off. */
void motor_enable(bool enabled);

/** Report a fault, as the protection does. Returns false for code 0 or one that is too large. */
bool motor_raise_fault(uint8_t code);

#ifdef __cplusplus
}
#endif

#endif
