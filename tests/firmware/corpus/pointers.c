/* Pointers, and one level of what they point to. */
#include "corpus.h"

struct node {
    int16_t value;
    struct node *next;
    uint8_t data[3];
};

struct holder {
    uint8_t before;
    struct node *nodes[2];
};

int32_t *pointer_scalar;
static struct node *pointer_node __attribute__((used));
void *pointer_void;
int (*pointer_function)(void);
int32_t **pointer_pointer;
struct incomplete *pointer_incomplete;
struct node *pointer_array[4];
struct holder pointer_holder;

LEAF("/global/pointer_scalar ptr", pointer_scalar);
BEHIND_SCALAR("/global/*pointer_scalar sint32 ->/global/pointer_scalar");
LEAF("/static/pointers.c/pointer_node ptr", pointer_node);
BEHIND("/static/pointers.c/*pointer_node/value sint16 ->/static/pointers.c/pointer_node",
       struct node, value);
BEHIND("/static/pointers.c/*pointer_node/next ptr ->/static/pointers.c/pointer_node",
       struct node, next);
BEHIND("/static/pointers.c/*pointer_node/data/data uint8 [3] ->/static/pointers.c/pointer_node",
       struct node, data);
LEAF("/global/pointer_void ptr", pointer_void);
LEAF("/global/pointer_function ptr", pointer_function);
LEAF("/global/pointer_pointer ptr", pointer_pointer);
LEAF("/global/pointer_incomplete ptr", pointer_incomplete);
LEAF("/global/pointer_array/pointer_array ptr [4]", pointer_array);
BEHIND("/global/pointer_array/*pointer_array/value sint16 ->/global/pointer_array/pointer_array[4]",
       struct node, value);
BEHIND("/global/pointer_array/*pointer_array/next ptr ->/global/pointer_array/pointer_array[4]",
       struct node, next);
BEHIND("/global/pointer_array/*pointer_array/data/data uint8 [3] "
       "->/global/pointer_array/pointer_array[4]",
       struct node, data);
LEAF("/global/pointer_holder/before uint8", pointer_holder.before);
LEAF("/global/pointer_holder/nodes/nodes ptr [2]", pointer_holder.nodes);
BEHIND("/global/pointer_holder/nodes/*nodes/value sint16 ->/global/pointer_holder/nodes/nodes[2]",
       struct node, value);
BEHIND("/global/pointer_holder/nodes/*nodes/next ptr ->/global/pointer_holder/nodes/nodes[2]",
       struct node, next);
BEHIND("/global/pointer_holder/nodes/*nodes/data/data uint8 [3] "
       "->/global/pointer_holder/nodes/nodes[2]",
       struct node, data);
