#include "encoder.h"

#if SCRUTINY_ENABLE_DATALOGGING

#include <string.h>

#include "chars.h"
#include "codec.h"
#include "data_types.h"
#include "published.h"

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
        return scrutiny_type_size(scrutiny->config->published_values[index].type) /
               SCRUTINY_OCTETS_PER_CHAR;
    }
#endif
    default:
        return TIME_OCTETS / SCRUTINY_OCTETS_PER_CHAR;
    }
}

void scrutiny_encoder_clear(scrutiny_encoder_t *encoder) {
    encoder->next_entry = 0;
    encoder->entries = 0;
}

/* Append a number in wire order to an entry. */
static unsigned char *append_number(unsigned char *chars, const scrutiny_octet_t *octets,
                                    size_t size) {
    size_t char_count = size / SCRUTINY_OCTETS_PER_CHAR;
    scrutiny_octets_to_chars(chars, octets, char_count);
    return chars + char_count;
}

static unsigned char *append_time(unsigned char *chars, uint32_t time_100ns) {
    scrutiny_octet_t octets[TIME_OCTETS];
    scrutiny_writer_t writer = scrutiny_writer(octets, TIME_OCTETS);
    scrutiny_put_u32(&writer, time_100ns);
    return append_number(chars, octets, TIME_OCTETS);
}

#if SCRUTINY_ENABLE_PUBLISHED_VALUES
static unsigned char *append_published(const scrutiny_t *scrutiny, unsigned char *chars,
                                       size_t value_index) {
    const scrutiny_published_value_t *definition = &scrutiny->config->published_values[value_index];
    scrutiny_octet_t octets[NUMBER_OCTETS_MAX];
    scrutiny_writer_t writer = scrutiny_writer(octets, NUMBER_OCTETS_MAX);
    scrutiny_value_t value;
    if (!scrutiny_published_read(scrutiny, definition, &value)) {
        memset(&value, 0, sizeof(value));
    }
    scrutiny_put_value(&writer, definition->type, &value);
    return append_number(chars, octets, writer.size);
}
#endif

static unsigned char *append_memory(unsigned char *chars, const scrutiny_signal_t *signal) {
    memcpy(chars, SCRUTINY_ADDRESS_TO_POINTER(signal->source.address), signal->size);
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
        return append_time(chars, scrutiny->datalogger.time_100ns);
    }
}

void scrutiny_encoder_append(scrutiny_t *scrutiny) {
    const scrutiny_datalog_setup_t *setup = &scrutiny->datalogger.setup;
    scrutiny_encoder_t *encoder = &scrutiny->datalogger.encoder;
    unsigned char *chars = encoder->chars + encoder->next_entry * setup->entry_size;
    for (size_t i = 0; i < setup->signal_count; i++) {
        chars = append_signal(scrutiny, chars, &setup->signals[i]);
    }
    encoder->next_entry++;
    if (encoder->next_entry == setup->max_entries) {
        encoder->next_entry = 0;
    }
    if (encoder->entries < setup->max_entries) {
        encoder->entries++;
    }
}

size_t scrutiny_encoder_octets(const scrutiny_datalogger_t *datalogger) {
    return datalogger->encoder.entries * datalogger->setup.entry_size * SCRUTINY_OCTETS_PER_CHAR;
}

void scrutiny_encoder_read(const scrutiny_datalogger_t *datalogger, size_t offset,
                           scrutiny_octet_t *octets, size_t size) {
    const scrutiny_encoder_t *encoder = &datalogger->encoder;
    const scrutiny_datalog_setup_t *setup = &datalogger->setup;
    size_t end = setup->max_entries * setup->entry_size;
    bool full = encoder->entries == setup->max_entries;
    size_t oldest = full ? encoder->next_entry * setup->entry_size : 0;
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
