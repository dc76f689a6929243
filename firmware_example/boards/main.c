/* The application on a microcontroller: sleeps until an interrupt leaves something to do. */
#include "app.h"
#include "app_config.h"
#include "board.h"

#define LOOP_PERIOD_US (UINT32_C(1000000) / APP_LOOP_HZ)

/* After a long pause, as with a debugger, the motor does not make up for more than this. */
#define CATCH_UP_MAX_US (100u * LOOP_PERIOD_US)

/** Be busy with something else half of the time, with interrupts off, for so many microseconds
 * each time; 0 = do not. To see what that does to the link: set it from outside, it lasts until
 * the next reset. */
volatile uint16_t board_busy_us;
/** How often that was. */
uint32_t board_busy_count;

volatile uint32_t board_overruns;

static volatile bool has_news; /* since the poll began */
static bool is_blocked;        /* the UART did not take all that the poll had for it */
static uint32_t loop_done_us;  /* the iterations until here have run */
static bool loop_started;

static scrutiny_octet_t rx_buffer[SCRUTINY_RX_BUFFER_SIZE(BOARD_RX_PAYLOAD)];
static scrutiny_octet_t tx_buffer[SCRUTINY_TX_BUFFER_SIZE(BOARD_TX_PAYLOAD)];
static scrutiny_octet_t ring[BOARD_RING_SIZE];
#if BOARD_DATALOG_SIZE > 0
static unsigned char datalog_buffer[BOARD_DATALOG_SIZE];
#endif

void board_received(const scrutiny_octet_t *octets, size_t count) {
    (void)scrutiny_receive(&app_scrutiny, octets, count);
    has_news = true;
}

void board_transmitted(void) {
    has_news = true;
}

/* One iteration each time, unless some were missed: the middle between two of them is where the
 * count changes, so that it does not matter which of two clocks is a little earlier. */
static void run_control_loop(void) {
    const uint32_t now_us = board_us();

    if (!loop_started) {
        loop_started = true;
        loop_done_us = now_us - LOOP_PERIOD_US - LOOP_PERIOD_US / 2u;
    }
    if ((uint32_t)(now_us - loop_done_us) > CATCH_UP_MAX_US) {
        loop_done_us = now_us - CATCH_UP_MAX_US;
    }
    while ((uint32_t)(now_us - loop_done_us) >= LOOP_PERIOD_US) {
        loop_done_us += LOOP_PERIOD_US;
        app_control_loop();
    }
}

void board_timer_fired(void) {
#if !BOARD_LOOP_IN_MAIN
    run_control_loop();
#endif
    has_news = true;
}

static size_t port_write(void *context, const scrutiny_octet_t *data, size_t size) {
    const size_t taken = board_write(data, size);

    (void)context;
    is_blocked = taken < size;
    return taken;
}

static uint32_t port_now_us(void *context) {
    (void)context;
    return board_us();
}

static bool start(void) {
    static app_settings_t settings;
    scrutiny_port_t port;

    port.write = port_write;
    port.now_us = port_now_us;
    port.context = NULL;

    settings.display_name = BOARD_NAME;
    settings.rx_buffer = rx_buffer;
    settings.rx_buffer_size = sizeof rx_buffer / sizeof rx_buffer[0];
    settings.tx_buffer = tx_buffer;
    settings.tx_buffer_size = sizeof tx_buffer / sizeof tx_buffer[0];
    settings.ring = ring;
    settings.ring_size = sizeof ring / sizeof ring[0];
#if BOARD_DATALOG_SIZE > 0
    settings.datalog_buffer = datalog_buffer;
    settings.datalog_buffer_size = sizeof datalog_buffer;
#endif
    /* Better another one at each start, where a board has a source of randomness. */
    settings.session_seed = 1u;
    settings.memory_write_enabled = true;
    return app_init(&settings, &port) == SCRUTINY_OK;
}

/* Asking the clock costs an emulator much more than counting, and holds up its UART. A slow
 * processor counts less meanwhile. */
#ifndef BOARD_SPIN_COUNT
#define BOARD_SPIN_COUNT 100u
#endif

static void spin(void) {
    volatile uint8_t count;

    for (count = 0u; count < BOARD_SPIN_COUNT; count++) {
    }
}

/* As a driver of another device might be, or an application that writes its flash. Returns whether
 * there is time to sleep until the next interrupt. */
static bool be_busy(void) {
    static uint32_t next_us;
    const uint32_t length_us = board_busy_us;
    uint32_t now_us = board_us();

    if (length_us == 0u) {
        next_us = now_us;
        return true;
    }
    if ((int32_t)(now_us - next_us) < 0) {
        return next_us - now_us > LOOP_PERIOD_US;
    }
    board_interrupts_off();
    next_us = now_us + length_us;
    while ((int32_t)(now_us - next_us) < 0) {
        spin();
        now_us = board_us();
    }
    board_interrupts_on();
    board_busy_count++;
    next_us += length_us;
    return false;
}

/* The timer wakes it up at the latest: silences and time-outs are noticed. */
static void wait_for_news(void) {
    board_interrupts_off();
    if (has_news) {
        board_interrupts_on();
    } else {
        board_sleep();
    }
}

int main(void) {
    bool unfinished;
    bool works;

    board_interrupts_off();
    board_init();
    works = start();
    board_interrupts_on();
    while (!works) { /* a size in board_config.h is wrong: better deaf than half alive */
    }
    for (;;) {
        has_news = false;
        is_blocked = false;
#if BOARD_LOOP_IN_MAIN
        run_control_loop();
#endif
        unfinished = app_idle();
        if (be_busy() && (!unfinished || is_blocked)) {
            wait_for_news();
        }
    }
}
