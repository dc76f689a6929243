/* Counts the instructions of scrutiny_poll() and scrutiny_receive() on an emulated Cortex-M3;
 * poll_cost.py builds and runs it.
 *
 * A request waits in the ring, and is polled until nothing is left to do, once with all octets at a
 * time and once with LIMIT of them (max_octets_per_poll).
 *
 * Prints "case;most;most with the limit;most before": the most instructions of a poll, and with the
 * limit those of all polls but the last, which executes the request.
 */
#include "bare_device.h"
#include "counted_line.h"
#include "scrutiny/scrutiny.h"
#include "semihosting.h"
#include "systick.h"

enum {
    PAYLOAD = BARE_PAYLOAD,
    LIMIT = 8,
    REGIONS = 2,
    VALUES = 16,
    RECORDING = 1024
};

static scrutiny_octet_t rx_buffer[SCRUTINY_RX_BUFFER_SIZE(PAYLOAD)];
static scrutiny_octet_t tx_buffer[SCRUTINY_TX_BUFFER_SIZE(PAYLOAD)];
static scrutiny_octet_t ring[1024];
static unsigned char recording[RECORDING];
static unsigned char memory[PAYLOAD];
static const scrutiny_region_t regions[REGIONS] = {{1, 2}, {3, 4}};
static const scrutiny_loop_t loops[] = {{"loop", 1000, true}};
static scrutiny_published_value_t values[VALUES];
static scrutiny_config_t config;
static scrutiny_t device;
static uint32_t now_us;
static uint32_t overhead; /* instructions */
static uint32_t most_before_last;
static uint32_t sent_octets;

static size_t port_write(void *context, const scrutiny_octet_t *data, size_t size) {
    (void)context;
    (void)data;
    sent_octets += (uint32_t)size;
    return size;
}

static uint32_t port_now_us(void *context) {
    (void)context;
    return now_us;
}

static bool read_value(void *context, const scrutiny_published_value_t *definition,
                       scrutiny_value_t *value) {
    (void)context;
    value->as_uint32 = definition->id;
    return true;
}

static bool write_value(void *context, const scrutiny_published_value_t *definition,
                        const scrutiny_value_t *value) {
    (void)context;
    (void)definition;
    (void)value;
    return true;
}

static void start(void) {
    static const scrutiny_port_t port = {port_write, port_now_us, NULL};
    for (unsigned int i = 0; i < VALUES; i++) {
        values[i].id = (uint16_t)(0x1000u + i);
        values[i].type = SCRUTINY_TYPE_UINT32;
    }
    config.rx_buffer = rx_buffer;
    config.rx_buffer_size = sizeof(rx_buffer);
    config.tx_buffer = tx_buffer;
    config.tx_buffer_size = sizeof(tx_buffer);
    config.ring = ring;
    config.ring_size = sizeof(ring);
    config.memory_write_enabled = true;
    config.readonly_regions = regions;
    config.readonly_region_count = REGIONS;
    config.forbidden_regions = regions;
    config.forbidden_region_count = REGIONS;
    config.published_values = values;
    config.published_value_count = VALUES;
    config.read_value = read_value;
    config.write_value = write_value;
    config.loops = loops;
    config.loop_count = 1;
    config.datalog_buffer = recording;
    config.datalog_buffer_size = sizeof(recording);
    (void)scrutiny_init(&device, &config, &port);
}

/* ---- Requests ----------------------------------------------------------------------------------
 */

static void begin(bare_request_t *request, uint32_t command, uint32_t subfunction) {
    request->size = 0;
    bare_put(request, command, 1);
    bare_put(request, subfunction, 1);
    bare_put(request, 0, 2);
}

static void connect(bare_request_t *request) {
    begin(request, 2, 4);
    bare_put(request, 0x82902266, 4);
}

static void read_parameters(bare_request_t *request) {
    begin(request, 2, 3);
}

/* `count` blocks of `size` octets; with data for a write, and a mask for a masked one. */
static void blocks(bare_request_t *request, uint32_t subfunction, size_t count, size_t size) {
    begin(request, 3, subfunction);
    for (size_t i = 0; i < count; i++) {
        bare_put(request, (uint32_t)(uintptr_t)memory, 4);
        bare_put(request, (uint32_t)size, 2);
        for (size_t octet = 0; octet < (subfunction - 1u) * size; octet++) {
            bare_put(request, 0xFF, 1);
        }
    }
}

static void read_one_block(bare_request_t *request) {
    blocks(request, 1, 1, PAYLOAD - 6);
}

static void read_many_blocks(bare_request_t *request) {
    blocks(request, 1, 25, 4);
}

static void write_one_block(bare_request_t *request) {
    blocks(request, 2, 1, PAYLOAD - 6);
}

static void write_masked(bare_request_t *request) {
    blocks(request, 3, 1, (PAYLOAD - 6) / 2);
}

static void write_many_blocks(bare_request_t *request) {
    blocks(request, 2, 25, 4);
}

static void read_values(bare_request_t *request) {
    begin(request, 3, 4);
    for (size_t i = 0; i < 42; i++) {
        bare_put(request, 0x1000u + VALUES - 1u, 2); /* the last of the table */
    }
}

static void write_values(bare_request_t *request) {
    begin(request, 3, 5);
    for (size_t i = 0; i < 42; i++) {
        bare_put(request, 0x1000u + VALUES - 1u, 2);
        bare_put(request, (uint32_t)i, 4);
    }
}

static void configure(bare_request_t *request) {
    begin(request, 5, 2);
    bare_put(request, 0, 1); /* loop */
    bare_put(request, 1, 2);
    bare_put(request, 1, 2); /* decimation */
    bare_put(request, 255, 1);
    bare_put(request, 0, 4);
    bare_put(request, 5, 1); /* greater than */
    bare_put(request, 0, 4);
    bare_put(request, 2, 1);
    for (int i = 0; i < 2; i++) {
        bare_put(request, 1, 1);
        bare_put(request, 0x12, 1);
        bare_put(request, (uint32_t)(uintptr_t)memory, 4);
    }
    bare_put(request, 16, 1);
    for (int i = 0; i < 16; i++) {
        bare_put(request, 0, 1);
        bare_put(request, (uint32_t)(uintptr_t)memory, 4);
        bare_put(request, 4, 1);
    }
}

/* ---- Counting ----------------------------------------------------------------------------------
 */

static bool do_nothing(scrutiny_t *scrutiny) {
    (void)scrutiny;
    return false;
}

static uint32_t instructions_of(bool (*volatile function)(scrutiny_t *), bool *more) {
    uint32_t before = SYSTICK_VALUE;
    *more = function(&device);
    return systick_between(before, SYSTICK_VALUE) * NS_PER_TICK / NS_PER_INSTRUCTION;
}

/* Polls until nothing is left to do; returns the most instructions of one poll. */
static uint32_t most_of_polls(void) {
    uint32_t most = 0;
    bool more = true;
    most_before_last = 0;
    while (more) {
        uint32_t instructions = instructions_of(scrutiny_poll, &more) - overhead;
        most = instructions > most ? instructions : most;
        if (more) {
            most_before_last = most;
        }
    }
    return most;
}

static uint32_t most_for(void (*fill)(bare_request_t *), size_t limit) {
    bare_request_t request;
    start();
    config.max_octets_per_poll = 0;
    connect(&request);
    bare_finish(&request);
    (void)scrutiny_receive(&device, request.octets, request.size);
    (void)most_of_polls();
    config.max_octets_per_poll = limit;
    if (fill != NULL) {
        fill(&request);
        bare_finish(&request);
        (void)scrutiny_receive(&device, request.octets, request.size);
    }
    return most_of_polls();
}

/* Noise that never leaves a silence: after as many octets as the buffers hold, frames are looked
 * for at every octet. `pattern` then comes behind what could be a request of 32 octets. */
static uint32_t most_for_noise(scrutiny_octet_t pattern, size_t limit) {
    static const scrutiny_octet_t head[4] = {0, 0, 0, 32};
    scrutiny_octet_t octet = 0xFF;
    start();
    config.max_octets_per_poll = 0;
    for (size_t i = 0; i < sizeof(rx_buffer) + sizeof(tx_buffer) + 2u; i++) {
        (void)scrutiny_receive(&device, &octet, 1);
        (void)most_of_polls();
    }
    config.max_octets_per_poll = limit;
    (void)scrutiny_receive(&device, head, sizeof(head));
    for (int i = 0; i < 36; i++) {
        (void)scrutiny_receive(&device, &pattern, 1);
    }
    return most_of_polls();
}

static bool receive_one(scrutiny_t *scrutiny) {
    static const scrutiny_octet_t octet = 1;
    return scrutiny_receive(scrutiny, &octet, 1) == 1;
}

/* ---- Printing ----------------------------------------------------------------------------------
 */

static void print(const char *name, uint32_t most, uint32_t most_with_limit) {
    char line[120];
    char *at = append_number(append_number(append(line, name), most), most_with_limit);
    at = append_number(at, most_before_last);
    *append(at, "\n") = '\0';
    semihosting_print(line);
}

static void print_octets(void) {
    bool more = false;
    uint32_t idle = most_for(NULL, 0);
    uint32_t receive = instructions_of(receive_one, &more) - overhead;
    uint32_t poll = instructions_of(scrutiny_poll, &more) - overhead;
    print("nothing to do", idle, idle);
    print("receive of one octet", receive, receive);
    print("one octet of a request", poll, poll);
}

int main(void) {
    static const struct {
        const char *name;
        void (*fill)(bare_request_t *request);
    } cases[] = {{"parameters", read_parameters},
                 {"read of 250 octets", read_one_block},
                 {"read of 25 x 4 octets", read_many_blocks},
                 {"write of 250 octets", write_one_block},
                 {"masked write of 125 octets", write_masked},
                 {"write of 25 x 4 octets", write_many_blocks},
                 {"read of 42 published values", read_values},
                 {"write of 42 published values", write_values},
                 {"recording of 16 signals", configure}};
    bool more = false;
    systick_start(SYSTICK_MAX, 0);
    overhead = instructions_of(do_nothing, &more) - 2u; /* it has two */
    print_octets();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t most = most_for(cases[i].fill, 0);
        print(cases[i].name, most, most_for(cases[i].fill, LIMIT));
    }
    for (int zero = 0; zero < 2; zero++) {
        scrutiny_octet_t pattern = zero != 0 ? 0 : 0xFF;
        uint32_t most = most_for_noise(pattern, 0);
        print(zero != 0 ? "noise, like short requests" : "noise, like bad headers", most,
              most_for_noise(pattern, LIMIT));
    }
    return sent_octets > 0 ? 0 : 1;
}
