/** @file
 * The application, independent of any board: a motor controller that can be looked into.
 *
 * A board provides buffers and a port, calls app_init() once, app_control_loop() APP_LOOP_HZ
 * times a second and app_idle() whenever it has time, and gives what it receives to
 * scrutiny_receive().
 *
 * Calling app_control_loop() from an interrupt is fine on a 32-bit target; values wider than the
 * target's word may then be torn between two of its runs when they are read.
 */
#ifndef APP_H
#define APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <scrutiny/scrutiny.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Ids of the loops, which are their positions in the table. */
#define APP_LOOP_CONTROL 0u
#define APP_LOOP_IDLE 1u

/** What a board decides. Everything pointed to must stay. */
typedef struct {
    const char *display_name;
    scrutiny_octet_t *rx_buffer; /* SCRUTINY_RX_BUFFER_SIZE() octets, and so on */
    size_t rx_buffer_size;
    scrutiny_octet_t *tx_buffer;
    size_t tx_buffer_size;
    scrutiny_octet_t *ring;
    size_t ring_size;
    unsigned char *datalog_buffer; /* NULL: no recording */
    size_t datalog_buffer_size;
    uint32_t session_seed;
    bool memory_write_enabled;
} app_settings_t;

/** The application's end of the link, for scrutiny_receive(). */
extern scrutiny_t app_scrutiny;

/** Iterations of the control loop since start. */
extern uint64_t app_tick_count;

/** Start. Returns what scrutiny_init() says. */
scrutiny_status_t app_init(const app_settings_t *settings, const scrutiny_port_t *port);

/** One iteration of the control loop; it never waits. */
void app_control_loop(void);

/** Everything that is not urgent, first of all the answer to a request. Never waits.
 *
 * Returns true if there is more to do at once. */
bool app_idle(void);

/** Stop the motor model and its statistics where they are, or let them go on. Time, ticks and
 * recording go on in any case. */
void app_freeze_motor(bool frozen);

#ifdef __cplusplus
}
#endif

#endif
