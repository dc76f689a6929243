// Static variables of functions and methods: the whole scope is in the path.
#include "corpus.h"

int free_function(int step) {
    static int16_t calls __attribute__((used));
    LEAF("/static/cpp_locals.cpp/free_function(int)/calls sint16", calls);
    calls = static_cast<int16_t>(calls + step);
    return calls;
}

static int hidden_function() {
    static uint8_t calls __attribute__((used));
#ifdef __clang__ // the linkage name says it, GCC gives none
    LEAF("/static/cpp_locals.cpp/hidden_function()/calls uint8", calls);
#else
    LEAF("/static/cpp_locals.cpp/hidden_function/calls uint8", calls);
#endif
    return ++calls;
}

namespace pump {
int run() {
    static uint16_t calls __attribute__((used));
    LEAF("/static/cpp_locals.cpp/pump/run()/calls uint16", calls);
    return ++calls;
}
struct valve {
    int open();
    int close(int);
    int inline_method() {
        static uint32_t calls __attribute__((used));
        return static_cast<int>(++calls);
    }
};
int valve::open() {
    static uint16_t calls __attribute__((used));
    LEAF("/static/cpp_locals.cpp/pump/valve/open()/calls uint16", calls);
    return ++calls;
}
int valve::close(int) {
    static uint16_t calls __attribute__((used));
    LEAF("/static/cpp_locals.cpp/pump/valve/close(int)/calls uint16", calls);
    return ++calls;
}
} // namespace pump

namespace fan {
int run() {
    static uint32_t calls __attribute__((used));
    LEAF("/static/cpp_locals.cpp/fan/run()/calls uint32", calls);
    return static_cast<int>(++calls);
}
} // namespace fan

int use_locals() {
    return hidden_function() + pump::run() + fan::run() + pump::valve().inline_method();
}

// leaf /global/pump/valve/inline_method()/calls uint32 @_ZZN4pump5valve13inline_methodEvE5calls+0
