#include "memory.h"

#include "chars.h"
#include "published.h"

#define BLOCK_HEADER (SCRUTINY_ADDRESS_SIZE + 2u)

/* The largest address that fits SCRUTINY_ADDRESS_SIZE octets and a pointer. */
#define LAST_ADDRESS                                                                               \
    (SCRUTINY_ADDRESS_SIZE < sizeof(uintptr_t) * CHAR_BIT / 8u                                     \
         ? ((uintptr_t)1 << (SCRUTINY_ADDRESS_SIZE * 8u % (sizeof(uintptr_t) * CHAR_BIT))) - 1u    \
         : UINTPTR_MAX)

#if SCRUTINY_ENABLE_SPECIAL_REGIONS
static SCRUTINY_OUT_OF_LINE bool touches(const scrutiny_region_t *region, size_t region_count,
                                         uintptr_t first, uintptr_t last) {
    for (; region_count > 0; region_count--) {
        if (first <= region->end && last >= region->start) {
            return true;
        }
        region++;
    }
    return false;
}
#endif

scrutiny_code_t scrutiny_memory_check(const scrutiny_config_t *config, uintptr_t address,
                                      size_t char_count, bool write) {
    size_t span = char_count > 0 ? char_count - 1u : 0;
    if (address > LAST_ADDRESS || span > LAST_ADDRESS - address) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
#if SCRUTINY_ENABLE_SPECIAL_REGIONS
    uintptr_t last = (uintptr_t)(address + span);
    if (touches(config->forbidden_regions, config->forbidden_region_count, address, last) ||
        (write &&
         touches(config->readonly_regions, config->readonly_region_count, address, last))) {
        return SCRUTINY_CODE_FORBIDDEN;
    }
#else
    (void)config;
    (void)write;
#endif
    return SCRUTINY_CODE_OK;
}

bool scrutiny_memory_is_writable(const scrutiny_t *scrutiny) {
#if SCRUTINY_ENABLE_MEMORY_WRITE
    return scrutiny->memory_write_enabled;
#else
    (void)scrutiny;
    return false;
#endif
}

#if SCRUTINY_ENABLE_MEMORY_WRITE
static void write_chars(volatile unsigned char *chars, const scrutiny_octet_t *data,
                        const scrutiny_octet_t *mask, size_t char_count) {
    for (size_t i = 0; i < char_count; i++) {
        unsigned char value = scrutiny_char_at(data, i);
        if (mask != NULL) {
            unsigned char changed = scrutiny_char_at(mask, i);
            value = (unsigned char)((value & changed) | (chars[i] & (unsigned char)~changed));
        }
        chars[i] = value;
    }
}
#endif

/* Go through all blocks and put what tells of each. First only look whether all of them can be
 * read or written, and whether all of that fits; then do it. */
static SCRUTINY_OUT_OF_LINE scrutiny_code_t walk_blocks(scrutiny_exchange_t *exchange) {
    bool write = exchange->subfunction != SCRUTINY_MEMORY_READ;
    scrutiny_code_t result = SCRUTINY_CODE_OK;
    uint32_t total = 0;
    do {
        uintptr_t address = scrutiny_take_address(exchange);
        uint_least16_t size = scrutiny_take_u16(exchange);
        const scrutiny_octet_t *data = write ? scrutiny_take(exchange, size) : NULL;
        const scrutiny_octet_t *mask = NULL;
        scrutiny_octet_t *room = NULL;
        size_t char_count = size / SCRUTINY_OCTETS_PER_CHAR;
        if (exchange->subfunction == SCRUTINY_MEMORY_WRITE_MASKED) {
            mask = scrutiny_take(exchange, size);
        }
        scrutiny_put_address(exchange, address);
        scrutiny_put_u16(exchange, size);
        if (!write) {
            room = scrutiny_put(exchange, size);
            total += (uint32_t)BLOCK_HEADER + size;
        }
        if (!exchange->execute) {
            scrutiny_code_t code =
                scrutiny_memory_check(exchange->config, address, char_count, write);
            if (code == SCRUTINY_CODE_INVALID_REQUEST || exchange->truncated ||
                size % SCRUTINY_OCTETS_PER_CHAR != 0 || total > SCRUTINY_PAYLOAD_MAX) {
                return SCRUTINY_CODE_INVALID_REQUEST;
            }
            result = code != SCRUTINY_CODE_OK ? code : result;
        } else if (room != NULL) {
            scrutiny_chars_to_octets(room, SCRUTINY_ADDRESS_TO_POINTER(address), char_count);
        } else {
#if SCRUTINY_ENABLE_MEMORY_WRITE
            write_chars(SCRUTINY_ADDRESS_TO_POINTER(address), data, mask, char_count);
#else
            (void)data;
            (void)mask;
#endif
        }
    } while (exchange->left > 0);
    if (exchange->overflow) {
        return SCRUTINY_CODE_OVERFLOW;
    }
    return result;
}

static scrutiny_code_t handle_blocks(scrutiny_exchange_t *exchange) {
    if (exchange->subfunction != SCRUTINY_MEMORY_READ &&
        !scrutiny_memory_is_writable(exchange->scrutiny)) {
        return SCRUTINY_CODE_FORBIDDEN;
    }
    scrutiny_code_t code = walk_blocks(exchange);
    if (code == SCRUTINY_CODE_OK) {
        exchange->execute = true;
        scrutiny_rx_rewind(exchange);
        code = walk_blocks(exchange);
    }
    return code;
}

scrutiny_code_t scrutiny_memory_handle(scrutiny_exchange_t *exchange) {
    switch (exchange->subfunction) {
    case SCRUTINY_MEMORY_READ:
    case SCRUTINY_MEMORY_WRITE:
    case SCRUTINY_MEMORY_WRITE_MASKED:
        return handle_blocks(exchange);
    case SCRUTINY_MEMORY_READ_RPV:
    case SCRUTINY_MEMORY_WRITE_RPV:
        return scrutiny_published_handle(exchange);
    default:
        return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
    }
}
