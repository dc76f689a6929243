/* Sizes for 2 KB of RAM and 32 KB of flash: no recordings, unless asked for. */
#ifndef BOARD_CONFIG_H
#define BOARD_CONFIG_H

#define BOARD_RX_PAYLOAD 64u
#ifndef BOARD_TX_PAYLOAD
#define BOARD_TX_PAYLOAD 64u
#endif
#define BOARD_RING_SIZE 96u /* a request, and what a noisy line adds */
#define BOARD_TX_RING_SIZE 32u
#ifndef BOARD_DATALOG_SIZE
#define BOARD_DATALOG_SIZE 0
#endif
#define BOARD_LOOP_IN_MAIN 1
#define BOARD_SPIN_COUNT 4u /* of main.c: a few microseconds */

#define APP_LOOP_HZ 200u
#define APP_HISTORY_SIZE 16u

#define SCRUTINY_ENABLE_DATALOGGING (BOARD_DATALOG_SIZE > 0)
#define SCRUTINY_DATALOG_MAX_SIGNALS 4
#define SCRUTINY_MAX_LOOPS 2

#endif
