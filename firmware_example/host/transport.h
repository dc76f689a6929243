/** @file
 * How octets get in and out of the process. One of these exists per run; nothing here blocks.
 */
#ifndef HOST_TRANSPORT_H
#define HOST_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include "options.h"

/** The client went away; there may be another one later. */
#define TRANSPORT_CLIENT_LEFT (-1L)
/** This transport will not work again; what happened has been said on standard error. */
#define TRANSPORT_FAILED (-2L)

typedef struct transport transport_t;
struct transport {
    /** Readable when octets came; -1 while nobody is connected. */
    int fd;
    /** Readable when a client wants in; -1 for what has no such thing. */
    int listen_fd;
    /** Octets read or written, 0 if it would block, or one of the codes above. */
    long (*read)(transport_t *transport, uint8_t *data, size_t size);
    long (*write)(transport_t *transport, const uint8_t *data, size_t size);
    /** Let the waiting client in; NULL without listen_fd. */
    void (*accept)(transport_t *transport);
    void (*close)(transport_t *transport);
};

/** Open what the options ask for and say so in one line on standard output.
 *
 * Returns NULL after saying on standard error what is wrong. */
transport_t *transport_open(const options_t *options);

transport_t *transport_open_pty(const char *link_path);
transport_t *transport_open_tty(const char *device, uint32_t baud);
transport_t *transport_open_udp(const char *bind_address, uint16_t port);
transport_t *transport_open_tcp(const char *bind_address, uint16_t port);

/** Shared by the transports: they return what transport_t's read and write do. */
long transport_fd_read(transport_t *transport, uint8_t *data, size_t size);
long transport_fd_write(transport_t *transport, const uint8_t *data, size_t size);
int transport_set_nonblocking(int fd);

#endif
