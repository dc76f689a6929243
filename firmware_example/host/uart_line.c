#include "uart_line.h"

#include <string.h>

#include "clock.h"

#define BITS_PER_OCTET 10u

/* A wake-up per octet would cost 11,520 of them per second at 115,200 baud. In lumps of 2 ms, a
 * frame still ends on time, and the gaps stay far below the 50 ms at which a receiver starts
 * anew. No lump is larger than those in which USB brings what an adapter receives. */
#define LUMP_NS (2u * CLOCK_NS_PER_MS)
#define LUMP_OCTETS 64u

void uart_line_init(uart_line_t *line, uint32_t baud) {
    line->octet_ns = baud == 0u ? 0u : (uint64_t)BITS_PER_OCTET * CLOCK_NS_PER_S / baud;
    line->first_done_ns = 0u;
    line->free_at_ns = 0u;
    uart_line_clear(line);
}

void uart_line_clear(uart_line_t *line) {
    line->start = 0u;
    line->count = 0u;
}

size_t uart_line_space(const uart_line_t *line) {
    return UART_LINE_CAPACITY - line->count;
}

size_t uart_line_push(uart_line_t *line, const uint8_t *data, size_t size, uint64_t now_ns) {
    if (size > uart_line_space(line)) {
        size = uart_line_space(line);
    }
    if (line->count == 0u) {
        const uint64_t begin_ns = now_ns > line->free_at_ns ? now_ns : line->free_at_ns;

        line->start = 0u;
        line->first_done_ns = begin_ns + line->octet_ns;
    } else if (line->start + line->count + size > UART_LINE_CAPACITY) {
        memmove(line->data, line->data + line->start, line->count);
        line->start = 0u;
    }
    memcpy(line->data + line->start + line->count, data, size);
    line->count += size;
    return size;
}

size_t uart_line_due(const uart_line_t *line, uint64_t now_ns) {
    uint64_t through;

    if (line->octet_ns == 0u || line->count == 0u) {
        return line->count;
    }
    if (now_ns < line->first_done_ns) {
        return 0u;
    }
    through = 1u + (now_ns - line->first_done_ns) / line->octet_ns;
    return through < line->count ? (size_t)through : line->count;
}

const uint8_t *uart_line_data(const uart_line_t *line) {
    return line->data + line->start;
}

void uart_line_take(uart_line_t *line, size_t count) {
    if (count == 0u) {
        return;
    }
    line->start += count;
    line->count -= count;
    line->first_done_ns += count * line->octet_ns;
    line->free_at_ns = line->first_done_ns - line->octet_ns;
}

uint64_t uart_line_wake_ns(const uart_line_t *line) {
    uint64_t lump = line->count;

    if (line->count == 0u) {
        return CLOCK_NEVER;
    }
    if (line->octet_ns == 0u) {
        return line->first_done_ns;
    }
    if (lump > LUMP_NS / line->octet_ns) {
        lump = LUMP_NS / line->octet_ns;
    }
    if (lump > LUMP_OCTETS) {
        lump = LUMP_OCTETS;
    }
    if (lump == 0u) {
        lump = 1u;
    }
    return line->first_done_ns + (lump - 1u) * line->octet_ns;
}
