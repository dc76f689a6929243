/* Scrutiny device library: lets a server on a PC read, write and record the variables of running
 * firmware over any link that carries octets.
 *
 *     static uint8_t rx[SCRUTINY_RX_BUFFER_SIZE(256)], tx[SCRUTINY_TX_BUFFER_SIZE(256)], ring[256];
 *     static scrutiny_t scrutiny;
 *     static scrutiny_config_t config;  // static: zero where nothing is assigned
 *
 *     config.display_name = "motor controller";
 *     config.rx_buffer = rx;
 *     config.rx_buffer_size = sizeof(rx);
 *     ...
 *     scrutiny_init(&scrutiny, &config, &port);
 *
 *     void uart_isr(void)   { uint8_t octet = UART_DATA; scrutiny_receive(&scrutiny, &octet, 1); }
 *     void control_isr(void) { control(); scrutiny_loop_run(&scrutiny, 0); }
 *     for (;;)              { scrutiny_poll(&scrutiny); }
 *
 * No heap, no global state: an application may hold several contexts. Of one context, each function
 * says below from where it may be called.
 */
#ifndef SCRUTINY_H
#define SCRUTINY_H

#include "scrutiny_config.h"
#include "scrutiny_context.h"
#include "scrutiny_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What scrutiny_init() can say. */
typedef enum {
    SCRUTINY_OK = 0,
    SCRUTINY_ERR_ARGUMENT,  /**< A null pointer where a value is needed. */
    SCRUTINY_ERR_RX_BUFFER, /**< Receive buffer missing, or payload not 32 to 65519 octets. */
    SCRUTINY_ERR_TX_BUFFER, /**< Transmit buffer missing, or payload not 32 to 65519 octets. */
    SCRUTINY_ERR_RING,      /**< Ring missing, below 16 octets or too large for its index. */
    SCRUTINY_ERR_TIMEOUT,   /**< A timeout is above 2^31 - 1 microseconds. */
    SCRUTINY_ERR_REGION,    /**< A region table is missing, or a region ends before it starts. */
    SCRUTINY_ERR_PUBLISHED_VALUE, /**< Table missing, or a type this build cannot handle. */
    SCRUTINY_ERR_LOOP,            /**< Table missing, or more than SCRUTINY_MAX_LOOPS. */
    SCRUTINY_ERR_DATALOG_BUFFER   /**< A size is given, and no buffer. */
} scrutiny_status_t;

/** Octets of a receive buffer for requests of up to `payload` octets, 32 to 65519. */
#define SCRUTINY_RX_BUFFER_SIZE(payload) ((payload) + 8u)
/** Octets of a transmit buffer for responses of up to `payload` octets, 32 to 65519. */
#define SCRUTINY_TX_BUFFER_SIZE(payload) ((payload) + 9u)

/** Limits of the protocol, in octets; longer names are cut at a whole character. */
#define SCRUTINY_DISPLAY_NAME_MAX 64u
#define SCRUTINY_LOOP_NAME_MAX 32u
#define SCRUTINY_FIRMWARE_ID_SIZE 16u

/** Log2 of the size of bool in octets, as it appears in a data type. */
#define SCRUTINY_BOOL_SIZE_CODE_                                                                   \
    (sizeof(bool) * CHAR_BIT / 8u == 1u   ? 0u                                                     \
     : sizeof(bool) * CHAR_BIT / 8u == 2u ? 1u                                                     \
     : sizeof(bool) * CHAR_BIT / 8u == 4u ? 2u                                                     \
                                          : 3u)

/** Data types of published values. 8-bit types do not exist on targets with 16-bit chars; 64-bit
 * ones need SCRUTINY_ENABLE_64BIT, and FLOAT64 a compiler whose double has 64 bits. */
#define SCRUTINY_TYPE_SINT8 0x00u
#define SCRUTINY_TYPE_SINT16 0x01u
#define SCRUTINY_TYPE_SINT32 0x02u
#define SCRUTINY_TYPE_SINT64 0x03u
#define SCRUTINY_TYPE_UINT8 0x10u
#define SCRUTINY_TYPE_UINT16 0x11u
#define SCRUTINY_TYPE_UINT32 0x12u
#define SCRUTINY_TYPE_UINT64 0x13u
#define SCRUTINY_TYPE_FLOAT32 0x22u
#define SCRUTINY_TYPE_FLOAT64 0x23u
/** The bool of this compiler, whatever its size. */
#define SCRUTINY_TYPE_BOOL (0x30u | SCRUTINY_BOOL_SIZE_CODE_)

/** A published value: an id chosen by the application, and one of SCRUTINY_TYPE_*. */
typedef struct scrutiny_published_value {
    uint16_t id;        /**< Unique in the table. */
    uint_least8_t type; /**< SCRUTINY_TYPE_*. */
} scrutiny_published_value_t;

/** Content of a published value; the member that counts is the one of its type. */
typedef union {
    bool as_bool;
#if CHAR_BIT == 8
    uint8_t as_uint8;
    int8_t as_sint8;
#endif
    uint16_t as_uint16;
    int16_t as_sint16;
    uint32_t as_uint32;
    int32_t as_sint32;
    float as_float32;
#if SCRUTINY_ENABLE_64BIT
    uint64_t as_uint64;
    int64_t as_sint64;
#endif
#if SCRUTINY_HAS_FLOAT64
    double as_float64;
#endif
} scrutiny_value_t;

/** A range of memory; both ends belong to it. */
typedef struct {
    uintptr_t start;
    uintptr_t end;
} scrutiny_region_t;

/** A control loop of the application. Its id is its position in the table. */
typedef struct {
    const char *name;      /**< UTF-8, ends with NUL; cut at 32 octets. NULL means empty. */
    uint32_t period_100ns; /**< Time between two runs, in 100 ns; 0 = not constant. */
    bool datalogging;      /**< The server may record from this loop. */
} scrutiny_loop_t;

/* Callbacks must not call functions of their own context, except those callable from anywhere. */

/** Read a published value into `value`. Returns false if that is not possible now.
 * Called from scrutiny_poll(), and from scrutiny_loop_run() when the value is being recorded or
 * triggers a recording. */
typedef bool (*scrutiny_read_value_t)(void *context, const scrutiny_published_value_t *definition,
                                      scrutiny_value_t *value);

/** Write a published value. Returns false to refuse. Called from scrutiny_poll(). */
typedef bool (*scrutiny_write_value_t)(void *context, const scrutiny_published_value_t *definition,
                                       const scrutiny_value_t *value);

/** Handle a user command; any subfunction and payload may come. Called from scrutiny_poll().
 * Writes up to `response_max` octets to `response` and returns how many the response has; a number
 * above `response_max` tells the server that the response does not fit. */
typedef size_t (*scrutiny_user_command_t)(void *context, uint_least8_t subfunction,
                                          const scrutiny_octet_t *request, size_t request_size,
                                          scrutiny_octet_t *response, size_t response_max);

/** Told that the trigger of an acquisition fired. Called from scrutiny_loop_run(). */
typedef void (*scrutiny_datalog_triggered_t)(void *context);

/** Description of an instance. Start from all zero and assign what is needed; it must outlive the
 * context and not change (it may be const, in flash). Members of features that are not built are
 * ignored. */
typedef struct scrutiny_config {
    /** Shown by the server. UTF-8, ends with NUL; cut at 64 octets. NULL means empty. */
    const char *display_name;

    /** Receive buffer: SCRUTINY_RX_BUFFER_SIZE(largest request payload) octets. */
    scrutiny_octet_t *rx_buffer;
    size_t rx_buffer_size; /**< In elements, one octet each. */
    /** Transmit buffer: SCRUTINY_TX_BUFFER_SIZE(largest response payload) octets. Give at least
     * 64 octets of payload: some servers cannot list the loops of a device with less. */
    scrutiny_octet_t *tx_buffer;
    size_t tx_buffer_size; /**< In elements, one octet each. */
    /** Where scrutiny_receive() leaves octets for scrutiny_poll(). Holds `ring_size - 1` octets;
     * give it what the link can bring between two polls. If it is larger than `rx_buffer`, the
     * server sends the next request while the last one is answered, without a gap on the line. */
    scrutiny_octet_t *ring;
    size_t ring_size; /**< In elements, 16 to the largest SCRUTINY_RING_INDEX_TYPE. */

    uint32_t max_bitrate_bps;      /**< The server stays below it; bit/s, 0 = no limit. */
    uint32_t heartbeat_timeout_us; /**< 0 = 5 s. Servers need at least 1 s to be comfortable. */
    uint32_t silence_timeout_us;   /**< 0 = 50 ms. */
    uint32_t max_processing_us;    /**< 0 = 100 ms. */
    /** Id of the first session; later ones count up. Give devices on one bus distinct seeds. */
    uint32_t session_seed;
    /** Most received octets parsed by one scrutiny_poll(), so that it takes no longer than a
     * control loop in the same task can bear; 0 = all that wait. What a whole request takes on top
     * is in docs/footprint.md. */
    size_t max_octets_per_poll;

    /** Whether memory writes are allowed at first; see scrutiny_set_memory_write(). */
    bool memory_write_enabled;
    const scrutiny_region_t *readonly_regions; /**< Readable, never written by a server. */
    uint_least8_t readonly_region_count;
    const scrutiny_region_t *forbidden_regions; /**< Neither read nor written by a server. */
    uint_least8_t forbidden_region_count;

    const scrutiny_published_value_t *published_values;
    uint16_t published_value_count;
    scrutiny_read_value_t read_value;   /**< NULL: published values cannot be read. */
    scrutiny_write_value_t write_value; /**< NULL: published values cannot be written. */

    scrutiny_user_command_t user_command; /**< NULL: no user commands. */

    const scrutiny_loop_t *loops;
    uint_least8_t loop_count;

    /** Where acquisitions are recorded; NULL: no data logging. */
    unsigned char *datalog_buffer;
    size_t datalog_buffer_size;                     /**< In chars, up to 2^32 - 1. */
    scrutiny_datalog_triggered_t datalog_triggered; /**< May be NULL. */

    void *context; /**< Handed to the callbacks above. */
} scrutiny_config_t;

/** Check `config`, and start without a session. Call it before all others, with interrupts that
 * use the context off. On an error the context stays mute: the other functions then do nothing. */
scrutiny_status_t scrutiny_init(scrutiny_t *scrutiny, const scrutiny_config_t *config,
                                const scrutiny_port_t *port);

/** Take octets from the link, in any chunking. Callable from an interrupt or another task, by one
 * at a time; never waits. Reads the time once.
 * Returns how many octets were kept; less than `size` means the ring was full. */
size_t scrutiny_receive(scrutiny_t *scrutiny, const scrutiny_octet_t *data, size_t size);

/** Parse, execute, answer, transmit. Call it from the main loop or one task, often: at least every
 * few milliseconds for a lively connection, and once per ring full of octets.
 * Returns true if it left something to do: octets not parsed or not yet taken by the port. */
bool scrutiny_poll(scrutiny_t *scrutiny);

/** Run the recording of one control loop. Call it once per run of loop `loop_id` (position in the
 * table), at the end of the run, from that loop: an interrupt, a task or the main loop. Without
 * data logging, or for a loop that records nothing, it costs a few instructions. Different loops
 * may call it concurrently; one loop must not interrupt itself. */
void scrutiny_loop_run(scrutiny_t *scrutiny, uint_least8_t loop_id);

/** Whether a server holds a session. Callable from anywhere. */
bool scrutiny_session_is_open(const scrutiny_t *scrutiny);

/** Allow or refuse memory writes from now on. Callable where scrutiny_poll() is. Without
 * SCRUTINY_ENABLE_MEMORY_WRITE they stay refused. */
void scrutiny_set_memory_write(scrutiny_t *scrutiny, bool enabled);

/** Copy the diagnosis counters. Callable where scrutiny_poll() is. Without
 * SCRUTINY_ENABLE_COUNTERS all of them are 0. */
void scrutiny_get_counters(const scrutiny_t *scrutiny, scrutiny_counters_t *counters);

/** Identifies this build to the server, which finds the matching symbols by it. A tool of the
 * server writes it into the linked binary in place of the placeholder. On AVR it lies in flash, for
 * pgm_read_byte(). */
extern const scrutiny_octet_t scrutiny_firmware_id[SCRUTINY_FIRMWARE_ID_SIZE];

#ifdef __cplusplus
}
#endif

#endif
