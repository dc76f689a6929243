/* Every base type, global and file-local. */
#include "corpus.h"

int8_t scalar_s8;
int16_t scalar_s16;
int32_t scalar_s32;
int64_t scalar_s64;
uint8_t scalar_u8;
uint16_t scalar_u16;
uint32_t scalar_u32;
uint64_t scalar_u64;
float scalar_f32;
char scalar_char;
static signed char local_schar __attribute__((used));
static unsigned char local_uchar __attribute__((used));
_Bool scalar_bool;
static volatile uint32_t local_counter __attribute__((used)) = 7;
const uint16_t scalar_constant = 0x1234;

LEAF("/global/scalar_s8 sint8", scalar_s8);
LEAF("/global/scalar_s16 sint16", scalar_s16);
LEAF("/global/scalar_s32 sint32", scalar_s32);
LEAF("/global/scalar_s64 sint64", scalar_s64);
LEAF("/global/scalar_u8 uint8", scalar_u8);
LEAF("/global/scalar_u16 uint16", scalar_u16);
LEAF("/global/scalar_u32 uint32", scalar_u32);
LEAF("/global/scalar_u64 uint64", scalar_u64);
LEAF("/global/scalar_f32 float32", scalar_f32);
#ifdef __CHAR_UNSIGNED__
LEAF("/global/scalar_char uint8", scalar_char);
#else
LEAF("/global/scalar_char sint8", scalar_char);
#endif
LEAF("/static/scalars.c/local_schar sint8", local_schar);
LEAF("/static/scalars.c/local_uchar uint8", local_uchar);
LEAF("/global/scalar_bool bool8", scalar_bool);
LEAF("/static/scalars.c/local_counter uint32", local_counter);
LEAF("/global/scalar_constant uint16", scalar_constant);
#if __SIZEOF_DOUBLE__ == 8
double scalar_f64;
LEAF("/global/scalar_f64 float64", scalar_f64);
#endif
