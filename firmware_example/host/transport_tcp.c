#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipv4_socket.h"
#include "transport.h"

#define BACKLOG 4

static transport_t tcp = {-1, -1, NULL, NULL, NULL, NULL};

static long drop_client(transport_t *transport) {
    (void)close(transport->fd);
    transport->fd = -1;
    return TRANSPORT_CLIENT_LEFT;
}

static long read_tcp(transport_t *transport, uint8_t *data, size_t size) {
    const ssize_t count = recv(transport->fd, data, size, 0);

    if (count > 0) {
        return (long)count;
    }
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return 0;
    }
    return drop_client(transport);
}

static long write_tcp(transport_t *transport, const uint8_t *data, size_t size) {
    const ssize_t count = send(transport->fd, data, size, 0);

    if (count >= 0) {
        return (long)count;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
        return 0;
    }
    return drop_client(transport);
}

/* A second client is let in and shown out: it sees the end at once instead of waiting in vain. */
static void accept_tcp(transport_t *transport) {
    const int on = 1;
    const int fd = accept(transport->listen_fd, NULL, NULL);

    if (fd < 0) {
        return; /* it has gone again */
    }
    if (transport->fd >= 0) {
        fprintf(stderr, "--tcp: refused a second client\n");
        (void)close(fd);
        return;
    }
    /* pselect() cannot watch a higher descriptor; TCP_NODELAY, as an answer is one segment. */
    if (fd >= FD_SETSIZE || transport_set_nonblocking(fd) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, (socklen_t)sizeof on) != 0) {
        (void)close(fd);
        return;
    }
    transport->fd = fd;
}

static void close_tcp(transport_t *transport) {
    if (transport->fd >= 0) {
        (void)close(transport->fd);
    }
    (void)close(transport->listen_fd);
}

transport_t *transport_open_tcp(const char *bind_address, uint16_t port) {
    tcp.listen_fd = ipv4_socket_bind(SOCK_STREAM, "--tcp", bind_address, port);
    if (tcp.listen_fd < 0) {
        return NULL;
    }
    if (listen(tcp.listen_fd, BACKLOG) != 0) {
        fprintf(stderr, "--tcp: cannot listen: %s\n", strerror(errno));
        (void)close(tcp.listen_fd);
        return NULL;
    }
    tcp.read = read_tcp;
    tcp.write = write_tcp;
    tcp.accept = accept_tcp;
    tcp.close = close_tcp;
    ipv4_socket_announce(tcp.listen_fd, "tcp");
    return &tcp;
}
