#include "encoder.h"

#if SCRUTINY_ENABLE_DATALOGGING

#include <string.h>

#include "chars.h"
#include "codec.h"
#include "data_types.h"
#include "published.h"
#include "words.h"

#define NUMBER_OCTETS_MAX 8u
#define TIME_OCTETS 4u

size_t scrutiny_signal_size(const scrutiny_t *scrutiny, const scrutiny_signal_t *signal) {
    (void)scrutiny;
    switch (signal->kind) {
    case SCRUTINY_SIGNAL_MEMORY:
        return signal->size;
#if SCRUTINY_ENABLE_PUBLISHED_VALUES
    case SCRUTINY_SIGNAL_RPV: {
        size_t index = signal->source.value_index;
        return SCRUTINY_TYPE_SIZE(scrutiny->config->published_values[index].type) /
               SCRUTINY_OCTETS_PER_CHAR;
    }
#endif
    default:
        return TIME_OCTETS / SCRUTINY_OCTETS_PER_CHAR;
    }
}

void scrutiny_encoder_clear(scrutiny_encoder_t *encoder) {
    encoder->next = 0;
    encoder->held = 0;
}

/* Append a number of 1, 2, 4 or 8 octets in the order of the wire. */
static unsigned char *append_number(unsigned char *chars, scrutiny_wide_uint_t bits, size_t size) {
#if CHAR_BIT == 8
    scrutiny_store_number(chars, bits, size);
#else
    scrutiny_octet_t octets[NUMBER_OCTETS_MAX];
    scrutiny_store_number(octets, bits, size);
    scrutiny_octets_to_chars(chars, octets, size / SCRUTINY_OCTETS_PER_CHAR);
#endif
    return chars + size / SCRUTINY_OCTETS_PER_CHAR;
}

#if SCRUTINY_ENABLE_PUBLISHED_VALUES
static unsigned char *append_published(const scrutiny_t *scrutiny, unsigned char *chars,
                                       size_t value_index) {
    const scrutiny_published_value_t *definition = &scrutiny->config->published_values[value_index];
    scrutiny_value_t value;
    scrutiny_wide_uint_t bits = 0;
    if (scrutiny_published_read(scrutiny, definition, &value)) {
        bits = scrutiny_value_to_bits(definition->type, &value);
    }
    return append_number(chars, bits, SCRUTINY_TYPE_SIZE(definition->type));
}
#endif

static void copy_block(unsigned char *chars, const unsigned char *source, size_t size) {
    uintptr_t up = (uintptr_t)source - (uintptr_t)chars;
    uintptr_t down = (uintptr_t)chars - (uintptr_t)source;
    if (up >= size && down >= size) {
        memcpy(chars, source, size); /* often several times as fast as the other */
    } else {
        memmove(chars, source, size); /* somebody records the recording itself */
    }
}

static unsigned char *append_memory(unsigned char *chars, const scrutiny_signal_t *signal) {
    const unsigned char *source = SCRUTINY_ADDRESS_TO_POINTER(signal->source.address);
    if (signal->size == sizeof(uint32_t)) { /* what most are: 60 instructions less for 16 of them */
        scrutiny_save_u32(chars, scrutiny_load_u32(source));
        return chars + sizeof(uint32_t);
    }
    switch (signal->size) {
    case 2 * sizeof(uint32_t): {
        uint32_t second = scrutiny_load_u32(source + sizeof(uint32_t));
        scrutiny_save_u32(chars, scrutiny_load_u32(source));
        scrutiny_save_u32(chars + sizeof(uint32_t), second);
        break;
    }
    case sizeof(uint16_t):
        scrutiny_save_u16(chars, scrutiny_load_u16(source));
        break;
#if CHAR_BIT == 8
    case 1:
        *chars = *source;
        break;
#endif
    default:
        copy_block(chars, source, signal->size);
        break;
    }
    return chars + signal->size;
}

static unsigned char *append_signal(const scrutiny_t *scrutiny, unsigned char *chars,
                                    const scrutiny_signal_t *signal) {
    switch (signal->kind) {
    case SCRUTINY_SIGNAL_MEMORY:
        return append_memory(chars, signal);
#if SCRUTINY_ENABLE_PUBLISHED_VALUES
    case SCRUTINY_SIGNAL_RPV:
        return append_published(scrutiny, chars, signal->source.value_index);
#endif
    default:
        return append_number(chars, scrutiny->datalogger.time_100ns, TIME_OCTETS);
    }
}

void scrutiny_encoder_append(scrutiny_t *scrutiny) {
    const scrutiny_datalog_setup_t *setup = &scrutiny->datalogger.setup;
    scrutiny_encoder_t *encoder = &scrutiny->datalogger.encoder;
    const scrutiny_signal_t *end = setup->signals + setup->signal_count;
    unsigned char *chars = encoder->chars + encoder->next;
    for (const scrutiny_signal_t *signal = setup->signals; signal != end; signal++) {
        chars = append_signal(scrutiny, chars, signal);
    }
    encoder->next += setup->entry_size;
    if (encoder->next == setup->ring_size) {
        encoder->next = 0;
    }
    if (encoder->held < setup->ring_size) {
        encoder->held += setup->entry_size;
    }
}

size_t scrutiny_encoder_octets(const scrutiny_datalogger_t *datalogger) {
    return datalogger->encoder.held * SCRUTINY_OCTETS_PER_CHAR;
}

void scrutiny_encoder_read(const scrutiny_datalogger_t *datalogger, size_t offset,
                           scrutiny_octet_t *octets, size_t size) {
    const scrutiny_encoder_t *encoder = &datalogger->encoder;
    size_t end = datalogger->setup.ring_size;
    size_t oldest = encoder->held == end ? encoder->next : 0;
    size_t char_offset = offset / SCRUTINY_OCTETS_PER_CHAR;
    size_t char_count = size / SCRUTINY_OCTETS_PER_CHAR;
    /* oldest + char_offset could pass the largest size_t on a 16-bit target. */
    size_t first = char_offset < end - oldest ? oldest + char_offset : char_offset - (end - oldest);
    size_t straight = end - first < char_count ? end - first : char_count;
    scrutiny_chars_to_octets(octets, encoder->chars + first, straight);
    scrutiny_chars_to_octets(octets + straight * SCRUTINY_OCTETS_PER_CHAR, encoder->chars,
                             char_count - straight);
}

#endif
