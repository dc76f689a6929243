#include "app.h"

#include "motor.h"
#include "protected.h"
#include "published.h"
#include "statistics.h"
#include "user_command.h"

/* In units of 100 ns. */
#define CONTROL_PERIOD (10000000u / MOTOR_LOOP_HZ)

scrutiny_t app_scrutiny;
uint64_t app_tick_count;

static scrutiny_config_t config;
static bool motor_frozen;
static uint32_t idle_count;

static const scrutiny_loop_t loops[] = {
    {"control", CONTROL_PERIOD, true}, /* APP_LOOP_CONTROL */
    {"idle", 0u, true},                /* APP_LOOP_IDLE */
};

scrutiny_status_t app_init(const app_settings_t *settings, const scrutiny_port_t *port) {
    app_tick_count = 0u;
    idle_count = 0u;
    motor_frozen = false;
    motor_init();
    statistics_init();
    published_init();

    config.display_name = settings->display_name;
    config.rx_buffer = settings->rx_buffer;
    config.rx_buffer_size = settings->rx_buffer_size;
    config.tx_buffer = settings->tx_buffer;
    config.tx_buffer_size = settings->tx_buffer_size;
    config.ring = settings->ring;
    config.ring_size = settings->ring_size;
    config.datalog_buffer = settings->datalog_buffer;
    config.datalog_buffer_size = settings->datalog_buffer_size;
    config.session_seed = settings->session_seed;
    config.memory_write_enabled = settings->memory_write_enabled;
    config.loops = loops;
    config.loop_count = (uint8_t)(sizeof loops / sizeof loops[0]);
    config.user_command = user_command_handle;
    protected_configure(&config);
    published_configure(&config);
    return scrutiny_init(&app_scrutiny, &config, port);
}

void app_control_loop(void) {
    if (!motor_frozen) {
        motor_step();
        statistics_step();
    }
    app_tick_count++;
    scrutiny_loop_run(&app_scrutiny, APP_LOOP_CONTROL);
}

bool app_idle(void) {
    const bool more = scrutiny_poll(&app_scrutiny);

    idle_count++;
    scrutiny_loop_run(&app_scrutiny, APP_LOOP_IDLE);
    return more;
}

void app_freeze_motor(bool frozen) {
    motor_frozen = frozen;
}
