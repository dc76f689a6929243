/* Sizes for megabytes of RAM, and where the devices are in QEMU's machine "virt". */
#ifndef BOARD_CONFIG_H
#define BOARD_CONFIG_H

#define BOARD_RX_PAYLOAD 1024u
#define BOARD_TX_PAYLOAD 1024u
#define BOARD_RING_SIZE 2048u
#define BOARD_TX_RING_SIZE 1024u /* of tx_ring.h */
#define BOARD_DATALOG_SIZE 16384u
#define BOARD_LOOP_IN_MAIN 0

#define APP_LOOP_HZ 1000u

#define UART_BASE 0x10000000u
#define UART_CLOCK_HZ 3686400u
#define UART_IRQ 10u
#define CLINT_BASE 0x02000000u
#define MTIME_HZ 10000000u
#define PLIC_BASE 0x0C000000u

#endif
