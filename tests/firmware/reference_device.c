/* The device that the test vectors of the device protocol describe, as a process: a test drives its
 * link, clock, memory and loops through stdin, and reads what it answers from stdout.
 *
 *     reference_device [transmit payload [forbidden start [forbidden end]]]
 *
 * A command is a letter, a u16 length and that many octets; the reply is a u32 length and that many
 * octets; numbers are little endian.
 *
 *     R octets            octets from the server, then polls until nothing is left; reply: output
 *     P                   the same without octets
 *     T u32               advance the clock, in microseconds
 *     L u8 u16            run loop u8 u16 times; the counter at +0x40 counts each run
 *     S u16 octets        store octets at this offset of the memory
 *     G u16 u16           reply: so many octets from this offset
 *     W u16               the port takes this many octets per call; 0 = all
 *     B u16 u32           boot again, with this transmit payload, a datalog buffer of this size, and
 *                         published values of all types; clock and memory as at the start
 *     V u32               refuse to read the published values whose bits are set, counted from 0x1000
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "scrutiny/scrutiny.h"

#define PAYLOAD 128u
#define MEMORY_SIZE 0x10000u
#define COUNTER_OFFSET 0x40u
#define COMMAND_MAX 0xFFFFu

enum {
    READ_ONLY_REGIONS = 2,
    LOOPS = 3,
    VECTOR_VALUES = 8, /* that the vectors' device publishes; they come first */
    FIRST_VALUE_ID = 0x1000
};

static scrutiny_octet_t rx_buffer[SCRUTINY_RX_BUFFER_SIZE(PAYLOAD)];
static scrutiny_octet_t tx_buffer[SCRUTINY_TX_BUFFER_SIZE(PAYLOAD)];
static scrutiny_octet_t ring[1024];
static unsigned char datalog_buffer[4096];
static scrutiny_region_t forbidden_regions[1] = {{0x20100100u, 0x201001FFu}};
static const scrutiny_region_t readonly_regions[READ_ONLY_REGIONS] = {
    {0x20100200u, 0x2010027Fu},
    {0x20100300u, 0x2010033Fu},
};
static const scrutiny_loop_t loops[LOOPS] = {
    {"10kHz", 1000, true},
    {"Idle", 0, true},
    {"NoLog", 10000, false},
};
static const scrutiny_published_value_t published_values[] = {
    {0x1000, SCRUTINY_TYPE_FLOAT32}, {0x1001, SCRUTINY_TYPE_UINT16},
    {0x1002, SCRUTINY_TYPE_SINT32},  {0x1003, SCRUTINY_TYPE_BOOL},
#if SCRUTINY_ENABLE_64BIT
    {0x1004, SCRUTINY_TYPE_FLOAT64}, {0x1005, SCRUTINY_TYPE_UINT64},
#endif
    {0x1006, SCRUTINY_TYPE_SINT8},   {0x1007, SCRUTINY_TYPE_UINT8},
    {0x1008, SCRUTINY_TYPE_SINT16},  {0x1009, SCRUTINY_TYPE_UINT32},
#if SCRUTINY_ENABLE_64BIT
    {0x100A, SCRUTINY_TYPE_SINT64},
#endif
};
#define PUBLISHED_VALUES (sizeof(published_values) / sizeof(published_values[0]))
static scrutiny_value_t values[16]; /* by id */

static unsigned char *memory;
static uint32_t clock_us;
static size_t write_limit;
static uint32_t refused_values;
static unsigned char output[1u << 20];
static size_t output_size;
static scrutiny_t device;
static scrutiny_config_t config;

static size_t port_write(void *context, const scrutiny_octet_t *data, size_t size) {
    (void)context;
    size_t taken = write_limit != 0 && write_limit < size ? write_limit : size;
    if (taken > sizeof(output) - output_size) {
        taken = sizeof(output) - output_size;
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
    unsigned int index = definition->id - FIRST_VALUE_ID;
    *value = values[index];
    return ((refused_values >> index) & 1u) == 0;
}

static bool write_value(void *context, const scrutiny_published_value_t *definition,
                        const scrutiny_value_t *value) {
    (void)context;
    values[definition->id - FIRST_VALUE_ID] = *value;
    return true;
}

static size_t user_command(void *context, uint_least8_t subfunction,
                           const scrutiny_octet_t *request, size_t request_size,
                           scrutiny_octet_t *response, size_t response_max) {
    (void)context;
    if (subfunction == 0xEE) {
        return response_max + 1;
    }
    for (size_t i = 0; i < request_size && i < response_max; i++) {
        response[i] = request[request_size - 1 - i];
    }
    return request_size;
}

static void fill_values(void) {
    memset(values, 0, sizeof(values));
    refused_values = 0;
    values[0].as_float32 = 3.25f;
    values[1].as_uint16 = 0x1234;
    values[2].as_sint32 = -2;
    values[3].as_bool = true;
    values[6].as_sint8 = -5;
    values[7].as_uint8 = 7;
    values[8].as_sint16 = -300;
    values[9].as_uint32 = 70000;
#if SCRUTINY_ENABLE_64BIT
    values[4].as_float64 = -1.5;
    values[5].as_uint64 = 0x1122334455667788u;
    values[10].as_sint64 = -5000000000;
#endif
}

static void fill_memory(void) {
    for (size_t i = 0; i < MEMORY_SIZE; i++) {
        memory[i] = (unsigned char)(i & 0xFFu);
    }
}

static void map_memory(void) {
    void *base = (void *)(uintptr_t)REFERENCE_MEMORY_BASE;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    void *mapped = mmap(base, MEMORY_SIZE, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (mapped != base) {
        perror("cannot map the reference memory");
        exit(2);
    }
    memory = (unsigned char *)mapped;
}

static void configure(void) {
    config.display_name = "RefDevice";
    config.rx_buffer = rx_buffer;
    config.rx_buffer_size = sizeof(rx_buffer);
    config.tx_buffer = tx_buffer;
    config.tx_buffer_size = sizeof(tx_buffer);
    config.ring = ring;
    config.ring_size = sizeof(ring);
    config.max_bitrate_bps = 100000;
    config.session_seed = 0x12345678;
    config.memory_write_enabled = true;
    config.readonly_regions = readonly_regions;
    config.readonly_region_count = READ_ONLY_REGIONS;
    config.forbidden_regions = forbidden_regions;
    config.forbidden_region_count = 1;
    config.published_values = published_values;
    config.published_value_count = VECTOR_VALUES;
    config.read_value = read_value;
    config.write_value = write_value;
    config.user_command = user_command;
    config.loops = loops;
    config.loop_count = LOOPS;
    config.datalog_buffer = datalog_buffer;
    config.datalog_buffer_size = 256;
}

static void configure_from(int argc, char **argv) {
    if (argc > 1) {
        config.tx_buffer_size = SCRUTINY_TX_BUFFER_SIZE(strtoul(argv[1], NULL, 0));
    }
    forbidden_regions[0].start = argc > 2 ? strtoul(argv[2], NULL, 0) : forbidden_regions[0].start;
    forbidden_regions[0].end = argc > 3 ? strtoul(argv[3], NULL, 0) : forbidden_regions[0].end;
}

static void boot(void) {
    scrutiny_port_t port = {port_write, port_now_us, NULL};
    clock_us = 0;
    fill_memory();
    fill_values();
    if (config.tx_buffer_size > sizeof(tx_buffer) ||
        config.datalog_buffer_size > sizeof(datalog_buffer) ||
        scrutiny_init(&device, &config, &port) != SCRUTINY_OK) {
        fputs("the configuration is refused\n", stderr);
        exit(2);
    }
}

static uint32_t little_endian(const unsigned char *octets, size_t size) {
    uint32_t number = 0;
    for (size_t i = size; i > 0; i--) {
        number = (number << 8) | octets[i - 1];
    }
    return number;
}

static void reply(const unsigned char *octets, size_t size) {
    unsigned char head[4];
    for (size_t i = 0; i < sizeof(head); i++) {
        head[i] = (unsigned char)((size >> (8 * i)) & 0xFFu);
    }
    fwrite(head, 1, sizeof(head), stdout);
    fwrite(octets, 1, size, stdout);
    fflush(stdout);
}

static void poll_and_reply(void) {
    output_size = 0;
    for (int i = 0; i < 10000 && scrutiny_poll(&device); i++) {
    }
    reply(output, output_size);
}

static void run_loop(uint_least8_t loop_id, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t counter = 0;
        memcpy(&counter, memory + COUNTER_OFFSET, sizeof(counter));
        counter++;
        memcpy(memory + COUNTER_OFFSET, &counter, sizeof(counter));
        scrutiny_loop_run(&device, loop_id);
    }
}

static void boot_with(const unsigned char *sizes) {
    config.published_value_count = PUBLISHED_VALUES;
    config.tx_buffer_size = SCRUTINY_TX_BUFFER_SIZE(little_endian(sizes, 2));
    config.datalog_buffer_size = little_endian(sizes + 2, 4);
    boot();
}

static void execute(int command, const unsigned char *data, size_t size) {
    switch (command) {
    case 'R':
        scrutiny_receive(&device, data, size);
        poll_and_reply();
        return;
    case 'P':
        poll_and_reply();
        return;
    case 'T':
        clock_us += little_endian(data, 4);
        break;
    case 'L':
        run_loop(data[0], little_endian(data + 1, 2));
        break;
    case 'S':
        memcpy(memory + little_endian(data, 2), data + 2, size - 2);
        break;
    case 'G':
        reply(memory + little_endian(data, 2), little_endian(data + 2, 2));
        return;
    case 'W':
        write_limit = little_endian(data, 2);
        break;
    case 'B':
        boot_with(data);
        break;
    case 'V':
        refused_values = little_endian(data, 4);
        break;
    default:
        fprintf(stderr, "unknown command %d\n", command);
        exit(2);
    }
    reply(output, 0);
}

int main(int argc, char **argv) {
    static unsigned char data[COMMAND_MAX];
    unsigned char head[3];
    map_memory();
    configure();
    configure_from(argc, argv);
    boot();
    while (fread(head, 1, sizeof(head), stdin) == sizeof(head)) {
        size_t size = little_endian(head + 1, 2);
        if (fread(data, 1, size, stdin) != size) {
            return 1;
        }
        execute(head[0], data, size);
    }
    return 0;
}
