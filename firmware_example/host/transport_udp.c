#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipv4_socket.h"
#include "transport.h"

/* Below what IPv4 can carry (65507), so that the largest answer goes out in two datagrams. */
#define DATAGRAM_MAX 65000u

typedef struct {
    transport_t base;
    struct sockaddr_in peer; /* who spoke last, and gets the answer */
    bool has_peer;
} udp_t;

static udp_t udp;

static long read_udp(transport_t *transport, uint8_t *data, size_t size) {
    struct sockaddr_in sender;
    socklen_t sender_size = (socklen_t)sizeof sender;
    const ssize_t count =
        recvfrom(transport->fd, data, size, 0, (struct sockaddr *)&sender, &sender_size);

    if (count < 0) {
        return 0; /* nothing there, or news about an earlier answer that nobody wanted */
    }
    udp.peer = sender;
    udp.has_peer = true;
    return (long)count;
}

static long write_udp(transport_t *transport, const uint8_t *data, size_t size) {
    ssize_t count;

    if (size > DATAGRAM_MAX) {
        size = DATAGRAM_MAX;
    }
    if (!udp.has_peer) {
        return (long)size;
    }
    count = sendto(transport->fd, data, size, 0, (const struct sockaddr *)&udp.peer,
                   (socklen_t)sizeof udp.peer);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return 0;
    }
    return (long)size; /* what cannot be sent is lost, as any datagram may be */
}

static void close_udp(transport_t *transport) {
    (void)close(transport->fd);
}

transport_t *transport_open_udp(const char *bind_address, uint16_t port) {
    udp.base.fd = ipv4_socket_bind(SOCK_DGRAM, "--udp", bind_address, port);
    if (udp.base.fd < 0) {
        return NULL;
    }
    udp.base.listen_fd = -1;
    udp.base.read = read_udp;
    udp.base.write = write_udp;
    udp.base.close = close_udp;
    ipv4_socket_announce(udp.base.fd, "udp");
    return &udp.base;
}
