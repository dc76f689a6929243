/* Start-up and work of the Scrutiny library on this board. */
#ifndef SCRUTINY_BOARD_H
#define SCRUTINY_BOARD_H

/* Once, after clocks and UART are up and before interrupts are enabled. */
void scrutiny_board_init(void);

/* From the main loop. */
void scrutiny_board_poll(void);

#endif
