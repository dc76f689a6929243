/* Sizes for 128 KB of RAM. */
#ifndef BOARD_CONFIG_H
#define BOARD_CONFIG_H

#define BOARD_RX_PAYLOAD 1024u
#define BOARD_TX_PAYLOAD 1024u
#define BOARD_RING_SIZE 2048u
#define BOARD_TX_RING_SIZE 1024u /* of tx_ring.h */
#define BOARD_DATALOG_SIZE 16384u
#define BOARD_LOOP_IN_MAIN 0

#define APP_LOOP_HZ 1000u

#endif
