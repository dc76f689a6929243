/* What the library needs from the board. Porting is filling in this struct; port/template/ holds
 * a file to start from.
 */
#ifndef SCRUTINY_PORT_H
#define SCRUTINY_PORT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One octet of the wire, 0 to 255. It is uint8_t wherever that exists; on a target with 16-bit
 * chars each array element still holds one octet, in its low 8 bits. */
typedef uint_least8_t scrutiny_octet_t;

/** Functions of the board. scrutiny_init() copies the struct; `context` must outlive the library's
 * context. */
typedef struct {
    /** Queue octets for transmission, without blocking. Called from scrutiny_poll().
     * Returns how many were taken, 0 to `size`; the others are offered again at a later poll. */
    size_t (*write)(void *context, const scrutiny_octet_t *data, size_t size);
    /** Free-running time in microseconds, wrapping from 2^32 - 1 to 0. Called from scrutiny_poll()
     * and, once per call, from scrutiny_receive() and from scrutiny_loop_run() of a variable loop:
     * where one of these runs in an interrupt, this function must be safe and short there. */
    uint32_t (*now_us)(void *context);
    /** Handed to both functions. */
    void *context;
} scrutiny_port_t;

#ifdef __cplusplus
}
#endif

#endif
