/** @file
 * The command line.
 */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_DATALOG_SIZE_MAX 1048576u

typedef enum {
    TRANSPORT_NONE,
    TRANSPORT_PTY,
    TRANSPORT_TTY,
    TRANSPORT_UDP,
    TRANSPORT_TCP
} transport_kind_t;

typedef struct {
    transport_kind_t transport;
    const char *path; /* of the pty's link or of the tty */
    uint16_t port;    /* UDP, TCP; 0: any free one */
    const char *bind_address;
    uint32_t baud; /* bit/s; 0: as fast as possible (pty, UDP, TCP), 115200 (tty) */
    bool exact;    /* octets that travel are waited for by looking at the clock */
    const char *name;
    bool has_seed;
    uint32_t seed;
    uint16_t rx_size;
    uint16_t tx_size;
    uint32_t datalog_size; /* octets, up to OPTIONS_DATALOG_SIZE_MAX; 0: no recordings */
    bool memory_write;
    bool frozen;
} options_t;

typedef enum {
    OPTIONS_RUN,
    OPTIONS_HELP,
    OPTIONS_WRONG
} options_result_t;

/** Read the command line. For OPTIONS_WRONG, what is wrong has been said on standard error. */
options_result_t options_parse(options_t *options, int argc, char *argv[]);

#endif
