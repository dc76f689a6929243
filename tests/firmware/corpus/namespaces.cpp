// Namespaces, nested and inline; and what is in none.
#include "corpus.h"

namespace drive {
int32_t speed;
namespace limits {
uint16_t upper;
static uint16_t lower __attribute__((used));
LEAF("/static/namespaces.cpp/drive/limits/lower uint16", lower);
} // namespace limits
inline namespace v2 {
float gain;
}
struct axis {
    static int16_t count;
    uint8_t id;
};
int16_t axis::count;
axis first;
} // namespace drive
extern "C" {
uint8_t plain_c;
}

LEAF("/global/drive/speed sint32", drive::speed);
LEAF("/global/drive/limits/upper uint16", drive::limits::upper);
LEAF("/global/drive/v2/gain float32", drive::gain);
LEAF("/global/drive/axis/count sint16", drive::axis::count);
LEAF("/global/drive/first/id uint8", drive::first.id);
LEAF("/global/plain_c uint8", plain_c);
