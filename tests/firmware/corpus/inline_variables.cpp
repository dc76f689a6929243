// Variables of C++17: inline ones, and templates of variables.
#if __cplusplus >= 201703L
#include "corpus.h"

inline int32_t inline_level = 3;
template <typename T> T variable_template = T(1);

int use_inline_variables() {
    return inline_level + variable_template<int16_t>;
}

// leaf /global/inline_level sint32 @inline_level+0
// leaf /global/variable_template<short> sint16 @_Z17variable_templateIsE+0
#endif
