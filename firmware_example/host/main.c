/* The application as a process: one thread that waits for octets, or for the tick that lets the
 * motor go on while nobody asks. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "app.h"
#include "clock.h"
#include "loop_pacer.h"
#include "measured.h"
#include "motor.h"
#include "options.h"
#include "transport.h"
#include "uart_line.h"

#define PAYLOAD_MAX 65519u
#define READ_SIZE 65536u /* at least the largest datagram, which would be cut otherwise */
#define RING_SIZE 16384u
#define EXIT_USAGE 2

/* Somebody who has not read for so long is gone, and the next one shall not get old octets. */
#define STALL_MAX_NS (200u * (uint64_t)CLOCK_NS_PER_MS)

/* Period of the tick. A request runs the motor model up to its own time, so this is not how old a
 * value may be, only how often an idle process wakes up. */
#define TICK_US 10000

/* For exact lines: a timer is set to end so long before octets are through, as it may be late. It is
 * longer than a lump at 3 Mbaud: whoever falls asleep for 13 us leaves its processor to the one it
 * talks to, who then waits there until the end of the answer, although others are free. */
#define SPIN_NS (250u * (uint64_t)CLOCK_NS_PER_US)

/* Linux stops a process with a real-time priority for 50 ms of each second in which it never rests.
 * So it rests, for so long and so often, in the middle of answers of more than so many octets:
 * those of that time come together then, and nobody waits for them. */
#define REST_NS (700u * (uint64_t)CLOCK_NS_PER_US)
#define REST_EVERY_NS (10u * (uint64_t)CLOCK_NS_PER_MS)
#define REST_OCTETS 400u

/* How long to leave the library alone with what it could not finish. */
#define RETRY_NS (1u * (uint64_t)CLOCK_NS_PER_MS)

/* A frozen motor stands still after one second of running, so that its values are not all zero. */
#define FREEZE_AFTER_TICKS MOTOR_LOOP_HZ

typedef struct {
    transport_t *transport;
    uart_line_t rx;
    uart_line_t tx;
    loop_pacer_t pacer;
    bool exact;           /* no octet waits for a timer */
    uint64_t rested_ns;   /* when it has last waited for long, with exact lines */
    uint64_t now_ns;      /* of this turn of the loop */
    uint64_t progress_ns; /* when octets last left */
    bool blocked;         /* the transport took nothing, although octets are due */
    bool unfinished;      /* the library waits for something, like a loop that shall let go */
    bool held_back;       /* the library has an answer for which the line is not free yet */
} host_t;

typedef struct {
    bool readable;
    bool acceptable;
} ready_t;

static host_t host;
static volatile sig_atomic_t stop_requested;

static scrutiny_octet_t rx_buffer[SCRUTINY_RX_BUFFER_SIZE(PAYLOAD_MAX)];
static scrutiny_octet_t tx_buffer[SCRUTINY_TX_BUFFER_SIZE(PAYLOAD_MAX)];
static scrutiny_octet_t ring[RING_SIZE];
static unsigned char datalog_buffer[OPTIONS_DATALOG_SIZE_MAX];

static void request_stop(int signal_number) {
    (void)signal_number;
    stop_requested = 1;
}

static void tick(int signal_number) {
    (void)signal_number; /* to end the waiting is all it is for */
}

/* Signals get through only while the process waits, so none is missed between check and wait. */
static void set_up_signals(sigset_t *mask_while_waiting) {
    static const int handled[] = {SIGALRM, SIGINT, SIGTERM, SIGHUP};
    struct sigaction action;
    sigset_t blocked;
    size_t i;

    memset(&action, 0, sizeof action);
    (void)sigemptyset(&action.sa_mask);
    (void)sigemptyset(&blocked);
    for (i = 0; i < sizeof handled / sizeof handled[0]; i++) {
        action.sa_handler = handled[i] == SIGALRM ? tick : request_stop;
        (void)sigaction(handled[i], &action, NULL);
        (void)sigaddset(&blocked, handled[i]);
    }
    action.sa_handler = SIG_IGN; /* a client that left is an error of write() */
    (void)sigaction(SIGPIPE, &action, NULL);

    (void)sigprocmask(SIG_BLOCK, &blocked, mask_while_waiting);
    for (i = 0; i < sizeof handled / sizeof handled[0]; i++) {
        (void)sigdelset(mask_while_waiting, handled[i]);
    }
}

/* A periodic signal, because a timeout of pselect() is a timer set and cancelled per request: in a
 * virtual machine, that alone made an exchange over a pty 65 us long instead of 48. */
static void start_tick(void) {
    struct itimerval period;

    period.it_interval.tv_sec = 0;
    period.it_interval.tv_usec = TICK_US;
    period.it_value = period.it_interval;
    (void)setitimer(ITIMER_REAL, &period, NULL);
}

/* Another one at each start, as a server tells a rebooted device by it. */
static uint32_t random_seed(void) {
    uint32_t seed = 0u;
    const int fd = open("/dev/urandom", O_RDONLY);

    if (fd < 0 || read(fd, &seed, sizeof seed) != (ssize_t)sizeof seed) {
        seed = (uint32_t)clock_now_ns() ^ ((uint32_t)getpid() << 16);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return seed;
}

/* A transmitter takes an answer when the line is free, so that the next one is made no sooner. */
static size_t port_write(void *context, const scrutiny_octet_t *data, size_t size) {
    (void)context;
    if (host.tx.octet_ns != 0u && host.tx.count > 0u) {
        host.held_back = true;
        return 0u;
    }
    return uart_line_push(&host.tx, data, size, host.now_ns);
}

static uint32_t port_now_us(void *context) {
    (void)context;
    return (uint32_t)(host.now_ns / CLOCK_NS_PER_US);
}

static bool start_application(const options_t *options) {
    scrutiny_port_t port;
    app_settings_t settings;
    scrutiny_status_t status;

    port.write = port_write;
    port.now_us = port_now_us;
    port.context = NULL;

    memset(&settings, 0, sizeof settings);
    settings.display_name = options->name;
    settings.rx_buffer = rx_buffer;
    settings.rx_buffer_size = SCRUTINY_RX_BUFFER_SIZE((size_t)options->rx_size);
    settings.tx_buffer = tx_buffer;
    settings.tx_buffer_size = SCRUTINY_TX_BUFFER_SIZE((size_t)options->tx_size);
    settings.ring = ring;
    settings.ring_size = sizeof ring;
    settings.datalog_buffer = datalog_buffer;
    settings.datalog_buffer_size = options->datalog_size;
    settings.session_seed = options->has_seed ? options->seed : random_seed();
    settings.memory_write_enabled = options->memory_write;

    host.now_ns = clock_now_ns();
    status = app_init(&settings, &port);
    if (status != SCRUTINY_OK) {
        fprintf(stderr, "the library refuses its configuration: status %d\n", (int)status);
        return false;
    }
    if (options->frozen) {
        uint32_t i;

        for (i = 0; i < FREEZE_AFTER_TICKS; i++) {
            app_control_loop();
        }
        app_freeze_motor(true);
    }
    return true;
}

static void start_lines(const options_t *options) {
    /* A tty is a serial line already. */
    const uint32_t baud = options->transport == TRANSPORT_TTY ? 0u : options->baud;

    host.exact = options->exact && baud != 0u;
    uart_line_init(&host.rx, baud);
    uart_line_init(&host.tx, baud);
#ifdef __linux__
    if (baud != 0u) {
        (void)prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul); /* instead of 50 us */
    }
#endif
}

/* When to go on even if nothing happens; CLOCK_NEVER leaves that to the tick. */
static uint64_t next_wake_ns(void) {
    uint64_t wake_ns = uart_line_wake_ns(&host.rx);
    const uint64_t tx_ns = host.blocked ? CLOCK_NEVER : uart_line_wake_ns(&host.tx);

    if (tx_ns < wake_ns) {
        wake_ns = tx_ns;
    }
    if (host.unfinished && !host.blocked && !host.held_back && host.now_ns + RETRY_NS < wake_ns) {
        wake_ns = host.now_ns + RETRY_NS;
    }
    return wake_ns;
}

/* Whether octets can be read, and there is room for them. */
static bool look_for_octets(void) {
    struct pollfd look = {host.transport->fd, POLLIN, 0};

    return look.fd >= 0 && uart_line_space(&host.rx) >= READ_SIZE && poll(&look, 1u, 0) > 0;
}

/* Look at the clock until then, or until octets arrive: both directions of a line work at a time.
 * Returns false if that is too far away. */
static bool spin_until(uint64_t wake_ns, ready_t *ready) {
    if (clock_now_ns() + SPIN_NS < wake_ns) {
        return false;
    }
    while (clock_now_ns() < wake_ns && !ready->readable) {
        ready->readable = look_for_octets();
    }
    return true;
}

static struct timespec time_until(uint64_t wake_ns) {
    const uint64_t now_ns = clock_now_ns();
    const uint64_t wait_ns = wake_ns > now_ns ? wake_ns - now_ns : 0u;
    struct timespec timeout;

    timeout.tv_sec = (time_t)(wait_ns / CLOCK_NS_PER_S);
    timeout.tv_nsec = (long)(wait_ns % CLOCK_NS_PER_S);
    return timeout;
}

/* Whether a processor that is spun on has to be given away for a while, and this is harmless. */
static bool has_to_rest(void) {
    return clock_now_ns() - host.rested_ns > REST_EVERY_NS && host.tx.count > REST_OCTETS;
}

/* Wait for octets, a client, room to write, a signal or the next thing to do. */
static ready_t wait_for_work(const sigset_t *mask) {
    transport_t *const transport = host.transport;
    uint64_t wake_ns = next_wake_ns();
    uint64_t begin_ns;
    uint64_t end_ns;
    struct timespec timeout;
    ready_t ready = {false, false};
    fd_set readable;
    fd_set writable;
    int highest = -1;

    if (host.exact && has_to_rest()) {
        wake_ns = clock_now_ns() + REST_NS;
    } else if (host.exact && wake_ns != CLOCK_NEVER) {
        if (spin_until(wake_ns, &ready)) {
            return ready;
        }
        wake_ns -= SPIN_NS;
    }

    FD_ZERO(&readable);
    FD_ZERO(&writable);
    if (transport->fd >= 0) {
        if (uart_line_space(&host.rx) >= READ_SIZE) {
            FD_SET(transport->fd, &readable);
        }
        if (host.blocked) {
            FD_SET(transport->fd, &writable);
        }
        highest = transport->fd;
    }
    if (transport->listen_fd >= 0) {
        FD_SET(transport->listen_fd, &readable);
        highest = transport->listen_fd > highest ? transport->listen_fd : highest;
    }
    if (wake_ns != CLOCK_NEVER) {
        timeout = time_until(wake_ns);
    }
    begin_ns = clock_now_ns();
    if (pselect(highest + 1, &readable, &writable, NULL, wake_ns != CLOCK_NEVER ? &timeout : NULL,
                mask) > 0) {
        ready.readable = transport->fd >= 0 && FD_ISSET(transport->fd, &readable);
        ready.acceptable = transport->listen_fd >= 0 && FD_ISSET(transport->listen_fd, &readable);
    }
    end_ns = clock_now_ns();
    if (end_ns - begin_ns >= REST_NS) {
        host.rested_ns = end_ns;
    }
    return ready;
}

static void forget_client(void) {
    uart_line_clear(&host.rx);
    uart_line_clear(&host.tx);
    host.blocked = false;
}

/* Returns false when the transport is of no use any more. */
static bool read_octets(void) {
    static uint8_t data[READ_SIZE];
    const long count = host.transport->read(host.transport, data, sizeof data);

    if (count > 0) {
        (void)uart_line_push(&host.rx, data, (size_t)count, host.now_ns);
    } else if (count == TRANSPORT_CLIENT_LEFT) {
        forget_client();
    }
    return count != TRANSPORT_FAILED;
}

/* Returns false when the transport is of no use any more. */
static bool write_octets(void) {
    size_t due = uart_line_due(&host.tx, host.now_ns);

    host.blocked = false;
    while (due > 0u && host.transport->fd >= 0) {
        const long count = host.transport->write(host.transport, uart_line_data(&host.tx), due);

        if (count == TRANSPORT_FAILED) {
            return false;
        }
        if (count == TRANSPORT_CLIENT_LEFT) {
            forget_client();
            return true;
        }
        if (count == 0) {
            host.blocked = true;
            if (host.now_ns - host.progress_ns > STALL_MAX_NS) {
                forget_client();
            }
            return true;
        }
        uart_line_take(&host.tx, (size_t)count);
        due -= (size_t)count;
        host.progress_ns = host.now_ns;
    }
    if (host.transport->fd < 0) {
        forget_client();
    }
    if (due == 0u) {
        host.progress_ns = host.now_ns; /* a stall begins when octets are due and stay */
    }
    return true;
}

static void run_control_loop(void) {
    uint32_t iterations = loop_pacer_take(&host.pacer, host.now_ns);

    while (iterations > 0u) {
        app_control_loop();
        iterations--;
    }
}

/* Hand over what arrived, in pieces that fit the ring, and answer. */
static bool serve(void) {
    size_t due;

    do {
        due = uart_line_due(&host.rx, host.now_ns);
        if (due > RING_SIZE / 2u) {
            due = RING_SIZE / 2u;
        }
        if (due > 0u) {
            (void)scrutiny_receive(&app_scrutiny, uart_line_data(&host.rx), due);
            uart_line_take(&host.rx, due);
        }
        host.held_back = false;
        host.unfinished = app_idle();
        if (!write_octets()) {
            return false;
        }
    } while (uart_line_due(&host.rx, host.now_ns) > 0u || (host.held_back && host.tx.count == 0u));
    return true;
}

static bool run_turn(const sigset_t *mask) {
    const ready_t ready = wait_for_work(mask);

    host.now_ns = clock_now_ns();
    measured_clock_ns = host.now_ns;
    if (ready.readable && !read_octets()) {
        return false;
    }
    /* After reading: a client that left makes room for the one that waits. */
    if (ready.acceptable) {
        host.transport->accept(host.transport);
    }
    run_control_loop();
    return serve();
}

int main(int argc, char *argv[]) {
    options_t options;
    sigset_t mask;
    bool works = true;

    switch (options_parse(&options, argc, argv)) {
    case OPTIONS_HELP:
        return EXIT_SUCCESS;
    case OPTIONS_WRONG:
        return EXIT_USAGE;
    case OPTIONS_RUN:
    default:
        break;
    }
    set_up_signals(&mask);
    start_lines(&options);
    if (!start_application(&options)) {
        return EXIT_FAILURE;
    }
    host.transport = transport_open(&options);
    if (host.transport == NULL) {
        return EXIT_FAILURE;
    }
    host.now_ns = clock_now_ns();
    loop_pacer_init(&host.pacer, MOTOR_LOOP_HZ, host.now_ns);
    start_tick();
    while (works && stop_requested == 0) {
        works = run_turn(&mask);
    }
    host.transport->close(host.transport);
    return works ? EXIT_SUCCESS : EXIT_FAILURE;
}
