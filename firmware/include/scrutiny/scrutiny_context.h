/* Layout of scrutiny_t, public only so that the caller can own one. Nothing in this file is for
 * applications: names and members may change in any version. Use the functions of scrutiny.h.
 */
#ifndef SCRUTINY_CONTEXT_H
#define SCRUTINY_CONTEXT_H

#include "scrutiny_config.h"
#include "scrutiny_port.h"

#ifdef __cplusplus
extern "C" {
#endif

struct scrutiny_config;

/* Does nothing; see SCRUTINY_FENCE. */
void scrutiny_fence(void);

typedef SCRUTINY_RING_INDEX_TYPE scrutiny_ring_index_t;

/* In all structures the smaller members come first: Arm's short instructions reach single octets up
 * to 31 octets behind a pointer, and words up to 124. */

typedef struct {
    bool open;
    bool challenge_known;
    bool closing; /* ends when the response is out */
    uint_least16_t last_challenge;
    uint32_t id;
    uint32_t next_id;
    uint32_t last_heartbeat_us;
} scrutiny_session_t;

typedef enum {
    SCRUTINY_RX_FRAME, /* collecting a frame; ends with the frame, an error or a silence */
    SCRUTINY_RX_DEAF,  /* after a bad header; ends with a silence or SCRUTINY_RX_HUNT */
    SCRUTINY_RX_HUNT   /* noise without silence: look for a good frame at every octet */
} scrutiny_rx_state_t;

typedef struct {
    uint_least8_t state;     /* scrutiny_rx_state_t */
    bool pending;            /* a good request is at the start of the buffer */
    scrutiny_octet_t *frame; /* header, payload and CRC */
    size_t count;            /* octets held */
    size_t patience;         /* octets that may yet be ignored before the next silence */
    size_t crc_count;
    uint32_t crc; /* of the first `crc_count` octets held */
} scrutiny_rx_t;

typedef struct {
    size_t end;  /* octets of the frame; 0 = nothing to send */
    size_t next; /* first octet not yet taken by the port */
    uint32_t progress_us;
} scrutiny_tx_t;

/* Octets from the receiving side to the poll: one producer, one consumer, no lock. A gap is the
 * ring position of the first octet after a silence (or after lost octets). */
typedef struct {
    volatile uint_least8_t gap_head; /* written by the producer */
    volatile uint_least8_t gap_tail; /* written by the consumer */
    bool lossy; /* producer only: octets were dropped, the next ones need a gap */
    volatile scrutiny_ring_index_t head; /* written by the producer */
    volatile scrutiny_ring_index_t tail; /* written by the consumer */
    scrutiny_ring_index_t size;
    scrutiny_ring_index_t gaps[SCRUTINY_GAP_QUEUE_SIZE + 1];
    scrutiny_octet_t *octets;
    volatile uint32_t last_arrival_us; /* written by the producer */
#if SCRUTINY_ENABLE_COUNTERS
    volatile uint32_t lost_octets; /* written by the producer */
#endif
} scrutiny_ring_t;

#if SCRUTINY_ENABLE_64BIT
typedef uint64_t scrutiny_wide_uint_t;
typedef int64_t scrutiny_wide_sint_t;
#else
typedef uint32_t scrutiny_wide_uint_t;
typedef int32_t scrutiny_wide_sint_t;
#endif

#if SCRUTINY_ENABLE_DATALOGGING
struct scrutiny_published_value;

/* A trigger operand. scrutiny_operand_prepare() decides what a literal is: with the data type
 * float32, `real`; with the widest signed or unsigned integer, `size`, moved up by `bit_offset`
 * bits. More than 32 of them a float32 never has, and a 64-bit number here would cost RAM. */
typedef struct {
    union {
        uintptr_t address;
        const struct scrutiny_published_value *published;
        float real;    /* literal */
        uint32_t size; /* literal: distance from zero; before that, as on the wire */
    } source;
    uint_least8_t kind;
    uint_least8_t data_type;
    uint_least8_t bit_offset;
    uint_least8_t bit_size;
} scrutiny_operand_t;

typedef struct {
    union {
        uintptr_t address;
        const struct scrutiny_published_value *published;
    } source;
    uint_least8_t kind;
    uint_least8_t size; /* in chars */
} scrutiny_signal_t;

/* An acquisition as configured by the server. Written by the poll while it holds the datalogger,
 * read by the loop. */
typedef struct {
    uint_least8_t loop_id;
    uint_least8_t probe_location;
    uint_least8_t condition;
    uint_least8_t operand_count;
    uint_least8_t signal_count;
    bool exact; /* the trigger compares integers */
    uint_least16_t config_id;
    uint_least16_t decimation;
    size_t entry_size;  /* in chars */
    size_t ring_size;   /* in chars: the entries that fit in the buffer */
    size_t share_chars; /* of the buffer: what the probe location leaves for after the trigger */
    uint32_t timeout_100ns;
    uint32_t hold_100ns;
    uint32_t period_100ns; /* of the loop; 0 = not constant */
    scrutiny_operand_t operands[3];
    scrutiny_signal_t signals[SCRUTINY_DATALOG_MAX_SIGNALS];
} scrutiny_datalog_setup_t;

/* The value of a trigger operand. */
typedef struct {
    union {
        scrutiny_wide_uint_t integer; /* in two's complement */
        float real;
    } value;
    bool is_real;
    bool is_negative; /* for integers only */
} scrutiny_number_t;

typedef struct {
    scrutiny_number_t previous; /* for ChangeMoreThan */
    uint32_t latched_100ns;     /* when the condition became true */
    bool previous_known;
    bool was_true;
} scrutiny_trigger_t;

typedef struct {
    size_t next; /* where the next entry goes, in chars from the start of the buffer */
    size_t held; /* chars of all entries in the ring */
} scrutiny_encoder_t;

typedef struct {
    /* Hand-over between poll and loop, see datalogger.h. */
    volatile uint_least8_t poll_holds;                      /* written by the poll */
    volatile uint_least8_t owner;                           /* loop id; written by the poll */
    volatile uint_least8_t command;                         /* written by the poll */
    volatile uint_least8_t applied_command;                 /* written by the loop */
    volatile uint_least8_t state;                           /* written by the loop */
    volatile uint_least8_t acquired_turn;                   /* written by the loop */
    volatile uint_least8_t loop_inside[SCRUTINY_MAX_LOOPS]; /* each written by its loop */
    /* The pass of ReadAcquisition; poll only. */
    bool pass_open;
    uint_least8_t read_counter;
    uint_least16_t decimation_count;
    uint_least16_t acquisition_id;
    scrutiny_encoder_t encoder;
    /* Chars recorded since the trigger: number `turn % 2`, while the loop writes the other one. */
    volatile size_t acquired_chars[2];
    size_t target_chars; /* to record from the trigger on; valid when triggered */
    size_t read_octets;
    uint32_t read_crc;
    uint32_t time_100ns;      /* of the owning loop */
    uint32_t triggered_100ns; /* when */
    scrutiny_trigger_t trigger;
    scrutiny_datalog_setup_t setup;
} scrutiny_datalogger_t;
#endif

/** Counters for diagnosis, since scrutiny_init(). They wrap. */
typedef struct {
    uint32_t requests;         /**< Requests answered. */
    uint32_t ignored;          /**< Good frames dropped because no session was open. */
    uint32_t crc_errors;       /**< Frames with a wrong CRC. */
    uint32_t header_errors;    /**< First octet with bit 7 set, or a payload too large. */
    uint32_t silences;         /**< Unfinished frames dropped after a silence. */
    uint32_t refusals;         /**< Answers with a code other than OK. */
    uint32_t lost_octets;      /**< Octets dropped by scrutiny_receive(): the ring was full. */
    uint32_t sessions_expired; /**< Sessions closed for lack of heartbeats. */
    uint32_t tx_stalls;        /**< Responses dropped: the port took nothing for too long. */
} scrutiny_counters_t;

/** One device as seen by a server. Owned by the caller, initialised by scrutiny_init(). */
typedef struct scrutiny {
#if SCRUTINY_ENABLE_MEMORY_WRITE
    bool memory_write_enabled;
#endif
#if SCRUTINY_ENABLE_DATALOGGING
    bool pending_timed;
#endif
    scrutiny_session_t session;
    scrutiny_rx_t rx;
    const struct scrutiny_config *config;
    scrutiny_port_t port;
    scrutiny_tx_t tx;
    scrutiny_ring_t ring;
#if SCRUTINY_ENABLE_COUNTERS
    scrutiny_counters_t counters;
#endif
#if SCRUTINY_ENABLE_DATALOGGING
    uint32_t pending_since_us; /* valid when `pending_timed` */
    scrutiny_datalogger_t datalogger;
#endif
} scrutiny_t;

#ifdef __cplusplus
}
#endif

#endif
