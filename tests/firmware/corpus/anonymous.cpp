// Anonymous namespaces: left out of the path where the name says enough, there where it does not.
#include "corpus.h"

namespace {
int16_t anonymous_top __attribute__((used));
}
namespace garage {
namespace {
int16_t anonymous_inner __attribute__((used));
}
} // namespace garage
namespace street {
namespace {
int32_t anonymous_inner __attribute__((used));
}
} // namespace street

#ifdef __clang__ /* the linkage name says it */
LEAF("/static/anonymous.cpp/(anonymous namespace)/anonymous_top sint16", anonymous_top);
#else
LEAF("/static/anonymous.cpp/anonymous_top sint16", anonymous_top);
#endif
LEAF("/static/anonymous.cpp/garage/(anonymous namespace)/anonymous_inner sint16",
     garage::anonymous_inner);
LEAF("/static/anonymous.cpp/street/(anonymous namespace)/anonymous_inner sint32",
     street::anonymous_inner);
