#include "encoder.h"

#if SCRUTINY_ENABLE_DATALOGGING

#include "chars.h"
#include "codec.h"
#include "data_types.h"
#include "published.h"
#include "words.h"

#define NUMBER_OCTETS_MAX 8u
#define TIME_OCTETS 4u

/* A number in the order of the wire, which is not that of the memory. */
static void append_number(const scrutiny_t *scrutiny, unsigned char *chars,
                          const scrutiny_signal_t *signal) {
#if CHAR_BIT == 8
    scrutiny_octet_t *octets = chars;
#else
    scrutiny_octet_t octets[NUMBER_OCTETS_MAX];
#endif
#if SCRUTINY_ENABLE_PUBLISHED_VALUES
    if (signal->kind == SCRUTINY_SIGNAL_RPV) {
        scrutiny_value_t value;
        if (!scrutiny_published_read(scrutiny->config, signal->source.published, &value)) {
            scrutiny_clear_value(&value);
        }
        scrutiny_value_to_wire(octets, &value, signal->source.published->type);
    } else
#endif
    {
        (void)signal;
        scrutiny_store(octets, scrutiny->datalogger.time_100ns, TIME_OCTETS);
    }
#if CHAR_BIT != 8
    for (size_t i = 0; i < signal->size; i++) {
        chars[i] = scrutiny_char_at(octets, i);
    }
#endif
}

void scrutiny_encoder_append(scrutiny_t *scrutiny) {
    const scrutiny_datalog_setup_t *setup = &scrutiny->datalogger.setup;
    scrutiny_encoder_t *encoder = &scrutiny->datalogger.encoder;
    const scrutiny_signal_t *end = setup->signals + setup->signal_count;
    unsigned char *chars = scrutiny->config->datalog_buffer + encoder->next;
    for (const scrutiny_signal_t *signal = setup->signals; signal != end; signal++) {
        const unsigned char *source = SCRUTINY_ADDRESS_TO_POINTER(signal->source.address);
        if (signal->kind != SCRUTINY_SIGNAL_MEMORY) {
            append_number(scrutiny, chars, signal);
#if SCRUTINY_WORDS_ANYWHERE
        } else if (signal->size == sizeof(uint32_t)) { /* what most are: 20 instructions less */
            scrutiny_save_u32(chars, scrutiny_load_u32(source));
#endif
        } else {
            scrutiny_copy_words(chars, source, signal->size);
        }
        chars += signal->size;
    }
    encoder->next += setup->entry_size;
    if (encoder->held < encoder->next) {
        encoder->held = encoder->next;
    }
    if (encoder->next == setup->ring_size) {
        encoder->next = 0;
    }
}

size_t scrutiny_encoder_octets(const scrutiny_t *scrutiny) {
    return scrutiny->datalogger.encoder.held * SCRUTINY_OCTETS_PER_CHAR;
}

void scrutiny_encoder_read(const scrutiny_t *scrutiny, size_t offset, scrutiny_octet_t *octets,
                           size_t size) {
    const scrutiny_encoder_t *encoder = &scrutiny->datalogger.encoder;
    size_t end = scrutiny->datalogger.setup.ring_size;
    size_t place = encoder->held == end ? encoder->next : 0; /* of the oldest */
    offset /= SCRUTINY_OCTETS_PER_CHAR;
    size /= SCRUTINY_OCTETS_PER_CHAR;
    /* place + offset could pass the largest size_t on a 16-bit target. */
    place = offset < end - place ? place + offset : offset - (end - place);
    for (; size > 0; size--) {
        scrutiny_chars_to_octets(octets, scrutiny->config->datalog_buffer + place, 1);
        octets += SCRUTINY_OCTETS_PER_CHAR;
        place = place + 1u == end ? 0 : place + 1u;
    }
}

#endif
