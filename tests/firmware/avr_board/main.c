/* Runs a program on an emulated AVR in real time, and lets clients connect to its UART:
 *
 *     avr-board --mcu atmega328p --unix uart.sock program.elf
 *
 * It is a tool of the tests, and no part of what is shipped: it links simavr, which is under the
 * GPL, version 3 or later, and so is this program as a whole.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "client_port.h"
#include "control.h"
#include "wall_clock.h"

#define EXIT_USAGE 2
#define EXIT_PROGRAM_ENDED 3

/* What waits for the line is left to the client beyond this, so that it feels the line's pace. */
#define WAITING_MAX 4096u

static const char usage[] =
    "usage: avr-board --unix PATH | --pty PATH [options] PROGRAM.ELF\n"
    "  --unix PATH      serve the UART on a unix socket, one client at a time\n"
    "  --pty PATH       serve it on a pseudo terminal, with a link of this name\n"
    "  --control PATH   take commands on a unix socket, see control.h\n"
    "  --mcu NAME       atmega328p (default), atmega2560, ...\n"
    "  --clock HZ       16000000\n"
    "  --uart N         0\n"
    "  --baud N         what the host sends at, 115200; the firmware's rate is its own affair\n"
    "  --strict         true overruns: an octet that is not read in time is lost\n";

typedef struct {
    board_settings_t board;
    const char *socket;
    const char *terminal;
    const char *control;
    const char *program;
} options_t;

static volatile sig_atomic_t stop_requested;

static void request_stop(int signal_number) {
    (void)signal_number;
    stop_requested = 1;
}

static bool parse_options(options_t *options, int argc, char *argv[]) {
    static const struct option known[] = {
        {"unix", required_argument, NULL, 'x'},
        {"pty", required_argument, NULL, 'p'},
        {"control", required_argument, NULL, 'c'},
        {"mcu", required_argument, NULL, 'm'},
        {"clock", required_argument, NULL, 'f'},
        {"uart", required_argument, NULL, 'u'},
        {"baud", required_argument, NULL, 'b'},
        {"strict", no_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    int option;

    memset(options, 0, sizeof *options);
    options->board.mcu = "atmega328p";
    options->board.clock_hz = 16000000u;
    options->board.baud = 115200u;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 'x':
            options->socket = optarg;
            break;
        case 'p':
            options->terminal = optarg;
            break;
        case 'c':
            options->control = optarg;
            break;
        case 'm':
            options->board.mcu = optarg;
            break;
        case 'f':
            options->board.clock_hz = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 'u':
            options->board.uart = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'b':
            options->board.baud = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 's':
            options->board.overruns_are_true = true;
            break;
        default:
            return false;
        }
    }
    options->program = argv[optind];
    return optind + 1 == argc && (options->socket != NULL) != (options->terminal != NULL) &&
           options->board.clock_hz != 0u && options->board.baud != 0u;
}

static void exchange_octets(client_port_t *port, serial_line_t *line) {
    static uint8_t octets[WAITING_MAX];

    if (line->to_device.count < sizeof octets) {
        const size_t count = client_port_read(port, octets, sizeof octets - line->to_device.count);

        (void)octet_queue_push(&line->to_device, octets, count);
    }
    if (line->to_host.count > 0u) {
        const size_t done = client_port_write(port, line->to_host.octets, line->to_host.count);

        octet_queue_drop(&line->to_host, done);
    }
}

static bool run(board_t *board, client_port_t *port, control_t *control) {
    wall_clock_t clock;

    wall_clock_start(&clock);
    while (stop_requested == 0) {
        if (!board_run(board)) {
            fprintf(stderr, "the program has ended at 0x%x\n", (unsigned)board->avr->pc);
            return false;
        }
        exchange_octets(port, &board->line);
        if (control != NULL) {
            control_serve(control, board);
        }
        wall_clock_wait(&clock, (double)board->avr->cycle / (double)board->avr->frequency);
    }
    return true;
}

static void set_up_signals(void) {
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = request_stop;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

int main(int argc, char *argv[]) {
    static board_t board;
    options_t options;
    client_port_t port;
    control_t control;
    bool works;

    if (!parse_options(&options, argc, argv)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    set_up_signals();
    if (!board_start(&board, &options.board, options.program)) {
        return EXIT_FAILURE;
    }
    if (!(options.socket != NULL ? client_port_open_socket(&port, options.socket)
                                 : client_port_open_terminal(&port, options.terminal)) ||
        (options.control != NULL && !control_open(&control, options.control))) {
        perror("avr-board");
        return EXIT_FAILURE;
    }
    printf("ready\n");
    (void)fflush(stdout);

    works = run(&board, &port, options.control != NULL ? &control : NULL);

    client_port_close(&port);
    if (options.control != NULL) {
        control_close(&control);
    }
    printf("overruns %lu\n", board.line.overruns);
    cycle_marks_print(&board.marks, stdout);
    return works ? EXIT_SUCCESS : EXIT_PROGRAM_ENDED;
}
