#include "memory.h"

#include "chars.h"
#include "published.h"

/* A block of a request, with its data and mask where the subfunction has them. */
typedef struct {
    uintptr_t address;
    uint_least16_t size; /* in octets */
    const scrutiny_octet_t *data;
    const scrutiny_octet_t *mask;
} block_t;

#define BLOCK_HEADER (SCRUTINY_ADDRESS_SIZE + 2u)

/* The largest address that fits SCRUTINY_ADDRESS_SIZE octets and a pointer. */
static uintptr_t last_address(void) {
    uintptr_t last = 0;
    for (size_t i = 0; i < SCRUTINY_ADDRESS_SIZE && last <= UINTPTR_MAX >> 8; i++) {
        last = (uintptr_t)(last << 8) | 0xFFu;
    }
    return last;
}

bool scrutiny_memory_exists(uintptr_t address, size_t char_count) {
    uintptr_t last = last_address();
    return address <= last && (char_count == 0 || char_count - 1 <= last - address);
}

#if SCRUTINY_ENABLE_SPECIAL_REGIONS
static bool touches(const scrutiny_region_t *regions, size_t region_count, uintptr_t address,
                    size_t char_count) {
    uintptr_t last = (uintptr_t)(address + (char_count == 0 ? 0 : char_count - 1));
    for (size_t i = 0; i < region_count; i++) {
        if (address <= regions[i].end && last >= regions[i].start) {
            return true;
        }
    }
    return false;
}
#endif

bool scrutiny_memory_is_forbidden(const scrutiny_t *scrutiny, uintptr_t address,
                                  size_t char_count) {
#if SCRUTINY_ENABLE_SPECIAL_REGIONS
    return touches(scrutiny->config->forbidden_regions, scrutiny->config->forbidden_region_count,
                   address, char_count);
#else
    (void)scrutiny;
    (void)address;
    (void)char_count;
    return false;
#endif
}

bool scrutiny_memory_is_readonly(const scrutiny_t *scrutiny, uintptr_t address, size_t char_count) {
#if SCRUTINY_ENABLE_SPECIAL_REGIONS
    return touches(scrutiny->config->readonly_regions, scrutiny->config->readonly_region_count,
                   address, char_count);
#else
    (void)scrutiny;
    (void)address;
    (void)char_count;
    return false;
#endif
}

bool scrutiny_memory_is_writable(const scrutiny_t *scrutiny) {
#if SCRUTINY_ENABLE_MEMORY_WRITE
    return scrutiny->memory_write_enabled;
#else
    (void)scrutiny;
    return false;
#endif
}

static block_t take_block_header(scrutiny_reader_t *reader) {
    block_t block;
    block.address = scrutiny_take_address(reader);
    block.size = scrutiny_take_u16(reader);
    block.data = NULL;
    block.mask = NULL;
    return block;
}

static size_t char_count(const block_t *block) {
    return block->size / SCRUTINY_OCTETS_PER_CHAR;
}

static bool block_exists(const block_t *block) {
    return block->size % SCRUTINY_OCTETS_PER_CHAR == 0 &&
           scrutiny_memory_exists(block->address, char_count(block));
}

static void put_block_header(scrutiny_writer_t *response, const block_t *block) {
    scrutiny_put_address(response, block->address);
    scrutiny_put_u16(response, block->size);
}

static scrutiny_code_t check_read(const scrutiny_t *scrutiny, scrutiny_reader_t reader,
                                  size_t room) {
    uint32_t total = 0;
    bool forbidden = false;
    if (reader.left == 0) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    while (reader.left > 0) {
        block_t block = take_block_header(&reader);
        if (reader.failed || !block_exists(&block)) {
            return SCRUTINY_CODE_INVALID_REQUEST;
        }
        total += (uint32_t)BLOCK_HEADER + block.size;
        if (total > SCRUTINY_PAYLOAD_MAX) {
            return SCRUTINY_CODE_INVALID_REQUEST;
        }
        forbidden =
            forbidden || scrutiny_memory_is_forbidden(scrutiny, block.address, char_count(&block));
    }
    if (total > room) {
        return SCRUTINY_CODE_OVERFLOW;
    }
    return forbidden ? SCRUTINY_CODE_FORBIDDEN : SCRUTINY_CODE_OK;
}

static scrutiny_code_t read_blocks(const scrutiny_t *scrutiny, const scrutiny_request_t *request,
                                   scrutiny_writer_t *response) {
    scrutiny_reader_t reader = scrutiny_reader(request->payload, request->size);
    scrutiny_code_t code = check_read(scrutiny, reader, response->left);
    while (code == SCRUTINY_CODE_OK && reader.left > 0) {
        block_t block = take_block_header(&reader);
        put_block_header(response, &block);
        scrutiny_octet_t *room = scrutiny_put(response, block.size);
        if (room != NULL && block.size > 0) {
            scrutiny_chars_to_octets(room, SCRUTINY_ADDRESS_TO_POINTER(block.address),
                                     char_count(&block));
        }
    }
    return code;
}

#if SCRUTINY_ENABLE_MEMORY_WRITE
static block_t take_write_block(scrutiny_reader_t *reader, bool masked) {
    block_t block = take_block_header(reader);
    block.data = scrutiny_take(reader, block.size);
    if (masked) {
        block.mask = scrutiny_take(reader, block.size);
    }
    return block;
}

/* Check all blocks before the first is written, and acknowledge them in `response`. */
static scrutiny_code_t check_write(const scrutiny_t *scrutiny, scrutiny_reader_t reader,
                                   bool masked, scrutiny_writer_t *response) {
    bool refused = false;
    if (reader.left == 0) {
        return SCRUTINY_CODE_INVALID_REQUEST;
    }
    while (reader.left > 0) {
        block_t block = take_write_block(&reader, masked);
        if (reader.failed || !block_exists(&block)) {
            return SCRUTINY_CODE_INVALID_REQUEST;
        }
        refused = refused ||
                  scrutiny_memory_is_forbidden(scrutiny, block.address, char_count(&block)) ||
                  scrutiny_memory_is_readonly(scrutiny, block.address, char_count(&block));
        put_block_header(response, &block);
    }
    if (response->failed) {
        return SCRUTINY_CODE_OVERFLOW;
    }
    return refused ? SCRUTINY_CODE_FORBIDDEN : SCRUTINY_CODE_OK;
}

static void write_masked(unsigned char *chars, const block_t *block) {
    for (size_t i = 0; i < char_count(block); i++) {
        unsigned char data = 0;
        unsigned char mask = 0;
        scrutiny_octets_to_chars(&data, block->data + i * SCRUTINY_OCTETS_PER_CHAR, 1);
        scrutiny_octets_to_chars(&mask, block->mask + i * SCRUTINY_OCTETS_PER_CHAR, 1);
        chars[i] = (unsigned char)((chars[i] & (unsigned char)~mask) | (data & mask));
    }
}

static void write_block(const block_t *block) {
    if (block->size == 0) {
        return;
    }
    unsigned char *chars = SCRUTINY_ADDRESS_TO_POINTER(block->address);
    if (block->mask != NULL) {
        write_masked(chars, block);
    } else {
        scrutiny_octets_to_chars(chars, block->data, char_count(block));
    }
}

static scrutiny_code_t write_blocks(const scrutiny_t *scrutiny, const scrutiny_request_t *request,
                                    bool masked, scrutiny_writer_t *response) {
    scrutiny_reader_t reader = scrutiny_reader(request->payload, request->size);
    if (!scrutiny_memory_is_writable(scrutiny)) {
        return SCRUTINY_CODE_FORBIDDEN;
    }
    scrutiny_code_t code = check_write(scrutiny, reader, masked, response);
    while (code == SCRUTINY_CODE_OK && reader.left > 0) {
        block_t block = take_write_block(&reader, masked);
        write_block(&block);
    }
    return code;
}
#else
static scrutiny_code_t write_blocks(const scrutiny_t *scrutiny, const scrutiny_request_t *request,
                                    bool masked, scrutiny_writer_t *response) {
    (void)scrutiny;
    (void)request;
    (void)masked;
    (void)response;
    return SCRUTINY_CODE_FORBIDDEN;
}
#endif

scrutiny_code_t scrutiny_memory_handle(scrutiny_t *scrutiny, const scrutiny_request_t *request,
                                       scrutiny_writer_t *response) {
    switch (request->subfunction) {
    case SCRUTINY_MEMORY_READ:
        return read_blocks(scrutiny, request, response);
    case SCRUTINY_MEMORY_WRITE:
        return write_blocks(scrutiny, request, false, response);
    case SCRUTINY_MEMORY_WRITE_MASKED:
        return write_blocks(scrutiny, request, true, response);
    case SCRUTINY_MEMORY_READ_RPV:
        return scrutiny_published_read_request(scrutiny, request, response);
    case SCRUTINY_MEMORY_WRITE_RPV:
        return scrutiny_published_write_request(scrutiny, request, response);
    default:
        return SCRUTINY_CODE_UNSUPPORTED_FEATURE;
    }
}
