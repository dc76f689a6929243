/* As much of a kernel and a board as the task for FreeRTOS needs to run: the octets of standard
 * input come in an interrupt while it sleeps, what it sends goes to standard output, and the program
 * ends when it sleeps and nobody wakes it any more. Exit code 3: it was not woken.
 */
#include "scrutiny_task.h"

#include "FreeRTOS.h"
#include "task.h"

#include <stdio.h>
#include <stdlib.h>

#define SENT_AT_ONCE 7u
#define LAST_SLEEPS 200u

static TaskFunction_t task_code;
static uint32_t notifications;

TaskHandle_t xTaskCreateStatic(TaskFunction_t code, const char *name, uint32_t stack_depth,
                               void *parameters, UBaseType_t priority, StackType_t *stack,
                               StaticTask_t *task) {
    (void)name;
    (void)parameters;
    (void)priority;
    task_code = code;
    return stack_depth > 0 && stack != NULL ? (TaskHandle_t)(void *)task : NULL;
}

void vTaskNotifyGiveFromISR(TaskHandle_t task, BaseType_t *higher_priority_task_woken) {
    notifications += task != NULL;
    *higher_priority_task_woken = pdTRUE;
}

void stub_yield_from_isr(BaseType_t is_needed) {
    if (is_needed == pdFALSE) {
        exit(3);
    }
}

uint32_t ulTaskNotifyTake(BaseType_t clear_on_exit, TickType_t ticks_to_wait) {
    static uint32_t sleeps;
    uint8_t octets[16];
    const size_t size = fread(octets, 1, sizeof(octets), stdin);
    if (size > 0) {
        const uint32_t before = notifications;
        scrutiny_task_received_from_isr(octets, size);
        if (notifications == before) {
            exit(3);
        }
    } else if (ticks_to_wait == 0 || ++sleeps > LAST_SLEEPS) {
        exit(clear_on_exit == pdTRUE ? 0 : 3);
    }
    return notifications;
}

size_t board_uart_send(const uint8_t *data, size_t size) {
    return fwrite(data, 1, size < SENT_AT_ONCE ? size : SENT_AT_ONCE, stdout);
}

uint32_t board_time_us(void) {
    static uint32_t time_us;
    return time_us += 10;
}

int main(void) {
    if (!scrutiny_task_start(1)) {
        return 1;
    }
    scrutiny_task_control_loop_ran();
    task_code(NULL);
    return 2; /* a task must not return */
}
