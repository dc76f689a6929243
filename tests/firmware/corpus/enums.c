/* Enumerations: of any size and sign, anonymous, used by several variables. */
#include "corpus.h"

enum gear { GEAR_PARK = 0, GEAR_DRIVE = 7 };
enum level { LEVEL_LOW = -5, LEVEL_HIGH = 300 };
typedef enum { COLOUR_RED = 1, COLOUR_BLUE = 2 } colour_t;
enum __attribute__((packed)) tiny { TINY_NO, TINY_YES = 200 };

enum gear enum_gear;
static enum level enum_level __attribute__((used));
colour_t enum_colour;
enum tiny enum_tiny;
enum gear enum_gears[3];
struct {
    enum level level;
    colour_t colour : 3;
} enum_member;

LEAF("/global/enum_gear uint*=gear", enum_gear);
LEAF("/static/enums.c/enum_level sint*=level", enum_level);
LEAF("/global/enum_colour uint*=colour_t", enum_colour);
LEAF("/global/enum_tiny uint8=tiny", enum_tiny);
LEAF("/global/enum_gears/enum_gears uint*=gear [3]", enum_gears);
LEAF("/global/enum_member/level sint*=level", enum_member.level);
BITS("/global/enum_member/colour uint*:3=colour_t", enum_member, colour);
