#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAYLOAD_MIN 32u
#define PAYLOAD_MAX 65519u
#define PAYLOAD_DEFAULT 1024u
#define DATALOG_SIZE_DEFAULT 65536u

/* Slower, one octet takes as long as the silence after which a receiver starts anew. */
#define BAUD_MIN 300u
#define BAUD_MAX 100000000u
#define BAUD_TTY_DEFAULT 115200u

enum {
    OPTION_PTY = 256,
    OPTION_TTY,
    OPTION_UDP,
    OPTION_TCP,
    OPTION_BIND,
    OPTION_BAUD,
    OPTION_EXACT,
    OPTION_NAME,
    OPTION_SEED,
    OPTION_RX_SIZE,
    OPTION_TX_SIZE,
    OPTION_DATALOG_SIZE,
    OPTION_NO_MEMORY_WRITE,
    OPTION_FREEZE
};

static const struct option long_options[] = {
    {"pty", required_argument, NULL, OPTION_PTY},
    {"tty", required_argument, NULL, OPTION_TTY},
    {"udp", required_argument, NULL, OPTION_UDP},
    {"tcp", required_argument, NULL, OPTION_TCP},
    {"bind", required_argument, NULL, OPTION_BIND},
    {"baud", required_argument, NULL, OPTION_BAUD},
    {"exact", no_argument, NULL, OPTION_EXACT},
    {"name", required_argument, NULL, OPTION_NAME},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"rx-size", required_argument, NULL, OPTION_RX_SIZE},
    {"tx-size", required_argument, NULL, OPTION_TX_SIZE},
    {"datalog-size", required_argument, NULL, OPTION_DATALOG_SIZE},
    {"no-memory-write", no_argument, NULL, OPTION_NO_MEMORY_WRITE},
    {"freeze", no_argument, NULL, OPTION_FREEZE},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void print_help(const char *program) {
    printf("Usage: %s (--pty PATH | --tty DEVICE | --udp PORT | --tcp PORT) [options]\n"
           "\n"
           "A motor controller that speaks the Scrutiny protocol, as a process.\n"
           "\n"
           "Transport, one of:\n"
           "  --pty PATH         a pseudo terminal, with PATH as a symbolic link to it\n"
           "  --tty DEVICE       a serial port of this computer\n"
           "  --udp PORT         datagrams; 0 takes a free port\n"
           "  --tcp PORT         a stream, one client at a time; 0 takes a free port\n"
           "\n"
           "Options:\n"
           "  --bind ADDRESS     IPv4 address to listen on (default 127.0.0.1)\n"
           "  --baud N           tty: its speed (default %u); others: slow down to that of a\n"
           "                     serial line, in both directions (default 0: do not)\n"
           "  --exact            with --baud, for measurements: let no octet wait for a timer, at\n"
           "                     the price of a processor that is busy while octets travel\n"
           "  --name TEXT        display name, at most 64 octets\n"
           "  --seed N           first session id (default: random)\n"
           "  --rx-size N        largest request payload, %u to %u octets (default %u)\n"
           "  --tx-size N        largest answer payload, %u to %u octets (default %u)\n"
           "  --datalog-size N   room for recordings, up to %u octets (default %u); 0: none\n"
           "  --no-memory-write  refuse to write memory\n"
           "  --freeze           keep the motor as it is at start\n"
           "  --help             this text\n"
           "\n"
           "One line on standard output says where it can be reached. SIGINT and SIGTERM end it.\n",
           program, BAUD_TTY_DEFAULT, PAYLOAD_MIN, PAYLOAD_MAX, PAYLOAD_DEFAULT, PAYLOAD_MIN,
           PAYLOAD_MAX, PAYLOAD_DEFAULT, OPTIONS_DATALOG_SIZE_MAX, DATALOG_SIZE_DEFAULT);
}

/* Whole decimal or 0x number in a range, or a message that names the option. */
static bool parse_number(const char *option, const char *text, uint32_t minimum, uint32_t maximum,
                         uint32_t *value) {
    char *end = NULL;
    unsigned long long number;

    errno = 0;
    number = strtoull(text, &end, 0);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number < minimum ||
        number > maximum) {
        fprintf(stderr, "%s: '%s' is not a whole number from %lu to %lu\n", option, text,
                (unsigned long)minimum, (unsigned long)maximum);
        return false;
    }
    *value = (uint32_t)number;
    return true;
}

static bool parse_u16(const char *option, const char *text, uint32_t minimum, uint32_t maximum,
                      uint16_t *value) {
    uint32_t number;

    if (!parse_number(option, text, minimum, maximum, &number)) {
        return false;
    }
    *value = (uint16_t)number;
    return true;
}

static bool choose_transport(options_t *options, transport_kind_t kind) {
    if (options->transport != TRANSPORT_NONE) {
        fprintf(stderr, "give only one of --pty, --tty, --udp and --tcp\n");
        return false;
    }
    options->transport = kind;
    return true;
}

static bool parse_baud(options_t *options, const char *text) {
    if (!parse_number("--baud", text, 0u, BAUD_MAX, &options->baud)) {
        return false;
    }
    if (options->baud != 0u && options->baud < BAUD_MIN) {
        fprintf(stderr, "--baud: %lu is too slow for the protocol, use 0 or at least %u\n",
                (unsigned long)options->baud, BAUD_MIN);
        return false;
    }
    return true;
}

static bool parse_option(options_t *options, int option, const char *text) {
    switch (option) {
    case OPTION_PTY:
        options->path = text;
        return choose_transport(options, TRANSPORT_PTY);
    case OPTION_TTY:
        options->path = text;
        return choose_transport(options, TRANSPORT_TTY);
    case OPTION_UDP:
        return choose_transport(options, TRANSPORT_UDP) &&
               parse_u16("--udp", text, 0u, 65535u, &options->port);
    case OPTION_TCP:
        return choose_transport(options, TRANSPORT_TCP) &&
               parse_u16("--tcp", text, 0u, 65535u, &options->port);
    case OPTION_BIND:
        options->bind_address = text;
        return true;
    case OPTION_BAUD:
        return parse_baud(options, text);
    case OPTION_NAME:
        options->name = text;
        return true;
    case OPTION_SEED:
        options->has_seed = true;
        return parse_number("--seed", text, 0u, UINT32_MAX, &options->seed);
    case OPTION_RX_SIZE:
        return parse_u16("--rx-size", text, PAYLOAD_MIN, PAYLOAD_MAX, &options->rx_size);
    case OPTION_TX_SIZE:
        return parse_u16("--tx-size", text, PAYLOAD_MIN, PAYLOAD_MAX, &options->tx_size);
    case OPTION_DATALOG_SIZE:
        return parse_number("--datalog-size", text, 0u, OPTIONS_DATALOG_SIZE_MAX,
                            &options->datalog_size);
    case OPTION_NO_MEMORY_WRITE:
        options->memory_write = false;
        return true;
    case OPTION_EXACT:
        options->exact = true;
        return true;
    case OPTION_FREEZE:
        options->frozen = true;
        return true;
    default: /* getopt_long has said what is wrong */
        return false;
    }
}

static options_result_t wrong_usage(const char *program) {
    fprintf(stderr, "try '%s --help'\n", program);
    return OPTIONS_WRONG;
}

options_result_t options_parse(options_t *options, int argc, char *argv[]) {
    int option;

    memset(options, 0, sizeof *options);
    options->bind_address = "127.0.0.1";
    options->name = "Motor example (host)";
    options->rx_size = PAYLOAD_DEFAULT;
    options->tx_size = PAYLOAD_DEFAULT;
    options->datalog_size = DATALOG_SIZE_DEFAULT;
    options->memory_write = true;

    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (option == 'h') {
            print_help(argv[0]);
            return OPTIONS_HELP;
        }
        if (!parse_option(options, option, optarg)) {
            return wrong_usage(argv[0]);
        }
    }
    if (optind < argc) {
        fprintf(stderr, "'%s' is not an option\n", argv[optind]);
        return wrong_usage(argv[0]);
    }
    if (options->transport == TRANSPORT_NONE) {
        fprintf(stderr, "say how to be reached: --pty, --tty, --udp or --tcp\n");
        return wrong_usage(argv[0]);
    }
    if (options->transport == TRANSPORT_TTY && options->baud == 0u) {
        options->baud = BAUD_TTY_DEFAULT;
    }
    return OPTIONS_RUN;
}
