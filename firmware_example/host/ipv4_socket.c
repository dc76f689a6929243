#include "ipv4_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport.h"

int ipv4_socket_bind(int type, const char *option, const char *bind_address, uint16_t port) {
    const int on = 1;
    struct sockaddr_in address;
    int fd;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (inet_pton(AF_INET, bind_address, &address.sin_addr) != 1) {
        fprintf(stderr, "--bind: '%s' is no IPv4 address; use 127.0.0.1 or 0.0.0.0\n",
                bind_address);
        return -1;
    }
    fd = socket(AF_INET, type, 0);
    if (fd < 0) {
        fprintf(stderr, "%s: cannot create a socket: %s\n", option, strerror(errno));
        return -1;
    }
    /* TCP only: a connection that just ended does not block the port. For UDP it would let two
     * processes share one. */
    if (type == SOCK_STREAM) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, (socklen_t)sizeof on);
    }
    if (bind(fd, (const struct sockaddr *)&address, (socklen_t)sizeof address) != 0) {
        fprintf(stderr, "%s: cannot listen on %s:%u: %s; 0 takes a free port\n", option,
                bind_address, (unsigned int)port, strerror(errno));
        (void)close(fd);
        return -1;
    }
    if (transport_set_nonblocking(fd) != 0) {
        fprintf(stderr, "%s: cannot set the socket up: %s\n", option, strerror(errno));
        (void)close(fd);
        return -1;
    }
    return fd;
}

void ipv4_socket_announce(int fd, const char *word) {
    struct sockaddr_in address;
    socklen_t size = (socklen_t)sizeof address;
    char text[INET_ADDRSTRLEN] = "?";

    memset(&address, 0, sizeof address);
    (void)getsockname(fd, (struct sockaddr *)&address, &size);
    (void)inet_ntop(AF_INET, &address.sin_addr, text, (socklen_t)sizeof text);
    printf("%s %s:%u\n", word, text, (unsigned int)ntohs(address.sin_port));
    (void)fflush(stdout);
}
