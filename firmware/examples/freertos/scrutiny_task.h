/* The library in a task of FreeRTOS. */
#ifndef SCRUTINY_TASK_H
#define SCRUTINY_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Start the task, before the receive interrupt is on. Its priority decides how soon it answers: one
 * above the idle task is enough, since control loops never wait for it.
 * Returns false if the configuration of the library does not fit together. */
bool scrutiny_task_start(unsigned priority);

/* Give it what has arrived. From the receive interrupt, at a priority from which FreeRTOS may be
 * called. */
void scrutiny_task_received_from_isr(const uint8_t *data, size_t size);

/* At the end of each run of the control loop, from its interrupt or task. */
void scrutiny_task_control_loop_ran(void);

/* ---- What the board provides ------------------------------------------------------------------ */

/* Queue octets for transmission without waiting; returns how many were taken. From the task. */
size_t board_uart_send(const uint8_t *data, size_t size);

/* Free-running microseconds that wrap at 2^32. From the task and from interrupts. The tick of the
 * scheduler will do if there is no timer: xTaskGetTickCountFromISR() * portTICK_PERIOD_MS * 1000. */
uint32_t board_time_us(void);

#endif
