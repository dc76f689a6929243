/** @file
 * Expectations beside the variables they are about.
 *
 * Each one becomes an entry of a section of its own, which the compiler and the linker fill in: what
 * they say about the address of an object is the oracle for what the debug information says.
 *
 * The text of an entry is the path, a blank, and the data type; `[2][3]` after it gives the
 * dimensions of the arrays on the path, `:5` the bits of a bit field, `=name` the enumeration.
 */
#ifndef CORPUS_H
#define CORPUS_H

#include <stdbool.h>
#include <stdint.h>

struct corpus_leaf {
    const char *text;
    const volatile void *address;
    const void *image; /* of an object in which only the bits of one field are set */
    __SIZE_TYPE__ image_size;
    __SIZE_TYPE__ offset; /* instead of the address, of what lies behind a pointer */
};

#define CORPUS_JOIN_(a, b) a##b
#define CORPUS_JOIN(a, b) CORPUS_JOIN_(a, b)
#define CORPUS_ENTRY                                                                               \
    static const struct corpus_leaf CORPUS_JOIN(corpus_leaf_, __COUNTER__)                         \
        __attribute__((used, section("corpus"), aligned(__SIZEOF_POINTER__)))

/** A leaf at the address of an object. */
#define LEAF(text, object) CORPUS_ENTRY = {text, &(object), 0, 0, 0}

/** A bit field of a structure; C only. */
#define BITS(text, object, field)                                                                  \
    static const __typeof__(object) CORPUS_JOIN(corpus_image_, __LINE__)                           \
        __attribute__((used)) = {.field = -1};                                                     \
    CORPUS_ENTRY = {text, &(object), &CORPUS_JOIN(corpus_image_, __LINE__), sizeof(object), 0}

/** A leaf behind a pointer. */
#define BEHIND(text, type, member)                                                                 \
    CORPUS_ENTRY = {text, 0, 0, 0, __builtin_offsetof(type, member)}

/** What a pointer to a scalar points to. */
#define BEHIND_SCALAR(text) CORPUS_ENTRY = {text, 0, 0, 0, 0}

#endif
