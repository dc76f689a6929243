/* Sizes for 8 KB of RAM and 256 KB of flash. */
#ifndef BOARD_CONFIG_H
#define BOARD_CONFIG_H

#define BOARD_RX_PAYLOAD 256u
#define BOARD_TX_PAYLOAD 256u
#define BOARD_RING_SIZE 255u
#define BOARD_TX_RING_SIZE 128u
#define BOARD_DATALOG_SIZE 4096
#define BOARD_LOOP_IN_MAIN 1
#define BOARD_SPIN_COUNT 4u /* of main.c: a few microseconds */

#define APP_LOOP_HZ 200u

#endif
