/* Counts the instructions of scrutiny_loop_run() on an emulated Cortex-M3; loop_cost.py builds and
 * runs it.
 *
 * Prints a line for each case and phase: "case;phase;least;most;iterations". A phase is the state
 * that an iteration ends in, and whether that is new.
 */
#include <string.h>

#include "bare_device.h"
#include "counted_line.h"
#include "semihosting.h"
#include "systick.h"

enum {
    ITERATIONS = 200, /* of each long phase */
    ENTRIES = 40      /* the ring comes round five times */
};

enum {
    EQUAL = 1,
    GREATER_THAN = 5,
    CHANGE_MORE_THAN = 7,
    IS_WITHIN = 8
};

enum {
    CONFIGURED = 1,
    ARMED = 2,
    TRIGGERED = 3,
    COMPLETED = 4
};

typedef enum {
    PHASE_CONFIGURED,
    PHASE_ARMED,
    PHASE_FIRES,
    PHASE_TRIGGERED,
    PHASE_COMPLETES,
    PHASE_COMPLETED,
    PHASES
} phase_t;

static const char *const phase_names[PHASES] = {"configured", "armed",     "fires",
                                                "triggered",  "completes", "completed"};

typedef struct {
    uint32_t least;
    uint32_t most;
    uint32_t iterations;
} count_t;

static count_t counts[PHASES];
static uint32_t overhead; /* instructions */

/* ---- What is recorded and compared -------------------------------------------------------------
 */

/* Neither of them fires a trigger that waits for more than 3000. */
static const float tame_floats[] = {0.0f,   -0.0f,  1.5f,    -1.5f,   2999.75f,
                                    3e-41f, -3e38f, 3000.0f, -1e-20f, 16777216.0f / 8192.0f};
#define WILD_FLOAT 3000.25f

static float speed;
static double wide_speed;
static double wide_drop;
static double wide_target;
static double wide_tolerance;
static uint64_t wide_counter;
static uint64_t wide_center;
static uint64_t wide_margin;
static uint64_t small_counter;
static uint32_t flags;
static unsigned char memory[400] __attribute__((aligned(8)));

static const scrutiny_published_value_t values[] = {{1, SCRUTINY_TYPE_FLOAT32},
                                                    {2, SCRUTINY_TYPE_UINT64}};

static bool read_value(void *context, const scrutiny_published_value_t *definition,
                       scrutiny_value_t *value) {
    (void)context;
    if (definition->id == 1) {
        value->as_float32 = speed;
    } else {
        value->as_uint64 = wide_counter;
    }
    return true;
}

/* Another value for each iteration. */
static void move(uint32_t iteration, bool fire) {
    static const uint64_t steps[] = {
        0, 1, 0x80000000u, 0xFFFFFFFFu, 0x100000000u, 0x7FFFFFFFFFFFFFFFu};
    speed = fire ? WILD_FLOAT : tame_floats[iteration % (sizeof(tame_floats) / sizeof(float))];
    wide_speed = speed;
    wide_drop = fire ? -3.4e38 : speed;
    wide_target = 3001.0;
    wide_tolerance = 0.875;
    wide_center = iteration % 2 == 0 ? UINT64_MAX : 0x8000000000000010u;
    wide_counter = fire ? wide_center + 3u : steps[iteration % 6];
    wide_margin = 10;
    small_counter = fire ? UINT64_MAX : steps[iteration % 2];
    flags = fire ? 0x00500000u : iteration << 24;
    memory[iteration % sizeof(memory)]++;
}

/* ---- Cases -------------------------------------------------------------------------------------
 */

typedef enum {
    TRIGGER_FLOAT,        /* float32 variable > literal */
    TRIGGER_CHANGE,       /* float64 variable drops by more than a literal */
    TRIGGER_PUBLISHED,    /* published float32 > literal */
    TRIGGER_BITS,         /* bit field = literal */
    TRIGGER_FRACTION,     /* uint64 variable > literal with a fraction */
    TRIGGER_WITHIN,       /* three uint64 variables */
    TRIGGER_WITHIN_FLOATS /* three float64 variables */
} trigger_t;

typedef enum {
    SIGNALS_MEMORY,
    SIGNALS_UNALIGNED, /* memory, at odd addresses */
    SIGNALS_PUBLISHED, /* float32 and uint64 in turn */
    SIGNALS_TIMES
} signals_t;

typedef struct {
    const char *name;
    trigger_t trigger;
    signals_t signals;
    uint32_t signal_count;
    uint32_t signal_size;
    uint32_t loop_id;
    uint32_t hold_100ns;
    uint32_t timeout_100ns;
} case_t;

/* By default a fixed loop, no hold time and no timeout. */
static const case_t cases[] = {
    {"4 x 4 octets, float32 > literal", TRIGGER_FLOAT, SIGNALS_MEMORY, 4, 4, 0, 0, 0},
    {"4 x 4 octets, bit field = literal", TRIGGER_BITS, SIGNALS_MEMORY, 4, 4, 0, 0, 0},
    {"4 x 4 octets, uint64 > fraction", TRIGGER_FRACTION, SIGNALS_MEMORY, 4, 4, 0, 0, 0},
    {"4 x 4 octets, uint64 within", TRIGGER_WITHIN, SIGNALS_MEMORY, 4, 4, 0, 0, 0},
    {"4 x 4 octets, float64 within", TRIGGER_WITHIN_FLOATS, SIGNALS_MEMORY, 4, 4, 0, 0, 0},
    {"4 x 4 octets, float64 changes", TRIGGER_CHANGE, SIGNALS_MEMORY, 4, 4, 0, 0, 0},
    {"4 published, published > literal", TRIGGER_PUBLISHED, SIGNALS_PUBLISHED, 4, 6, 0, 0, 0},
    {"4 x time, variable loop, hold and timeout", TRIGGER_FLOAT, SIGNALS_TIMES, 4, 4,
     BARE_VARIABLE_LOOP, 10, 10000000},
    {"4 x 4 octets unaligned, float32 > literal", TRIGGER_FLOAT, SIGNALS_UNALIGNED, 4, 4, 0, 0, 0},
    {"4 x 1 octet, float32 > literal", TRIGGER_FLOAT, SIGNALS_MEMORY, 4, 1, 0, 0, 0},
    {"4 x 8 octets, float32 > literal", TRIGGER_FLOAT, SIGNALS_MEMORY, 4, 8, 0, 0, 0},
    {"16 x 4 octets, float32 > literal", TRIGGER_FLOAT, SIGNALS_MEMORY, 16, 4, 0, 0, 0},
    {"16 published, float64 within", TRIGGER_WITHIN_FLOATS, SIGNALS_PUBLISHED, 16, 6, 0, 0, 0},
    {"16 x 255 octets, float64 within", TRIGGER_WITHIN_FLOATS, SIGNALS_MEMORY, 16, 255, 0, 0, 0},
};

static void put_float(bare_request_t *request, float value) {
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    bare_put(request, 0, 1);
    bare_put(request, bits, 4);
}

static void put_variable(bare_request_t *request, const void *address, uint32_t type) {
    bare_put(request, 1, 1);
    bare_put(request, type, 1);
    bare_put_address(request, address);
}

static void put_condition(bare_request_t *request, uint32_t condition, const case_t *it,
                          uint32_t operand_count) {
    bare_put(request, condition, 1);
    bare_put(request, it->hold_100ns, 4);
    bare_put(request, operand_count, 1);
}

static void put_trigger(bare_request_t *request, const case_t *it) {
    switch (it->trigger) {
    case TRIGGER_FLOAT:
        put_condition(request, GREATER_THAN, it, 2);
        put_variable(request, &speed, SCRUTINY_TYPE_FLOAT32);
        put_float(request, 3000.0f);
        break;
    case TRIGGER_CHANGE:
        put_condition(request, CHANGE_MORE_THAN, it, 2);
        put_variable(request, &wide_drop, SCRUTINY_TYPE_FLOAT64);
        put_float(request, -3.1e38f);
        break;
    case TRIGGER_PUBLISHED:
        put_condition(request, GREATER_THAN, it, 2);
        bare_put(request, 0x030001, 3);
        put_float(request, 3000.0f);
        break;
    case TRIGGER_BITS:
        put_condition(request, EQUAL, it, 2);
        bare_put(request, 2, 1);
        bare_put(request, SCRUTINY_TYPE_SINT32, 1);
        bare_put_address(request, &flags);
        bare_put(request, 0x1304, 2); /* 4 bits from bit 19 on, which are never 10 by themselves */
        put_float(request, -6.0f);
        break;
    case TRIGGER_FRACTION:
        put_condition(request, GREATER_THAN, it, 2);
        put_variable(request, &small_counter, SCRUTINY_TYPE_UINT64);
        put_float(request, 1.5f);
        break;
    case TRIGGER_WITHIN:
        put_condition(request, IS_WITHIN, it, 3);
        put_variable(request, &wide_counter, SCRUTINY_TYPE_UINT64);
        put_variable(request, &wide_center, SCRUTINY_TYPE_UINT64);
        put_variable(request, &wide_margin, SCRUTINY_TYPE_UINT64);
        break;
    default:
        put_condition(request, IS_WITHIN, it, 3);
        put_variable(request, &wide_speed, SCRUTINY_TYPE_FLOAT64);
        put_variable(request, &wide_target, SCRUTINY_TYPE_FLOAT64);
        put_variable(request, &wide_tolerance, SCRUTINY_TYPE_FLOAT64);
        break;
    }
}

static void put_signal(bare_request_t *request, const case_t *it, uint32_t index) {
    switch (it->signals) {
    case SIGNALS_PUBLISHED:
        bare_put(request, 1, 1);
        bare_put(request, 1 + index % 2, 2);
        break;
    case SIGNALS_TIMES:
        bare_put(request, 2, 1);
        break;
    default:
        bare_put(request, 0, 1);
        bare_put_address(request, memory + 4u * index + (it->signals == SIGNALS_UNALIGNED));
        bare_put(request, it->signal_size, 1);
        break;
    }
}

static bool configure(const case_t *it, uint32_t probe_location) {
    bare_request_t request;
    bare_begin(&request, BARE_CONFIGURE);
    bare_put(&request, it->loop_id, 1);
    bare_put(&request, 1, 2);
    bare_put(&request, 1, 2);
    bare_put(&request, probe_location, 1);
    bare_put(&request, it->timeout_100ns, 4);
    put_trigger(&request, it);
    bare_put(&request, it->signal_count, 1);
    for (uint32_t i = 0; i < it->signal_count; i++) {
        put_signal(&request, it, i);
    }
    return bare_ask(&request).code == BARE_OK;
}

/* ---- Counting ----------------------------------------------------------------------------------
 */

static void __attribute__((noinline)) do_nothing(scrutiny_t *scrutiny, uint_least8_t loop_id) {
    (void)scrutiny;
    (void)loop_id;
    __asm__ volatile(""); /* so that it is called */
}

/* Through a pointer, so that all functions are called in the same way. */
static uint32_t instructions_with(void (*volatile function)(scrutiny_t *, uint_least8_t),
                                  uint_least8_t loop_id) {
    void (*call)(scrutiny_t *, uint_least8_t) = function;
    uint32_t before = SYSTICK_VALUE;
    call(&bare_device, loop_id);
    uint32_t ns = systick_between(before, SYSTICK_VALUE) * NS_PER_TICK;
    return (ns + NS_PER_INSTRUCTION / 2u) / NS_PER_INSTRUCTION;
}

static uint32_t instructions_of_run(uint_least8_t loop_id) {
    return instructions_with(scrutiny_loop_run, loop_id) - overhead;
}

static void note(phase_t phase, uint32_t instructions) {
    count_t *count = &counts[phase];
    if (count->iterations == 0 || instructions < count->least) {
        count->least = instructions;
    }
    if (instructions > count->most) {
        count->most = instructions;
    }
    count->iterations++;
}

static phase_t phase_between(uint_least8_t before, uint_least8_t after) {
    if (after == CONFIGURED) {
        return PHASE_CONFIGURED;
    }
    if (after == ARMED) {
        return PHASE_ARMED;
    }
    if (before < TRIGGERED) {
        return PHASE_FIRES; /* and completes at once, if the trigger is at the right end */
    }
    if (after == TRIGGERED) {
        return PHASE_TRIGGERED;
    }
    return before == COMPLETED ? PHASE_COMPLETED : PHASE_COMPLETES;
}

static void run(const case_t *it, uint32_t iterations, bool fire) {
    for (uint32_t i = 0; i < iterations; i++) {
        uint_least8_t before = bare_device.datalogger.state;
        move(i, fire);
        uint32_t instructions = instructions_of_run((uint_least8_t)it->loop_id);
        note(phase_between(before, bare_device.datalogger.state), instructions);
    }
}

/* ---- Printing ----------------------------------------------------------------------------------
 */

static void print(const char *name, const char *phase, const count_t *count) {
    char line[120];
    char *at = append(append(append(line, name), ";"), phase);
    at = append_number(at, count->least);
    at = append_number(at, count->most);
    at = append_number(at, count->iterations);
    *append(at, "\n") = '\0';
    semihosting_print(line);
}

static bool record(const case_t *it, uint32_t probe_location) {
    move(0, false);
    if (!configure(it, probe_location)) {
        return false;
    }
    run(it, ITERATIONS, false);
    if (bare_ask_empty(BARE_ARM).code != BARE_OK) {
        return false;
    }
    run(it, ITERATIONS, false);
    run(it, ITERATIONS, true);
    return bare_device.datalogger.state == COMPLETED;
}

static bool measure(const case_t *it) {
    size_t entry_size = it->signal_count * it->signal_size;
    memset(counts, 0, sizeof(counts));
    bare_start(ENTRIES * entry_size + 1, values, sizeof(values) / sizeof(values[0]), read_value);
    if (!record(it, 128) || !record(it, 255)) {
        return false;
    }
    for (int phase = 0; phase < PHASES; phase++) {
        print(it->name, phase_names[phase], &counts[phase]);
    }
    return true;
}

static void measure_another_loop(void) {
    memset(counts, 0, sizeof(counts));
    for (int i = 0; i < ITERATIONS; i++) {
        note(PHASE_CONFIGURED, instructions_of_run(BARE_OTHER_LOOP));
    }
    print("a loop that records nothing", "", &counts[PHASE_CONFIGURED]);
}

int main(void) {
    systick_start(SYSTICK_MAX, 0);
    overhead = instructions_with(do_nothing, 0) - 1u; /* do_nothing() returns */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!measure(&cases[i])) {
            semihosting_print(cases[i].name);
            semihosting_print(": does not record\n");
            return 1;
        }
    }
    measure_another_loop();
    return 0;
}
