/** @file
 * Open a bound IPv4 socket, and its address as text: shared by UDP and TCP.
 */
#ifndef HOST_IPV4_SOCKET_H
#define HOST_IPV4_SOCKET_H

#include <stdint.h>

/** Bind a non-blocking socket of `type` (SOCK_DGRAM, SOCK_STREAM).
 *
 * Returns it, or -1 after saying on standard error what is wrong. */
int ipv4_socket_bind(int type, const char *option, const char *bind_address, uint16_t port);

/** Say on standard output where the socket can be reached: "`word` address:port". */
void ipv4_socket_announce(int fd, const char *word);

#endif
