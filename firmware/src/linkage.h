/* How the files of the library see each other's functions. Compiled one by one, they do it through
 * the linker. scrutiny_all.c compiles them in one go, where every function may be static: the
 * compiler then knows all calls of it, and makes less code.
 */
#ifndef SCRUTINY_SRC_LINKAGE_H
#define SCRUTINY_SRC_LINKAGE_H

/* Stands before each declaration of a function that another file defines. */
#ifndef SCRUTINY_INTERNAL
#define SCRUTINY_INTERNAL
#endif

/* For a function that some compilers would copy to each of its few callers. */
#ifdef __GNUC__
#define SCRUTINY_OUT_OF_LINE __attribute__((noinline))
#else
#define SCRUTINY_OUT_OF_LINE
#endif

#endif
