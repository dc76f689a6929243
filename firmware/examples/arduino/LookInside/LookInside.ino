/* A sketch that can be looked into, and changed, while it runs.
 *
 * Serial belongs to the library: print nothing to it. On the computer:
 *
 *     scrutiny server --link "serial:/dev/ttyACM0?baudrate=115200&start_delay_s=2"
 *     scrutiny set /rpv/x0001=100        the LED blinks five times as fast
 *     scrutiny watch /rpv/x0002 /rpv/x0003
 *
 * The delay is for boards that start anew when their port is opened, as the Uno and the Mega.
 *
 * It fits an ATmega328P: its buffers take 200 octets.
 */
#include <Scrutiny.h>

// ------------------------------------------------------------------ what there is to see

// Every global and static variable can be seen by its name, once `scrutiny sfd build` has read the
// .elf file of the sketch. `volatile` is for those that only the computer changes: the compiler
// would take them for constants.
volatile uint16_t blink_period_ms = 500;
uint32_t blink_count = 0;
float triangle = 0.0f;

// These are there even without that file, under numbers.
enum { BLINK_PERIOD = 0x0001, BLINK_COUNT = 0x0002, TRIANGLE = 0x0003 };

static const scrutiny_published_value_t published[] = {
    {BLINK_PERIOD, SCRUTINY_TYPE_UINT16},
    {BLINK_COUNT, SCRUTINY_TYPE_UINT32},
    {TRIANGLE, SCRUTINY_TYPE_FLOAT32},
};

static bool read_published(void *, const scrutiny_published_value_t *definition,
                           scrutiny_value_t *value) {
    switch (definition->id) {
    case BLINK_PERIOD:
        value->as_uint16 = blink_period_ms;
        return true;
    case BLINK_COUNT:
        value->as_uint32 = blink_count;
        return true;
    case TRIANGLE:
        value->as_float32 = triangle;
        return true;
    default:
        return false;
    }
}

static bool write_published(void *, const scrutiny_published_value_t *definition,
                            const scrutiny_value_t *value) {
    if (definition->id != BLINK_PERIOD || value->as_uint16 == 0) {
        return false; // the computer is told that it was refused
    }
    blink_period_ms = value->as_uint16;
    return true;
}

// ------------------------------------------------------------------ the port

// A whole request has to fit what Serial keeps between two runs of loop(): on an AVR 63 octets.
static scrutiny_octet_t rx_buffer[SCRUTINY_RX_BUFFER_SIZE(48)];
static scrutiny_octet_t tx_buffer[SCRUTINY_TX_BUFFER_SIZE(64)];
static scrutiny_octet_t ring[64];
static scrutiny_config_t config; // zero where nothing is assigned
static scrutiny_t scrutiny;

static size_t send(void *, const scrutiny_octet_t *data, size_t size) {
    const size_t room = (size_t)Serial.availableForWrite();
    return Serial.write(data, size < room ? size : room);
}

static uint32_t now_us(void *) {
    return (uint32_t)micros();
}

static void start_scrutiny() {
    scrutiny_port_t port;
    port.write = send;
    port.now_us = now_us;
    port.context = NULL;

    config.display_name = "LookInside";
    config.rx_buffer = rx_buffer;
    config.rx_buffer_size = sizeof(rx_buffer);
    config.tx_buffer = tx_buffer;
    config.tx_buffer_size = sizeof(tx_buffer);
    config.ring = ring;
    config.ring_size = sizeof(ring);
    config.memory_write_enabled = true;
    config.published_values = published;
    config.published_value_count = sizeof(published) / sizeof(published[0]);
    config.read_value = read_published;
    config.write_value = write_published;
    if (scrutiny_init(&scrutiny, &config, &port) != SCRUTINY_OK) {
        digitalWrite(LED_BUILTIN, HIGH); // something above does not fit together
        for (;;) {
        }
    }
}

static void serve_scrutiny() {
    while (Serial.available() > 0) {
        const scrutiny_octet_t octet = (scrutiny_octet_t)Serial.read();
        (void)scrutiny_receive(&scrutiny, &octet, 1);
    }
    (void)scrutiny_poll(&scrutiny);
}

// ------------------------------------------------------------------ the sketch

void setup() {
    pinMode(LED_BUILTIN, OUTPUT);
    Serial.begin(115200);
    start_scrutiny();
}

// Without delay(): what waits here cannot answer.
void loop() {
    static uint32_t changed_ms = 0;
    static bool is_on = false;

    const uint32_t now_ms = (uint32_t)millis();
    if (now_ms - changed_ms >= blink_period_ms) {
        changed_ms = now_ms;
        is_on = !is_on;
        blink_count += is_on ? 1 : 0;
        digitalWrite(LED_BUILTIN, is_on ? HIGH : LOW);
    }
    triangle = fabsf((float)(now_ms % 2000) / 1000.0f - 1.0f);
    serve_scrutiny();
}
