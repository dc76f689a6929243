/** @file
 * Between a board and main.c, which runs the application on all of them.
 *
 * A board is a folder with a board.c, which provides the first half of this file, and a
 * board_config.h, which says how large things are. Its interrupts call the second half.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <scrutiny/scrutiny.h>

/* BOARD_RX_PAYLOAD       octets of the largest request, 32 or more
 * BOARD_TX_PAYLOAD       octets of the largest answer, 64 or more
 * BOARD_RING_SIZE        one more than the octets that may arrive while the main loop is busy
 * BOARD_DATALOG_SIZE     octets that recordings have room for; 0 = no recordings
 * BOARD_LOOP_IN_MAIN     1: the main loop runs the control loop. 0: board_timer_fired() does, in
 *                        the interrupt; for processors that write 32 bits at once
 * BOARD_NAME             what the server shows; the Makefile makes it of TITLE
 * It may also hold options of the application (app_config.h) and of the library
 * (scrutiny_config.h): both read it.
 */
#include "board_config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What a board provides ------------------------------------------------------------------- */

/** Set up clock, UART, and an interrupt APP_LOOP_HZ times a second. Called once, with interrupts
 * off. */
void board_init(void);

/** Queue octets for transmission; never waits. Called by the main loop.
 * Returns how many were taken. */
size_t board_write(const scrutiny_octet_t *data, size_t size);

/** Microseconds from a counter that runs by itself: ticks counted in an interrupt would be lost
 * while interrupts are off. Wraps from 2^32 - 1 to 0. Called from anywhere, and at least every
 * 20 ms. */
uint32_t board_us(void);

/** Called by the main loop, never nested. */
void board_interrupts_off(void);
void board_interrupts_on(void);

/** Sleep until there is an interrupt, and return with interrupts on. Called with interrupts off:
 * one that has come since then must not be slept through. */
void board_sleep(void);

/* ---- What its interrupts call ---------------------------------------------------------------- */

/** Octets have arrived. */
void board_received(const scrutiny_octet_t *octets, size_t count);

/** There is room again for board_write(). */
void board_transmitted(void);

/** It is time for an iteration of the control loop. Does not matter if some of these are late or
 * missing, because iterations are counted by board_us(). */
void board_timer_fired(void);

/** Octets that the receiver has lost for want of reading, as far as it tells. Counted by the
 * board. */
extern volatile uint32_t board_overruns;

#ifdef __cplusplus
}
#endif

#endif
