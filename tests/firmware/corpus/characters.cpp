// Character types beside char: they have no sign.
#include "corpus.h"

char16_t character_16;
char32_t character_32;
char16_t character_text[4];

LEAF("/global/character_16 uint16", character_16);
LEAF("/global/character_32 uint32", character_32);
LEAF("/global/character_text/character_text uint16 [4]", character_text);
