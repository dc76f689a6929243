#include "transport.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

transport_t *transport_open(const options_t *options) {
    switch (options->transport) {
    case TRANSPORT_PTY:
        return transport_open_pty(options->path);
    case TRANSPORT_TTY:
        return transport_open_tty(options->path, options->baud);
    case TRANSPORT_UDP:
        return transport_open_udp(options->bind_address, options->port);
    case TRANSPORT_TCP:
        return transport_open_tcp(options->bind_address, options->port);
    case TRANSPORT_NONE:
    default:
        return NULL;
    }
}

static int would_block(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

long transport_fd_read(transport_t *transport, uint8_t *data, size_t size) {
    const ssize_t count = read(transport->fd, data, size);

    if (count > 0) {
        return (long)count;
    }
    if (count < 0 && would_block(errno)) {
        return 0;
    }
    fprintf(stderr, "the port is gone: %s\n", count == 0 ? "end of file" : strerror(errno));
    return TRANSPORT_FAILED;
}

long transport_fd_write(transport_t *transport, const uint8_t *data, size_t size) {
    const ssize_t count = write(transport->fd, data, size);

    if (count >= 0) {
        return (long)count;
    }
    if (would_block(errno)) {
        return 0;
    }
    fprintf(stderr, "the port is gone: %s\n", strerror(errno));
    return TRANSPORT_FAILED;
}

int transport_set_nonblocking(int fd) {
    const int flags = fcntl(fd, F_GETFL);

    return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}
