#define _GNU_SOURCE /* cfmakeraw(), accept4() */
#include "client_port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

bool client_port_open_socket(client_port_t *port, const char *path) {
    struct sockaddr_un address;

    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address.sun_path, path, strlen(path));
    port->path = path;
    port->client = -1;
    port->terminal = -1;
    port->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)unlink(path);
    return port->listener >= 0 &&
           bind(port->listener, (const struct sockaddr *)&address, sizeof address) == 0 &&
           listen(port->listener, 1) == 0;
}

bool client_port_open_terminal(client_port_t *port, const char *path) {
    struct termios settings;
    const char *name;

    port->path = path;
    port->listener = -1;
    port->terminal = -1;
    port->client = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (port->client < 0 || grantpt(port->client) != 0 || unlockpt(port->client) != 0) {
        return false;
    }
    name = ptsname(port->client);
    if (name == NULL) {
        return false;
    }
    port->terminal = open(name, O_RDWR | O_NOCTTY);
    if (port->terminal < 0 || tcgetattr(port->terminal, &settings) != 0) {
        return false;
    }
    cfmakeraw(&settings);
    (void)unlink(path);
    return tcsetattr(port->terminal, TCSANOW, &settings) == 0 && symlink(name, path) == 0;
}

static void client_has_left(client_port_t *port) {
    if (port->listener >= 0) {
        (void)close(port->client);
        port->client = -1;
    }
}

static void admit_client(client_port_t *port) {
    if (port->client < 0) {
        port->client = accept4(port->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }
}

size_t client_port_read(client_port_t *port, uint8_t *octets, size_t size) {
    ssize_t count;

    admit_client(port);
    if (port->client < 0) {
        return 0u;
    }
    count = read(port->client, octets, size);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        client_has_left(port);
    }
    return count > 0 ? (size_t)count : 0u;
}

size_t client_port_write(client_port_t *port, const uint8_t *octets, size_t count) {
    ssize_t written;

    if (port->client < 0) {
        return count;
    }
    written = port->listener >= 0 ? send(port->client, octets, count, MSG_NOSIGNAL)
                                  : write(port->client, octets, count);
    if (written < 0 && errno != EAGAIN && errno != EINTR) {
        client_has_left(port);
        return count;
    }
    return written > 0 ? (size_t)written : 0u;
}

void client_port_close(client_port_t *port) {
    (void)unlink(port->path);
}
