#include "codec.h"

void scrutiny_store_number(scrutiny_octet_t *octets, scrutiny_wide_uint_t bits, size_t size) {
    uint32_t low = (uint32_t)bits;
    switch (size) {
    case 1:
        octets[0] = (scrutiny_octet_t)(low & 0xFFu);
        break;
    case 2:
        scrutiny_store_u16(octets, (unsigned int)(low & 0xFFFFu));
        break;
#if SCRUTINY_ENABLE_64BIT
    case 8:
        scrutiny_store_u32(octets, (uint32_t)(bits >> 32));
        scrutiny_store_u32(octets + 4, low);
        break;
#endif
    default:
        scrutiny_store_u32(octets, low);
        break;
    }
}

scrutiny_reader_t scrutiny_reader(const scrutiny_octet_t *data, size_t size) {
    scrutiny_reader_t reader;
    reader.next = data;
    reader.left = size;
    reader.failed = false;
    return reader;
}

const scrutiny_octet_t *scrutiny_take(scrutiny_reader_t *reader, size_t size) {
    if (reader->failed || reader->left < size) {
        reader->failed = true;
        return NULL;
    }
    const scrutiny_octet_t *taken = reader->next;
    reader->next += size;
    reader->left -= size;
    return taken;
}

uint_least8_t scrutiny_take_u8(scrutiny_reader_t *reader) {
    const scrutiny_octet_t *octets = scrutiny_take(reader, 1);
    return octets == NULL ? 0u : octets[0];
}

uint_least16_t scrutiny_take_u16(scrutiny_reader_t *reader) {
    const scrutiny_octet_t *octets = scrutiny_take(reader, 2);
    if (octets == NULL) {
        return 0;
    }
    return (uint_least16_t)(((unsigned int)octets[0] << 8) | octets[1]);
}

uint32_t scrutiny_take_u32(scrutiny_reader_t *reader) {
    uint32_t high = scrutiny_take_u16(reader);
    return (high << 16) | scrutiny_take_u16(reader);
}

uintptr_t scrutiny_take_address(scrutiny_reader_t *reader) {
    const scrutiny_octet_t *octets = scrutiny_take(reader, SCRUTINY_ADDRESS_SIZE);
    uintptr_t address = 0;
    if (octets == NULL) {
        return 0;
    }
    for (size_t i = 0; i < SCRUTINY_ADDRESS_SIZE; i++) {
        if (address > UINTPTR_MAX >> 8) {
            reader->failed = true;
            return 0;
        }
        address = (uintptr_t)(address << 8) | octets[i];
    }
    return address;
}

scrutiny_writer_t scrutiny_writer(scrutiny_octet_t *data, size_t size) {
    scrutiny_writer_t writer;
    writer.next = data;
    writer.left = size;
    writer.size = 0;
    writer.failed = false;
    return writer;
}

scrutiny_octet_t *scrutiny_put(scrutiny_writer_t *writer, size_t size) {
    if (writer->failed || writer->left < size) {
        writer->failed = true;
        return NULL;
    }
    scrutiny_octet_t *room = writer->next;
    writer->next += size;
    writer->left -= size;
    writer->size += size;
    return room;
}

void scrutiny_put_u8(scrutiny_writer_t *writer, uint_least8_t value) {
    scrutiny_octet_t *room = scrutiny_put(writer, 1);
    if (room != NULL) {
        room[0] = (scrutiny_octet_t)(value & 0xFFu);
    }
}

void scrutiny_put_u16(scrutiny_writer_t *writer, uint_least16_t value) {
    scrutiny_octet_t *room = scrutiny_put(writer, 2);
    if (room != NULL) {
        scrutiny_store_u16(room, value);
    }
}

void scrutiny_put_u32(scrutiny_writer_t *writer, uint32_t value) {
    scrutiny_octet_t *room = scrutiny_put(writer, 4);
    if (room != NULL) {
        scrutiny_store_u32(room, value);
    }
}

void scrutiny_put_address(scrutiny_writer_t *writer, uintptr_t address) {
    scrutiny_octet_t *room = scrutiny_put(writer, SCRUTINY_ADDRESS_SIZE);
    if (room == NULL) {
        return;
    }
    for (size_t i = SCRUTINY_ADDRESS_SIZE; i > 0; i--) {
        room[i - 1] = (scrutiny_octet_t)(address & 0xFFu);
        address >>= 8;
    }
}

/* Octets of `text` that may be sent: at most `max`, whole UTF-8 sequences. */
static size_t name_size(const char *text, size_t max) {
    size_t size = 0;
    while (size < max && text[size] != '\0') {
        size++;
    }
    if (size == max) {
        while (size > 0 && ((unsigned char)text[size] & 0xC0u) == 0x80u) {
            size--;
        }
    }
    return size;
}

void scrutiny_put_name(scrutiny_writer_t *writer, const char *text, size_t max) {
    size_t room = writer->left > 0 ? writer->left - 1 : 0;
    size_t size = text == NULL ? 0 : name_size(text, max < room ? max : room);
    scrutiny_put_u8(writer, (uint_least8_t)size);
    scrutiny_octet_t *octets = scrutiny_put(writer, size);
    for (size_t i = 0; octets != NULL && i < size; i++) {
        octets[i] = (scrutiny_octet_t)((unsigned char)text[i] & 0xFFu);
    }
}
