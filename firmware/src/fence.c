#include "scrutiny/scrutiny_context.h"

/* A compiler that does not look in here has to assume that it reads and writes any memory. */
void scrutiny_fence(void) {
}
