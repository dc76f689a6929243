/* Where one client at a time connects: a unix socket, or a pseudo terminal with a lasting name.
 *
 * As with the serial ports of other emulators, a client may come, leave and come back at any time;
 * one more waits until the first has left. Nothing here blocks.
 */
#ifndef CLIENT_PORT_H
#define CLIENT_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *path; /* of the socket, or of the link to the terminal */
    int listener;     /* -1: a pseudo terminal */
    int client;       /* -1: there is none */
    int terminal;     /* held open, so that a client that closes it is no end; -1: a socket */
} client_port_t;

/* Open a port; what was at `path` is replaced. Returns false with `errno` set. */
bool client_port_open_socket(client_port_t *port, const char *path);
bool client_port_open_terminal(client_port_t *port, const char *path);

/* Read up to `size` octets. Returns 0 if there are none, or no client. */
size_t client_port_read(client_port_t *port, uint8_t *octets, size_t size);

/* Write some of the octets. Returns how many are done with: all, if there is no client. */
size_t client_port_write(client_port_t *port, const uint8_t *octets, size_t count);

/* Remove the name. */
void client_port_close(client_port_t *port);

#endif
