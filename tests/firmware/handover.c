#include "handover.h"

#include <string.h>

#include "datalogger.h"

enum {
    RECORDING = 64,
    ENTRY = 8, /* a counter, twice */
    GREATER_OR_EQUAL = 6,
    LOOP_CALLS_MAX = 100,
    FAILURE = 5
};

typedef enum {
    IDLE = 0,
    CONFIGURED = 1,
    ARMED = 2,
    TRIGGERED = 3,
    COMPLETED = 4
} state_t;

const char *const situation_names[SITUATIONS] = {
    "idle",      "configured",     "to be armed",       "armed",     "armed and due",
    "triggered", "to be disarmed", "triggered and due", "completed", "to be armed again"};
const char *const request_names[REQUESTS] = {
    "Configure", "Configure for another loop", "Reset",          "Arm", "Disarm",
    "GetStatus", "GetAcquisitionMetadata",     "ReadAcquisition"};

/* What the state may be, if nothing but one iteration happens. */
#define IS(state) (1u << (unsigned int)(state))
static const unsigned int possible_states[SITUATIONS] = {IS(IDLE),
                                                         IS(CONFIGURED),
                                                         IS(ARMED),
                                                         IS(ARMED),
                                                         IS(ARMED) | IS(TRIGGERED),
                                                         IS(TRIGGERED),
                                                         IS(CONFIGURED),
                                                         IS(TRIGGERED) | IS(COMPLETED),
                                                         IS(COMPLETED),
                                                         IS(ARMED)};

const char *handover_flaw;

static uint32_t counter;
static uint32_t trigger_level;
static uint8_t owner;

static bool expect(bool condition, const char *text) {
    if (!condition && handover_flaw == NULL) {
        handover_flaw = text;
    }
    return condition;
}

void handover_start(void) {
    handover_flaw = NULL;
    bare_start(RECORDING, NULL, 0, NULL);
}

static void run_loop(uint8_t loop_id) {
    counter++;
    scrutiny_loop_run(&bare_device, loop_id);
}

void handover_run_loop(void) {
    run_loop(owner);
}

/* ---- Requests ----------------------------------------------------------------------------------
 */

static bare_request_t configuration(uint8_t loop_id) {
    bare_request_t request;
    bare_begin(&request, BARE_CONFIGURE);
    bare_put(&request, loop_id, 1);
    bare_put(&request, 1, 2);
    bare_put(&request, 1, 2);
    bare_put(&request, 128, 1);
    bare_put(&request, 0, 4);
    bare_put(&request, GREATER_OR_EQUAL, 1);
    bare_put(&request, 0, 4);
    bare_put(&request, 2, 1);
    bare_put(&request, 1, 1);
    bare_put(&request, SCRUTINY_TYPE_UINT32, 1);
    bare_put_address(&request, &trigger_level);
    bare_put(&request, 0, 1);
    bare_put(&request, 0x3F800000, 4); /* 1.0 */
    bare_put(&request, 2, 1);
    for (int i = 0; i < 2; i++) {
        bare_put(&request, 0, 1);
        bare_put_address(&request, &counter);
        bare_put(&request, sizeof(counter), 1);
    }
    return request;
}

static void send(request_t what) {
    static const unsigned int subfunctions[REQUESTS] = {
        0, 0, BARE_RESET, BARE_ARM, BARE_DISARM, BARE_STATUS, BARE_METADATA, BARE_READ};
    bare_request_t request;
    if (what == CONFIGURE_AGAIN) {
        request = configuration(BARE_FIXED_LOOP);
    } else if (what == CONFIGURE_ANOTHER_LOOP) {
        request = configuration(BARE_OTHER_LOOP);
    } else {
        bare_begin(&request, subfunctions[what]);
    }
    bare_finish(&request);
    bare_send(&request);
}

/* What GetStatus would tell, without the time that a request takes. */
static state_t state_now(void) {
    return (state_t)scrutiny_datalogger_state(&bare_device.datalogger);
}

static bool run_until(state_t state) {
    for (int i = 0; i < LOOP_CALLS_MAX && state_now() != state; i++) {
        run_loop(owner);
    }
    return state_now() == state;
}

/* ---- Before ------------------------------------------------------------------------------------
 */

/* Whatever is shown of this has been left by an earlier recording. */
static void leave_traces(void) {
    bare_device.datalogger.target_chars = 12345;
    bare_device.datalogger.acquired_chars[0] = 54321;
    bare_device.datalogger.acquired_chars[1] = 54321;
}

static bool bring_into(situation_t situation) {
    bare_request_t request = configuration(BARE_FIXED_LOOP);
    owner = BARE_FIXED_LOOP;
    trigger_level = 0;
    leave_traces();
    if (bare_ask_empty(BARE_RESET).code != BARE_OK || situation == FROM_IDLE) {
        return situation == FROM_IDLE;
    }
    bool done = bare_ask(&request).code == BARE_OK;
    for (int i = 0; i < 2 * RECORDING / ENTRY; i++) {
        run_loop(owner);
    }
    if (situation >= FROM_CONFIGURED_TO_BE_ARMED) {
        done = done && bare_ask_empty(BARE_ARM).code == BARE_OK;
    }
    if (situation >= FROM_ARMED) {
        run_loop(owner);
    }
    if (situation >= FROM_ARMED_AND_DUE) {
        trigger_level = 1;
    }
    if (situation >= FROM_TRIGGERED) {
        run_loop(owner);
    }
    if (situation == FROM_TRIGGERED_TO_BE_DISARMED) {
        done = done && bare_ask_empty(BARE_DISARM).code == BARE_OK;
    }
    if (situation >= FROM_TRIGGERED_AND_DUE) {
        for (int i = 0; i < (RECORDING * 127 / 256 + ENTRY - 1) / ENTRY - 1; i++) {
            run_loop(owner);
        }
    }
    if (situation >= FROM_COMPLETED) {
        run_loop(owner);
    }
    if (situation == FROM_COMPLETED_TO_BE_ARMED) {
        trigger_level = 0;
        done = done && bare_ask_empty(BARE_ARM).code == BARE_OK;
    }
    return done && (IS(state_now()) & possible_states[situation]) != 0;
}

void handover_prepare(request_t what, situation_t situation) {
    expect(bring_into(situation), "cannot be set up");
    send(what);
}

/* ---- After -------------------------------------------------------------------------------------
 */

static void check_status(const scrutiny_octet_t *payload, situation_t situation) {
    uint32_t due = bare_number(payload + 1, 4);
    uint32_t acquired = bare_number(payload + 5, 4);
    bool triggered = payload[0] == TRIGGERED;
    expect((IS(payload[0]) & possible_states[situation]) != 0, "GetStatus tells a wrong state");
    expect(due == (triggered ? RECORDING * 127u / 256u : 0), "GetStatus tells a wrong target");
    expect(acquired % ENTRY == 0 && (triggered ? acquired < due + ENTRY : acquired == 0),
           "GetStatus tells a wrong count");
}

static void check_answer(request_t what, situation_t situation, const bare_answer_t *answer) {
    unsigned int possible = possible_states[situation];
    bool refused = answer->code == FAILURE;
    if (!expect(answer->code == BARE_OK || refused, "no answer, or a strange one")) {
        return;
    }
    switch (what) {
    case ARM:
    case DISARM:
        expect(refused == (situation == FROM_IDLE), "Arm or Disarm is refused");
        break;
    case METADATA:
    case READ:
        expect(refused ? possible != IS(COMPLETED) : (possible & IS(COMPLETED)) != 0,
               "the recording can be read too early or not at all");
        expect(refused || bare_number(answer->payload + (what == READ ? 2 : 0), 2) ==
                              bare_device.datalogger.acquisition_id,
               "the recording has a wrong id");
        break;
    default:
        expect(!refused, "it is refused");
        if (what == STATUS && !refused) {
            check_status(answer->payload, situation);
        }
        break;
    }
}

static unsigned int states_after(request_t what, situation_t situation) {
    switch (what) {
    case CONFIGURE_AGAIN:
    case CONFIGURE_ANOTHER_LOOP:
        return IS(CONFIGURED);
    case RESET:
        return IS(IDLE);
    case ARM:
        return situation == FROM_IDLE ? IS(IDLE)
                                      : IS(ARMED) | (trigger_level > 0 ? IS(TRIGGERED) : 0u);
    case DISARM:
        return situation == FROM_IDLE ? IS(IDLE) : IS(CONFIGURED);
    default:
        return possible_states[situation];
    }
}

/* Nobody but the loop that was configured records, and only once it is. */
static bool ring_is_right(request_t what) {
    size_t held = bare_device.datalogger.encoder.held;
    switch (what) {
    case CONFIGURE_AGAIN:
        return held <= ENTRY;
    case CONFIGURE_ANOTHER_LOOP:
    case RESET:
        return held == 0;
    default:
        return held % ENTRY == 0;
    }
}

static uint32_t entry_at(const scrutiny_octet_t *octets) {
    uint32_t value = 0;
    memcpy(&value, octets, sizeof(value));
    return value;
}

/* The newest entries, which are one counter after the other, up to the present one. */
static void check_entries(const scrutiny_octet_t *octets, uint32_t count, uint32_t newest) {
    for (uint32_t i = count - newest; i < count; i++) {
        uint32_t expected = counter - (count - 1u - i);
        expect(entry_at(octets + i * ENTRY) == expected &&
                   entry_at(octets + i * ENTRY + ENTRY / 2) == expected,
               "a recorded entry is wrong");
    }
}

/* Go on to the end of a recording, whatever it takes, and look at it. */
static void check_recording(bool is_new) {
    if (state_now() == CONFIGURED || state_now() == COMPLETED) {
        expect(bare_ask_empty(BARE_ARM).code == BARE_OK, "Arm is refused");
    }
    trigger_level = 1;
    if (!expect(run_until(COMPLETED), "the recording does not come to its end")) {
        return;
    }
    bare_answer_t metadata = bare_ask_empty(BARE_METADATA);
    uint32_t points = bare_number(metadata.payload + 4, 4);
    uint32_t after = bare_number(metadata.payload + 12, 4);
    expect(points == RECORDING / ENTRY && after > 0, "wrong metadata");
    bare_answer_t chunk = bare_ask_empty(BARE_READ);
    if (expect(chunk.code == BARE_OK && chunk.size == 4 + RECORDING + 4, "wrong size of data")) {
        check_entries(chunk.payload + 4, points, is_new || after > points ? points : after);
    }
}

static void check_nothing_is_recorded(void) {
    for (uint8_t loop_id = 0; loop_id < BARE_LOOPS; loop_id++) {
        run_loop(loop_id);
    }
    expect(bare_device.datalogger.encoder.held == 0 && state_now() == IDLE,
           "something is recorded without a configuration");
}

void handover_check(request_t what, situation_t situation) {
    while (scrutiny_poll(&bare_device)) {
    }
    bare_answer_t answer = bare_take_answer();
    check_answer(what, situation, &answer);
    state_t state = state_now();
    expect((IS(state) & states_after(what, situation)) != 0, "wrong state");
    expect(ring_is_right(what), "somebody else has recorded");
    if (what == CONFIGURE_ANOTHER_LOOP) {
        owner = BARE_OTHER_LOOP;
    }
    if (state == IDLE) {
        check_nothing_is_recorded();
    } else {
        check_recording(what == CONFIGURE_AGAIN || what == CONFIGURE_ANOTHER_LOOP);
    }
}
