/* Arrays of any rank, of scalars and of structures, also through typedefs. */
#include "corpus.h"

typedef int16_t row_t[3];
typedef row_t matrix_t[2];

struct array_cell {
    uint8_t kind;
    int16_t level[4];
    matrix_t matrix;
};

uint8_t array_one[5];
int32_t array_three[2][3][4];
matrix_t array_typedef[2];
struct array_cell array_cells[3][2];
static char array_text[12] __attribute__((used)) = "corpus";
extern uint8_t array_unknown[]; /* completed below: the length is known in this unit */
uint8_t array_unknown[6];

LEAF("/global/array_one/array_one uint8 [5]", array_one);
LEAF("/global/array_three/array_three sint32 [2][3][4]", array_three);
LEAF("/global/array_typedef/array_typedef sint16 [2][2][3]", array_typedef);
LEAF("/global/array_cells/array_cells/kind uint8 [3][2]", array_cells[0][0].kind);
LEAF("/global/array_cells/array_cells/level/level sint16 [3][2]/[4]", array_cells[0][0].level);
LEAF("/global/array_cells/array_cells/matrix/matrix sint16 [3][2]/[2][3]",
     array_cells[0][0].matrix);
#ifdef __CHAR_UNSIGNED__
LEAF("/static/arrays.c/array_text/array_text uint8 [12]", array_text);
#else
LEAF("/static/arrays.c/array_text/array_text sint8 [12]", array_text);
#endif
LEAF("/global/array_unknown/array_unknown uint8 [6]", array_unknown);
