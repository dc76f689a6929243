/* The bare loop: blocking writes and reads of frames made beforehand, again and again.
 *
 *     bare_loop FD SECONDS < FRAMES
 *
 * FRAMES has a line per request, "HEX ANSWER_SIZE"; of an answer, only the size is looked at. One
 * that does not come is asked for again: a machine that stands still for 50 ms cuts a request in two.
 * Prints "REQUESTS CYCLES NANOSECONDS".
 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_OCTETS (1u << 18)
#define EXCHANGES_MAX 4096u
#define TICK_US 300000
#define REPEATS_MAX 10u

typedef struct {
    uint8_t *frame;
    size_t size;
    size_t answer_size;
} exchange_t;

static exchange_t exchanges[EXCHANGES_MAX];
static char line[LINE_MAX_OCTETS];
static uint8_t answer[1u << 17];
static volatile sig_atomic_t ticks; /* that one exchange has taken */

static void count_tick(int signal_number) {
    (void)signal_number;
    ticks++;
}

/* Interrupts calls that wait. Unlike a time limit of each of them, it takes no time otherwise. */
static void start_ticks(void) {
    struct sigaction action;
    const struct itimerval interval = {{0, TICK_US}, {0, TICK_US}};

    memset(&action, 0, sizeof action);
    action.sa_handler = count_tick;
    (void)sigaction(SIGALRM, &action, NULL);
    (void)setitimer(ITIMER_REAL, &interval, NULL);
}

static uint64_t now_ns(void) {
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static size_t read_exchanges(void) {
    size_t count = 0u;

    while (count < EXCHANGES_MAX && fgets(line, sizeof line, stdin) != NULL) {
        exchange_t *const exchange = &exchanges[count];
        const size_t digits = strcspn(line, " \n");
        size_t i;

        exchange->size = digits / 2u;
        exchange->frame = malloc(exchange->size + 1u);
        if (exchange->frame == NULL) {
            exit(EXIT_FAILURE);
        }
        for (i = 0u; i < exchange->size; i++) {
            const char octet[3] = {line[2u * i], line[2u * i + 1u], '\0'};

            exchange->frame[i] = (uint8_t)strtoul(octet, NULL, 16);
        }
        exchange->answer_size = (size_t)strtoul(line + digits, NULL, 10);
        count++;
    }
    return count;
}

/* Write a request; return whether as many octets as expected have come before the second tick. */
static int is_answered(int fd, const exchange_t *exchange) {
    size_t done = 0u;

    ticks = 0;
    while (done < exchange->size) {
        const ssize_t count = write(fd, exchange->frame + done, exchange->size - done);

        if (count > 0) {
            done += (size_t)count;
        } else if (count == 0 || errno != EINTR) {
            exit(EXIT_FAILURE);
        }
    }
    for (done = 0u; done < exchange->answer_size;) {
        const ssize_t count = read(fd, answer, sizeof answer);

        if (count > 0) {
            done += (size_t)count;
        } else if (count == 0 || errno != EINTR) {
            exit(EXIT_FAILURE);
        } else if (ticks > 1) {
            return 0;
        }
    }
    if (done != exchange->answer_size) {
        fprintf(stderr, "%zu octets instead of %zu\n", done, exchange->answer_size);
        exit(EXIT_FAILURE);
    }
    return 1;
}

static void run(int fd, const exchange_t *exchange) {
    static unsigned repeats;

    while (!is_answered(fd, exchange)) {
        if (++repeats > REPEATS_MAX) {
            fprintf(stderr, "no answer\n");
            exit(EXIT_FAILURE);
        }
    }
}

int main(int argc, char *argv[]) {
    const size_t count = read_exchanges();
    uint64_t begin_ns;
    uint64_t end_ns;
    unsigned long cycles = 0ul;
    size_t i;
    int fd;

    if (argc != 3 || count == 0u) {
        fprintf(stderr, "usage: bare_loop FD SECONDS < FRAMES\n");
        return 2;
    }
    fd = atoi(argv[1]);
    start_ticks();
    begin_ns = now_ns();
    end_ns = begin_ns + (uint64_t)(atof(argv[2]) * 1e9);
    do {
        for (i = 0u; i < count; i++) {
            run(fd, &exchanges[i]);
        }
        cycles++;
    } while (now_ns() < end_ns);
    printf("%lu %lu %llu\n", cycles * (unsigned long)count, cycles,
           (unsigned long long)(now_ns() - begin_ns));
    return 0;
}
