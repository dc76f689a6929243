/* Options of the Scrutiny device library, all of them, with their defaults.
 *
 * To change one, put its #define in a header of your own and name that header when compiling the
 * library and every file that includes <scrutiny/scrutiny.h>:
 *
 *     -DSCRUTINY_USER_CONFIG='"my_scrutiny_config.h"'
 *
 * Buffer sizes are not here: they belong to the instance (scrutiny_config_t in scrutiny.h).
 */
#ifndef SCRUTINY_CONFIG_H
#define SCRUTINY_CONFIG_H

#include <float.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef SCRUTINY_USER_CONFIG
#include SCRUTINY_USER_CONFIG
#endif

/* ---- Features: 1 builds the feature, 0 leaves its code and data out. ------------------------- */

/** Memory writes (Write, WriteMasked). Reading memory is always possible. RAM: 1 octet. */
#ifndef SCRUTINY_ENABLE_MEMORY_WRITE
#define SCRUTINY_ENABLE_MEMORY_WRITE 1
#endif

/** Read-only and forbidden memory regions. RAM: none, the tables are the caller's. */
#ifndef SCRUTINY_ENABLE_SPECIAL_REGIONS
#define SCRUTINY_ENABLE_SPECIAL_REGIONS 1
#endif

/** Published values: numbered values read and written through callbacks. RAM: none. */
#ifndef SCRUTINY_ENABLE_PUBLISHED_VALUES
#define SCRUTINY_ENABLE_PUBLISHED_VALUES 1
#endif

/** User commands, handled by a callback. RAM: none. */
#ifndef SCRUTINY_ENABLE_USER_COMMAND
#define SCRUTINY_ENABLE_USER_COMMAND 1
#endif

/** Announce the control loops to the server. Needed by data logging. RAM: none. */
#ifndef SCRUTINY_ENABLE_LOOPS
#define SCRUTINY_ENABLE_LOOPS 1
#endif

/** Data logging: record variables from inside a control loop, with a trigger.
 * RAM: about 160 octets + 8 per signal on a 32-bit target, besides the caller's buffer. */
#ifndef SCRUTINY_ENABLE_DATALOGGING
#define SCRUTINY_ENABLE_DATALOGGING SCRUTINY_ENABLE_LOOPS
#endif

/** Counters for diagnosis, see scrutiny_get_counters(). RAM: 40 octets. */
#ifndef SCRUTINY_ENABLE_COUNTERS
#define SCRUTINY_ENABLE_COUNTERS 1
#endif

/** 64-bit integers and doubles as published values and trigger operands. Reading 64-bit variables
 * as memory never needs it. Off by default on AVR, where 64-bit arithmetic costs kilobytes. */
#ifndef SCRUTINY_ENABLE_64BIT
#if defined(UINT64_MAX) && !defined(__AVR__)
#define SCRUTINY_ENABLE_64BIT 1
#else
#define SCRUTINY_ENABLE_64BIT 0
#endif
#endif

/* ---- Sizes and costs --------------------------------------------------------------------------
 */

/** Most signals in one acquisition, 1 to 254. RAM: 8 octets each on a 32-bit target. */
#ifndef SCRUTINY_DATALOG_MAX_SIGNALS
#define SCRUTINY_DATALOG_MAX_SIGNALS 16
#endif

/** Most loops an instance may have when data logging is built, 1 to 254. RAM: 1 octet each. */
#ifndef SCRUTINY_MAX_LOOPS
#define SCRUTINY_MAX_LOOPS 8
#endif

/** How many silences can lie between octets that wait in the receive ring, 2 to 128. A burst that
 * starts while so many are waiting is dropped whole, never glued to the one before it.
 * RAM: one ring index each. */
#ifndef SCRUTINY_GAP_QUEUE_SIZE
#define SCRUTINY_GAP_QUEUE_SIZE 4
#endif

/** Entries of the CRC's table: 256 (1 KiB of flash), 16 (64 octets of flash, half as fast) or 0,
 * bit by bit. By default 16 where the compiler makes code for size, as with -Os, otherwise 256; 0
 * on AVR, where shifting is slow enough for a table to win nothing, and would occupy RAM. */
#ifndef SCRUTINY_CRC_TABLE_SIZE
#if defined(__AVR__)
#define SCRUTINY_CRC_TABLE_SIZE 0
#elif defined(__OPTIMIZE_SIZE__)
#define SCRUTINY_CRC_TABLE_SIZE 16
#else
#define SCRUTINY_CRC_TABLE_SIZE 256
#endif
#endif

/* ---- Defaults of an instance, used where scrutiny_config_t holds 0. All are 32-bit constants,
 * because 50000 does not fit the int of a 16-bit target. ----------------------------------------
 */

/** Pause between two octets that starts a new frame, in microseconds, 1 to 2^31 - 1. */
#ifndef SCRUTINY_DEFAULT_SILENCE_TIMEOUT_US
#define SCRUTINY_DEFAULT_SILENCE_TIMEOUT_US UINT32_C(50000)
#endif

/** A session without a heartbeat for this long is closed, in microseconds, 1 to 2^31 - 1. */
#ifndef SCRUTINY_DEFAULT_HEARTBEAT_TIMEOUT_US
#define SCRUTINY_DEFAULT_HEARTBEAT_TIMEOUT_US UINT32_C(5000000)
#endif

/** A request that is not done after this long is refused, in microseconds, 1 to 2^31 - 1. */
#ifndef SCRUTINY_DEFAULT_MAX_PROCESSING_US
#define SCRUTINY_DEFAULT_MAX_PROCESSING_US UINT32_C(100000)
#endif

/* ---- Target -----------------------------------------------------------------------------------
 */

/** Size of an address on the wire, in octets: 1, 2, 4 or 8. A 16-bit char counts as two octets. */
#ifndef SCRUTINY_ADDRESS_SIZE
#define SCRUTINY_ADDRESS_SIZE (sizeof(void *) * CHAR_BIT / 8u)
#endif

/** How an address from the wire (uintptr_t) becomes a pointer. For targets with several address
 * spaces, and for tests. */
#ifndef SCRUTINY_ADDRESS_TO_POINTER
#define SCRUTINY_ADDRESS_TO_POINTER(address) ((unsigned char *)(address))
#endif

/** 1 on a big-endian target. Used for bit fields in triggers and for dumps of 16-bit chars. */
#ifndef SCRUTINY_BIG_ENDIAN
#if defined(__BYTE_ORDER__) && defined(__ORDER_BIG_ENDIAN__)
#define SCRUTINY_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#else
#define SCRUTINY_BIG_ENDIAN 0
#endif
#endif

/** Unsigned type of the receive ring's indices. Reading and writing one must be a single
 * instruction, and it limits the ring's size to its largest value. */
#ifndef SCRUTINY_RING_INDEX_TYPE
#ifdef __AVR__
#define SCRUTINY_RING_INDEX_TYPE uint8_t
#else
#define SCRUTINY_RING_INDEX_TYPE unsigned int
#endif
#endif

/** Keeps the compiler, and the processor where it matters, from moving memory accesses across.
 * Orders the data that interrupts, loops and the poll hand to each other. A compiler that has
 * neither GNU extensions nor the atomics of C11 gets a call of a function in a file of its own:
 * good enough on one core, as long as it does not optimise over all files at once. */
#ifndef SCRUTINY_FENCE
#if defined(__AVR__) && defined(__GNUC__)
#define SCRUTINY_FENCE() __asm__ volatile("" ::: "memory")
#elif defined(__GNUC__)
#define SCRUTINY_FENCE() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#elif !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L &&         \
    !defined(__STDC_NO_ATOMICS__)
#include <stdatomic.h>
#define SCRUTINY_FENCE() atomic_thread_fence(memory_order_seq_cst)
#else
#define SCRUTINY_FENCE() scrutiny_fence()
#endif
#endif

/* ---- Checks -----------------------------------------------------------------------------------
 */

#define SCRUTINY_STATIC_ASSERT(condition, name)                                                    \
    typedef char scrutiny_assert_##name[(condition) ? 1 : -1]

#if SCRUTINY_ENABLE_DATALOGGING && !SCRUTINY_ENABLE_LOOPS
#error "SCRUTINY_ENABLE_DATALOGGING needs SCRUTINY_ENABLE_LOOPS"
#endif
#if SCRUTINY_ENABLE_64BIT && !defined(UINT64_MAX)
#error "SCRUTINY_ENABLE_64BIT needs a compiler with uint64_t"
#endif

/** 1 when double has 64 bits and 64-bit types are built. Follows from the target, not an option. */
#if SCRUTINY_ENABLE_64BIT && DBL_MANT_DIG == 53
#define SCRUTINY_HAS_FLOAT64 1
#else
#define SCRUTINY_HAS_FLOAT64 0
#endif

SCRUTINY_STATIC_ASSERT(CHAR_BIT == 8 || CHAR_BIT == 16, char_bit_is_8_or_16);
SCRUTINY_STATIC_ASSERT(SCRUTINY_DATALOG_MAX_SIGNALS >= 1 && SCRUTINY_DATALOG_MAX_SIGNALS <= 254,
                       datalog_max_signals_range);
SCRUTINY_STATIC_ASSERT(SCRUTINY_MAX_LOOPS >= 1 && SCRUTINY_MAX_LOOPS <= 254, max_loops_range);
SCRUTINY_STATIC_ASSERT(SCRUTINY_CRC_TABLE_SIZE == 0 || SCRUTINY_CRC_TABLE_SIZE == 16 ||
                           SCRUTINY_CRC_TABLE_SIZE == 256,
                       crc_table_size_is_0_16_256);
SCRUTINY_STATIC_ASSERT(SCRUTINY_GAP_QUEUE_SIZE >= 2 && SCRUTINY_GAP_QUEUE_SIZE <= 128,
                       gap_queue_size_range);
SCRUTINY_STATIC_ASSERT(SCRUTINY_ADDRESS_SIZE == 1 || SCRUTINY_ADDRESS_SIZE == 2 ||
                           SCRUTINY_ADDRESS_SIZE == 4 || SCRUTINY_ADDRESS_SIZE == 8,
                       address_size_is_1_2_4_8);
SCRUTINY_STATIC_ASSERT((SCRUTINY_RING_INDEX_TYPE)-1 > (SCRUTINY_RING_INDEX_TYPE)0,
                       ring_index_is_unsigned);
SCRUTINY_STATIC_ASSERT(sizeof(float) * CHAR_BIT == 32, float_has_32_bits);

#endif
