/* For build systems that find a library by a header at the top of its folder, as Arduino does.
 * Everything else includes <scrutiny/scrutiny.h> itself.
 */
#ifndef SCRUTINY_ARDUINO_H
#define SCRUTINY_ARDUINO_H

#include "scrutiny/scrutiny.h"

#endif
