/* The whole library as one file. Compile this one, or all of src/: both are the same library, but a
 * compiler that sees everything at once makes it smaller by a seventh, without any other option.
 *
 * A compiler that needs src/fence.c (see SCRUTINY_FENCE) has to compile that one beside it.
 */
#define SCRUTINY_INTERNAL static

#include "src/chars.c"
#include "src/codec.c"
#include "src/crc32.c"
#include "src/data_types.c"
#include "src/datalog_control.c"
#include "src/datalog_setup.c"
#include "src/datalogger.c"
#include "src/dispatch.c"
#include "src/encoder.c"
#include "src/firmware_id.c"
#include "src/frames.c"
#include "src/info.c"
#include "src/memory.c"
#include "src/numbers.c"
#include "src/operands.c"
#include "src/published.c"
#include "src/ring.c"
#include "src/scrutiny.c"
#include "src/session.c"
#include "src/settings.c"
#include "src/trigger.c"
#include "src/user_command.c"
#include "src/words.c"
