/* Bit fields of any offset and size, of signed and unsigned types, over several storage units. */
#include "corpus.h"

struct bits {
    uint32_t first : 3;
    uint32_t second : 7;
    int32_t negative : 5;
    uint32_t top : 17;
    uint8_t small : 4;
    uint8_t : 0;
    uint8_t next : 2;
    uint16_t half : 9;
    _Bool flag_a : 1;
    _Bool flag_b : 1;
    uint16_t plain;
};

struct bits bits_object;
static volatile struct bits bits_local __attribute__((used));

BITS("/global/bits_object/first uint32:3", bits_object, first);
BITS("/global/bits_object/second uint32:7", bits_object, second);
BITS("/global/bits_object/negative sint32:5", bits_object, negative);
BITS("/global/bits_object/top uint32:17", bits_object, top);
BITS("/global/bits_object/small uint8:4", bits_object, small);
BITS("/global/bits_object/next uint8:2", bits_object, next);
BITS("/global/bits_object/half uint16:9", bits_object, half);
BITS("/global/bits_object/flag_a bool8:1", bits_object, flag_a);
BITS("/global/bits_object/flag_b bool8:1", bits_object, flag_b);
LEAF("/global/bits_object/plain uint16", bits_object.plain);
BITS("/static/bitfields.c/bits_local/first uint32:3", bits_local, first);
BITS("/static/bitfields.c/bits_local/second uint32:7", bits_local, second);
BITS("/static/bitfields.c/bits_local/negative sint32:5", bits_local, negative);
BITS("/static/bitfields.c/bits_local/top uint32:17", bits_local, top);
BITS("/static/bitfields.c/bits_local/small uint8:4", bits_local, small);
BITS("/static/bitfields.c/bits_local/next uint8:2", bits_local, next);
BITS("/static/bitfields.c/bits_local/half uint16:9", bits_local, half);
BITS("/static/bitfields.c/bits_local/flag_a bool8:1", bits_local, flag_a);
BITS("/static/bitfields.c/bits_local/flag_b bool8:1", bits_local, flag_b);
LEAF("/static/bitfields.c/bits_local/plain uint16", bits_local.plain);
