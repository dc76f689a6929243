// Declarations of every kind that debug information of C++ has; what they do does not matter.
namespace outer {
namespace inner {
int depth = 3;
static volatile int hidden;
}  // namespace inner
inline namespace v1 {
float scale = 2;
}
}  // namespace outer

namespace {
volatile unsigned char unnamed;
}

struct Base {
    int base;
    virtual int turn(int by) { return by + base; }
};

struct Other {
    long other;
};

struct Car : Base, virtual Other {
    enum class Gear : unsigned char { Park = 0, Drive = 255 };
    Gear gear;
    static int made;
    static constexpr int limit = 4;
    mutable short lane : 5;
    int turn(int by) override {
        static int turns = 1;
        turns += by;
        return turns;
    }
    struct {
        char c;
        union {
            int i;
            float f;
        };
    } anonymous;
};
int Car::made = 1;

template <typename T, int N>
struct Ring {
    T cells[N];
    static T shared;
    T at(int index) {
        static T last;
        last = cells[index];
        return last;
    }
};
template <typename T, int N>
T Ring<T, N>::shared = 7;

Car car;
Ring<short, 4> ring;
int Car::*member_pointer = &Car::base;
int &reference = outer::inner::depth;
thread_local int per_thread = 1;
wchar_t wide_text[3];
char16_t utf[2];
decltype(nullptr) nothing;

static int classify(int rounds) {
    int result = 0;
    for (int i = 0; i < rounds; i++) {
        static long long total;
        result += i;
        total += result;
        outer::inner::hidden = result;
    }
    return result;
}

int main() {
    auto twice = [](int value) {
        static int calls = 1;
        calls += value;
        return value + calls;
    };
    unnamed++;
    return car.turn(twice(2)) + classify(Car::made) + ring.at(1) + Ring<short, 4>::shared +
           outer::inner::hidden;
}
