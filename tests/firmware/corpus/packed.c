/* Packed structures: members anywhere, bit fields across the borders of their storage units. */
#include "corpus.h"

struct __attribute__((packed)) packed {
    uint8_t head;
    uint32_t word;
    uint16_t low : 11;
    uint16_t crossing : 11;
    uint32_t wide : 29;
    int16_t negative : 13;
    double tail;
};

struct packed packed_object;

LEAF("/global/packed_object/head uint8", packed_object.head);
LEAF("/global/packed_object/word uint32", packed_object.word);
/* The type may be wider than the declared one, so that the field fits into its storage. */
BITS("/global/packed_object/low uint*:11", packed_object, low);
BITS("/global/packed_object/crossing uint*:11", packed_object, crossing);
BITS("/global/packed_object/wide uint*:29", packed_object, wide);
BITS("/global/packed_object/negative sint*:13", packed_object, negative);
#if __SIZEOF_DOUBLE__ == 8
LEAF("/global/packed_object/tail float64", packed_object.tail);
#else
LEAF("/global/packed_object/tail float32", packed_object.tail);
#endif
