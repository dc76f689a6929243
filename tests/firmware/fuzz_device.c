/* Feeds mutated frames to a device, and checks what comes out.
 *
 *     fuzz_device [frames [seed]]
 *
 * Frames come in batches: requests of all kinds, most of them damaged, some with their CRC made
 * right again so that they get past the parser, in chunks, with pauses, with a port that takes few
 * octets and with loops running in between. After each batch: whatever was sent is a sequence of
 * well-formed responses, and after one silence a clean request is answered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crc32.h"
#include "scrutiny/scrutiny.h"

enum {
    PAYLOAD = 128,
    RING = 512,
    OUTPUT = 1 << 16,
    FRAME_MAX = 400,
    BATCH = 16,
    LOOPS = 3
};
enum {
    SILENCE_US = 50000,
    VALUES = 5,
    REGIONS = 2
};

typedef struct {
    scrutiny_octet_t octets[FRAME_MAX];
    size_t size;
} frame_t;

unsigned char fuzz_arena[FUZZ_ARENA_SIZE];

static scrutiny_octet_t rx_buffer[SCRUTINY_RX_BUFFER_SIZE(PAYLOAD)];
static scrutiny_octet_t tx_buffer[SCRUTINY_TX_BUFFER_SIZE(PAYLOAD)];
static scrutiny_octet_t ring[RING];
static unsigned char datalog_buffer[300]; /* less than the largest entry has */
static scrutiny_octet_t output[OUTPUT];
static size_t output_size;
static size_t write_limit;
static uint32_t clock_us;
static uint64_t random_state;
static bool in_loop;
static bool sane;               /* make configurations that are accepted, most of them */
static unsigned long triggered; /* recordings that waited for something */
static scrutiny_t device;

static const scrutiny_loop_t loops[LOOPS] = {
    {"fixed", 1000, true}, {"variable", 0, true}, {"closed", 10, false}};
static const scrutiny_published_value_t published_values[VALUES] = {{1, SCRUTINY_TYPE_UINT8},
                                                                    {2, SCRUTINY_TYPE_SINT16},
                                                                    {3, SCRUTINY_TYPE_FLOAT32},
                                                                    {4, SCRUTINY_TYPE_UINT64},
                                                                    {0x1000, SCRUTINY_TYPE_BOOL}};
static const scrutiny_region_t regions[REGIONS] = {{0x1000, 0x10FF}, {0xFFFF0000u, 0xFFFFFFFFu}};

static uint32_t below(uint32_t limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 32) % limit);
}

static bool one_in(uint32_t count) {
    return below(count) == 0;
}

/* ---- The device's surroundings -----------------------------------------------------------------
 */

static size_t port_write(void *context, const scrutiny_octet_t *data, size_t size) {
    (void)context;
    size_t taken = size < write_limit ? size : write_limit;
    if (taken > OUTPUT - output_size) {
        taken = OUTPUT - output_size;
    }
    memcpy(output + output_size, data, taken);
    output_size += taken;
    return taken;
}

static uint32_t port_now_us(void *context) {
    (void)context;
    return clock_us;
}

static bool read_value(void *context, const scrutiny_published_value_t *definition,
                       scrutiny_value_t *value) {
    (void)context;
    if (in_loop && one_in(4)) { /* a task that preempts the loop polls */
        in_loop = false;
        scrutiny_poll(&device);
        in_loop = true;
    }
    if (definition->type == SCRUTINY_TYPE_BOOL) {
        value->as_bool = one_in(2);
    } else {
        value->as_uint64 = below(0xFFFFFFFFu);
    }
    return !one_in(16);
}

static bool write_value(void *context, const scrutiny_published_value_t *definition,
                        const scrutiny_value_t *value) {
    (void)context;
    (void)definition;
    (void)value;
    return !one_in(16);
}

static size_t user_command(void *context, uint_least8_t subfunction,
                           const scrutiny_octet_t *request, size_t request_size,
                           scrutiny_octet_t *response, size_t response_max) {
    (void)context;
    memcpy(response, request, request_size < response_max ? request_size : response_max);
    return subfunction < 0xF0 ? request_size : response_max + 1;
}

static void boot(void) {
    static scrutiny_config_t config;
    const scrutiny_port_t port = {port_write, port_now_us, NULL};
    config.display_name = "fuzz";
    config.rx_buffer = rx_buffer;
    config.rx_buffer_size = sizeof(rx_buffer);
    config.tx_buffer = tx_buffer;
    config.tx_buffer_size = SCRUTINY_TX_BUFFER_SIZE(below(2) ? PAYLOAD : 32);
    config.ring = ring;
    config.ring_size = sizeof(ring);
    config.max_octets_per_poll = below(2) ? 0 : 7;
    config.memory_write_enabled = true;
    config.readonly_regions = &regions[0];
    config.readonly_region_count = 1;
    config.forbidden_regions = &regions[1];
    config.forbidden_region_count = 1;
    config.published_values = published_values;
    config.published_value_count = VALUES;
    config.read_value = read_value;
    config.write_value = write_value;
    config.user_command = user_command;
    config.loops = loops;
    config.loop_count = LOOPS;
    config.datalog_buffer = datalog_buffer;
    config.datalog_buffer_size = sizeof(datalog_buffer);
    if (scrutiny_init(&device, &config, &port) != SCRUTINY_OK) {
        abort();
    }
}

/* ---- Frames ------------------------------------------------------------------------------------
 */

static void add(frame_t *frame, uint64_t value, size_t size) {
    for (size_t i = size; i > 0 && frame->size < FRAME_MAX; i--) {
        frame->octets[frame->size++] = (scrutiny_octet_t)((value >> (8 * (i - 1))) & 0xFFu);
    }
}

static void begin(frame_t *frame, uint32_t command, uint32_t subfunction) {
    frame->size = 0;
    add(frame, command, 1);
    add(frame, subfunction, 1);
    add(frame, 0, 2);
}

static void set_crc(frame_t *frame) {
    size_t covered = frame->size - 4;
    frame->size = covered;
    add(frame, scrutiny_crc32(0, frame->octets, covered), 4);
}

static void finish(frame_t *frame) {
    size_t payload = frame->size - 4;
    frame->octets[2] = (scrutiny_octet_t)(payload >> 8);
    frame->octets[3] = (scrutiny_octet_t)(payload & 0xFFu);
    add(frame, 0, 4);
    set_crc(frame);
}

static uint32_t any_address(void) {
    static const uint32_t corners[] = {0, 0xFF0, 0x1000, 0x10FF, 0xFFFEFFFFu, 0xFFFFFFFFu};
    if (sane) {
        return 0xFF0 + below(0x110);
    }
    return one_in(2) ? corners[below(6)] : below(0x10000);
}

static uint32_t any_value_id(void) {
    return sane ? 1 + below(4) : below(6);
}

static void add_memory_request(frame_t *frame) {
    uint32_t subfunction = below(7);
    begin(frame, 3, subfunction);
    for (uint32_t i = below(4); i > 0; i--) {
        uint32_t size = below(one_in(8) ? 200 : 12);
        if (subfunction > 3) {
            add(frame, below(6), 2);
            add(frame, below(256), subfunction == 5 ? below(9) : 0);
            continue;
        }
        add(frame, any_address(), 4);
        add(frame, size, 2);
        for (uint32_t j = 0; j < size * (subfunction - 1) && subfunction > 1 && j < 60; j++) {
            add(frame, below(256), 1);
        }
    }
}

static uint32_t any_literal(void) {
    /* Zeros, a denormal number, where fractions end, and where integers of 32 and 64 bits do. */
    static const uint32_t corners[] = {0,           0x80000000u, 1,           0x4AFFFFFFu,
                                       0x4B000000u, 0x4F000000u, 0xCF000000u, 0xCF000001u,
                                       0x4F7FFFFFu, 0x4F800000u, 0x5F000000u, 0xDF000000u,
                                       0xDF000001u, 0x5F7FFFFFu, 0x5F800000u, 0x7F7FFFFFu};
    if (!sane && one_in(8)) {
        return 0x7F800000u | (below(2) << 31) | below(2);
    }
    return one_in(2) ? corners[below(16)] : below(0xFF800000u);
}

static void add_operand(frame_t *frame) {
    static const uint32_t types[] = {0x10, 0x01, 0x22, 0x23, 0x13, 0x30, 0x02, 0x03};
    uint32_t kind = below(4);
    add(frame, kind, 1);
    if (kind == 0) {
        add(frame, any_literal(), 4);
    } else if (kind == 3) {
        add(frame, any_value_id(), 2);
    } else {
        add(frame, !sane && one_in(8) ? 0x5F : types[below(8)], 1);
        add(frame, any_address(), 4);
        add(frame, kind == 2 ? (below(64) << 8) | below(one_in(2) ? 9 : 66) : 0, kind == 2 ? 2 : 0);
    }
}

static void add_configuration(frame_t *frame) {
    static const uint32_t operand_counts[] = {0, 2, 2, 2, 2, 2, 2, 2, 3, 1};
    uint32_t condition = below(sane ? 9 : 10);
    begin(frame, 5, 2);
    add(frame, below(sane ? 2 : 4), 1);
    add(frame, below(0x10000), 2);
    add(frame, sane ? 1 : below(3), 2);
    add(frame, below(256), 1);
    add(frame, below(2) * below(100000), 4);
    add(frame, condition, 1);
    add(frame, below(2) * below(10000), 4);
    add(frame, operand_counts[condition], 1);
    for (uint32_t i = 0; i < operand_counts[condition]; i++) {
        add_operand(frame);
    }
    uint32_t signals = sane ? 1 + below(16) : below(one_in(8) ? 18 : 6);
    add(frame, signals, 1);
    for (uint32_t i = 0; i < signals; i++) {
        uint32_t kind = below(3);
        add(frame, kind, 1);
        add(frame, kind == 0 ? any_address() : any_value_id(), kind == 0 ? 4 : (kind == 1 ? 2 : 0));
        add(frame, sane ? 1 + below(16) : below(one_in(8) ? 256 : 9), kind == 0 ? 1 : 0);
    }
}

static void add_session_request(frame_t *frame) {
    static const uint32_t magics[] = {0, 0x7E18FC68u, 0, 0, 0x82902266u, 0, 0};
    uint32_t subfunction = below(7);
    begin(frame, 2, subfunction);
    if (subfunction == 5 && !one_in(8)) {
        frame->octets[1] = 3; /* rarely disconnect */
        return;
    }
    bool with_magic = subfunction == 1 || subfunction == 4;
    add(frame, with_magic ? magics[subfunction] : device.session.id, 4);
    add(frame, below(0x10000), subfunction == 2 ? 2 : 0);
}

static void make_request(frame_t *frame) {
    switch (below(8)) {
    case 0:
        begin(frame, 1, below(11));
        for (uint32_t i = below(5); i > 0; i--) {
            add(frame, below(4), 1);
        }
        break;
    case 1:
        add_session_request(frame);
        break;
    case 2:
    case 3:
        add_memory_request(frame);
        break;
    case 4:
        begin(frame, 4, below(256));
        for (uint32_t i = below(one_in(4) ? 140 : 20); i > 0; i--) {
            add(frame, below(256), 1);
        }
        break;
    case 5:
        add_configuration(frame);
        break;
    case 6:
        begin(frame, 5, below(10));
        break;
    default:
        begin(frame, below(256), below(256));
        break;
    }
    finish(frame);
}

static void flip_some(frame_t *frame) {
    for (uint32_t i = below(3); i < 3; i++) {
        frame->octets[below((uint32_t)frame->size)] ^= (scrutiny_octet_t)(1u << below(8));
    }
}

static void mutate(frame_t *frame) {
    switch (below(6)) {
    case 0:
        return;
    case 1:
        flip_some(frame);
        break;
    case 2:
        flip_some(frame);
        set_crc(frame);
        break;
    case 3:
        frame->size = 1 + below((uint32_t)frame->size);
        break;
    case 4: /* an inserted or lost payload octet, with everything else right */
        frame->size -= 4;
        if (one_in(2) || frame->size == 4) {
            add(frame, below(256), 1);
        } else {
            frame->size--;
        }
        finish(frame);
        break;
    default:
        for (uint32_t i = below(50); i > 0; i--) {
            add(frame, below(256), 1);
        }
        break;
    }
}

/* ---- One batch ---------------------------------------------------------------------------------
 */

static void pass_time(void) {
    static const uint32_t pauses_us[] = {1, 100, SILENCE_US - 1, SILENCE_US, 2 * SILENCE_US};
    clock_us += pauses_us[one_in(8) ? below(5) : 0];
}

static void run_loop(uint32_t loop_id) {
    in_loop = true;
    scrutiny_loop_run(&device, (uint_least8_t)loop_id);
    in_loop = false;
}

static void send_in_chunks(const frame_t *frame) {
    size_t sent = 0;
    while (sent < frame->size) {
        size_t left = frame->size - sent;
        size_t chunk = one_in(2) ? left : 1 + below((uint32_t)left);
        scrutiny_receive(&device, frame->octets + sent, chunk);
        sent += chunk;
        pass_time();
        write_limit = one_in(4) ? below(8) : OUTPUT;
        if (!one_in(4)) {
            scrutiny_poll(&device);
        }
        run_loop(below(LOOPS));
    }
}

static void settle(void) {
    write_limit = OUTPUT;
    for (int i = 0; i < 10000 && scrutiny_poll(&device); i++) {
    }
}

static void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    abort();
}

/* Octets of the well-formed response at the front, or 0. */
static size_t response_size(const scrutiny_octet_t *octets, size_t size) {
    if (size < 9 || (octets[0] & 0x80u) == 0 || octets[2] > 6) {
        return 0;
    }
    size_t payload = ((size_t)octets[3] << 8) | octets[4];
    if (size < payload + 9 || (octets[2] != 0 && payload != 0)) {
        return 0;
    }
    scrutiny_octet_t crc[4];
    uint32_t expected = scrutiny_crc32(0, octets, payload + 5);
    for (size_t i = 0; i < sizeof(crc); i++) {
        crc[i] = (scrutiny_octet_t)((expected >> (8 * (3 - i))) & 0xFFu);
    }
    return memcmp(crc, octets + payload + 5, sizeof(crc)) == 0 ? payload + 9 : 0;
}

static void check_output(void) {
    size_t next = 0;
    while (next < output_size) {
        size_t size = response_size(output + next, output_size - next);
        if (size == 0) {
            fail("the output is not a sequence of responses");
        }
        next += size;
    }
    output_size = 0;
}

static size_t ask(uint32_t subfunction, uint32_t number) {
    frame_t frame;
    begin(&frame, 2, subfunction);
    add(&frame, number, 4);
    finish(&frame);
    output_size = 0;
    scrutiny_receive(&device, frame.octets, frame.size);
    settle();
    return response_size(output, output_size) == output_size ? output_size : 0;
}

static void check_alive(void) {
    clock_us += SILENCE_US;
    if (ask(1, 0x7E18FC68u) != 9 + 19 + 4 || output[2] != 0) {
        fail("no answer to a clean request after a silence");
    }
    if (!scrutiny_session_is_open(&device) && ask(4, 0x82902266u) != 9 + 8) {
        fail("no session after a silence");
    }
    output_size = 0;
}

static uint32_t dropped_responses(void) {
    scrutiny_counters_t counters;
    scrutiny_get_counters(&device, &counters);
    return counters.sessions_expired + counters.tx_stalls;
}

/* What chance alone hardly ever does: configure, arm, and run loops for a while. */
static void record_something(void) {
    static const scrutiny_octet_t always[] = {0, 0, 9, 0, 1, 0, 0, 0, 0, 0,    0, 0,
                                              0, 0, 0, 0, 2, 2, 0, 0, 0, 0x20, 0, 7};
    frame_t frame;
    if (one_in(4)) {
        begin(&frame, 5, 2);
        for (size_t i = 0; i < sizeof(always); i++) {
            add(&frame, always[i], 1);
        }
    } else {
        sane = true;
        add_configuration(&frame);
        sane = false;
    }
    finish(&frame);
    scrutiny_receive(&device, frame.octets, frame.size);
    begin(&frame, 5, 3);
    finish(&frame);
    scrutiny_receive(&device, frame.octets, frame.size);
    settle();
    for (uint32_t i = below(100); i > 0; i--) {
        for (size_t j = 0; j < 8; j++) { /* what triggers look at, among others */
            fuzz_arena[0xFF0 + below(0x120)] = (unsigned char)below(256);
        }
        run_loop(below(2));
    }
    if (device.datalogger.setup.operand_count > 0 && device.datalogger.state > 2) {
        triggered++;
    }
}

static void run_batch(void) {
    frame_t frame;
    uint32_t dropped = dropped_responses();
    if (one_in(4)) {
        record_something();
    }
    for (int i = 0; i < BATCH; i++) {
        make_request(&frame);
        mutate(&frame);
        send_in_chunks(&frame);
        clock_us += one_in(2) ? SILENCE_US : 0; /* else what went wrong lasts */
    }
    settle();
    if (dropped == dropped_responses()) {
        check_output();
    }
    check_alive();
}

int main(int argc, char **argv) {
    unsigned long frames = argc > 1 ? strtoul(argv[1], NULL, 0) : 100000;
    scrutiny_counters_t counters;
    unsigned long refusals = 0;
    unsigned long answers = 0;
    random_state = (argc > 2 ? strtoull(argv[2], NULL, 0) : 1) * 0x9E3779B97F4A7C15u | 1u;
    for (unsigned long done = 0; done < frames; done += BATCH) {
        if (done % (BATCH * 1024ul) == 0) {
            boot();
            check_alive();
        }
        run_batch();
        scrutiny_get_counters(&device, &counters);
        if (done % (BATCH * 1024ul) == BATCH * 1023ul || done + BATCH >= frames) {
            refusals += counters.refusals;
            answers += counters.requests;
        }
    }
    printf("%lu frames, %lu answers, %lu of them refusals, %lu triggers\n", frames, answers,
           refusals, triggered);
    return 0;
}
