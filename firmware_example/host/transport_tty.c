#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "transport.h"

typedef struct {
    uint32_t baud;
    speed_t speed;
} speed_entry_t;

static const speed_entry_t speeds[] = {
    {1200u, B1200},       {2400u, B2400},     {4800u, B4800},
    {9600u, B9600},       {19200u, B19200},   {38400u, B38400},
    {57600u, B57600},     {115200u, B115200}, {230400u, B230400},
#ifdef B460800
    {460800u, B460800},
#endif
#ifdef B500000
    {500000u, B500000},
#endif
#ifdef B921600
    {921600u, B921600},
#endif
#ifdef B1000000
    {1000000u, B1000000},
#endif
#ifdef B2000000
    {2000000u, B2000000},
#endif
#ifdef B3000000
    {3000000u, B3000000},
#endif
};

#define SPEED_COUNT (sizeof speeds / sizeof speeds[0])

static transport_t tty = {-1, -1, NULL, NULL, NULL, NULL};
static struct termios settings_before;

static void close_tty(transport_t *transport) {
    (void)tcsetattr(transport->fd, TCSANOW, &settings_before);
    (void)close(transport->fd);
}

static const speed_entry_t *find_speed(uint32_t baud) {
    size_t i;

    for (i = 0; i < SPEED_COUNT; i++) {
        if (speeds[i].baud == baud) {
            return &speeds[i];
        }
    }
    fprintf(stderr, "--baud: a serial port has no speed %lu; use one of", (unsigned long)baud);
    for (i = 0; i < SPEED_COUNT; i++) {
        fprintf(stderr, " %lu", (unsigned long)speeds[i].baud);
    }
    fprintf(stderr, "\n");
    return NULL;
}

static bool set_up(int fd, speed_t speed) {
    struct termios settings;

    if (tcgetattr(fd, &settings_before) != 0) {
        return false;
    }
    settings = settings_before;
    cfmakeraw(&settings);
    settings.c_cflag |= (tcflag_t)(CLOCAL | CREAD); /* no modem lines needed */
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    return cfsetispeed(&settings, speed) == 0 && cfsetospeed(&settings, speed) == 0 &&
           tcsetattr(fd, TCSANOW, &settings) == 0 && tcflush(fd, TCIOFLUSH) == 0;
}

transport_t *transport_open_tty(const char *device, uint32_t baud) {
    const speed_entry_t *speed = find_speed(baud);

    if (speed == NULL) {
        return NULL;
    }
    /* Non-blocking at once: opening may otherwise wait for a carrier. */
    tty.fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (tty.fd < 0) {
        fprintf(stderr, "--tty: cannot open %s: %s\n", device, strerror(errno));
        return NULL;
    }
    if (!set_up(tty.fd, speed->speed)) {
        fprintf(stderr, "--tty: cannot set up %s: %s; is it a serial port?\n", device,
                strerror(errno));
        (void)close(tty.fd);
        return NULL;
    }
    tty.read = transport_fd_read;
    tty.write = transport_fd_write;
    tty.close = close_tty;
    printf("tty %s at %lu baud\n", device, (unsigned long)baud);
    (void)fflush(stdout);
    return &tty;
}
