/** @file
 * Ids of the published values: what a client can read and write without knowing the program.
 *
 * | Id              | Name           | Type    | Access | Unit, meaning                      |
 * |-----------------|----------------|---------|--------|------------------------------------|
 * | 0x1000          | speed setpoint | float32 | rw     | rpm, -3000 to 3000                 |
 * | 0x1001          | speed          | float32 | r      | rpm, as measured                   |
 * | 0x1002          | temperature    | float32 | r      | degree Celsius                     |
 * | 0x1003          | state          | uint8   | r      | motor_state_t                      |
 * | 0x1004          | fault count    | uint16  | r      | faults since start                 |
 * | 0x1005          | kp             | float32 | rw     | V per rpm, not negative            |
 * | 0x1006          | ki             | float32 | rw     | V per rpm and second, not negative |
 * | 0x1007          | uptime         | uint32  | r      | ms since start                     |
 * | 0x1008          | enabled        | boolean | rw     | power stage on                     |
 * | 0x1009          | drive          | sint16  | r      | 1/1000 of the supply voltage       |
 * | 0x100A          | last fault     | uint8   | r      | code, 0 = none yet                 |
 * | 0x100B          | position       | sint32  | r      | encoder counts since start         |
 * | 0x100C          | trim           | sint8   | rw     | free for the user                  |
 * | 0x1010          | tick count     | uint64  | r      | iterations of the control loop (a) |
 * | 0x1011          | energy         | float64 | r      | J since start (a) (b)              |
 * | 0x1012          | time offset    | sint64  | rw     | free for the user (a)              |
 * | 0x2000 - 0x201D | scratch 0-29   | uint32  | rw     | free for the user, 0 at start      |
 * | 0x201E - 0x203B | scratch 30-59  | float32 | rw     | free for the user, 0 at start      |
 *
 * (a) only where the library is built with 64-bit types; (b) only where `double` has 8 octets.
 */
#ifndef APP_PUBLISHED_H
#define APP_PUBLISHED_H

#define APP_RPV_SPEED_SETPOINT 0x1000u
#define APP_RPV_SPEED 0x1001u
#define APP_RPV_TEMPERATURE 0x1002u
#define APP_RPV_STATE 0x1003u
#define APP_RPV_FAULT_COUNT 0x1004u
#define APP_RPV_KP 0x1005u
#define APP_RPV_KI 0x1006u
#define APP_RPV_UPTIME_MS 0x1007u
#define APP_RPV_ENABLED 0x1008u
#define APP_RPV_DRIVE 0x1009u
#define APP_RPV_LAST_FAULT 0x100Au
#define APP_RPV_POSITION 0x100Bu
#define APP_RPV_TRIM 0x100Cu
#define APP_RPV_TICK_COUNT 0x1010u
#define APP_RPV_ENERGY 0x1011u
#define APP_RPV_TIME_OFFSET 0x1012u

#define APP_RPV_SCRATCH_FIRST 0x2000u
#define APP_RPV_SCRATCH_FLOAT_FIRST 0x201Eu
#define APP_RPV_SCRATCH_LAST 0x203Bu

#define APP_SCRATCH_U32_COUNT (APP_RPV_SCRATCH_FLOAT_FIRST - APP_RPV_SCRATCH_FIRST)
#define APP_SCRATCH_F32_COUNT (APP_RPV_SCRATCH_LAST + 1u - APP_RPV_SCRATCH_FLOAT_FIRST)

#endif
