/* Memory: the only allocators called outside this folder.
 *
 * mem_*      small, fixed sizes: abort when memory is out (the process restarts clean).
 * mem_try_*  whatever a peer's bytes size: return NULL when memory is out; the caller holds a named
 * ceiling. All memory comes zeroed. Free and unref accept NULL. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* AUTO(foo_freep) struct foo *f = NULL; frees *f when the scope ends. */
#define AUTO(cleanup_fn) __attribute__((cleanup(cleanup_fn)))

/* Hands the pointer over: evaluates to `p` and leaves NULL behind, so that AUTO frees nothing. */
#define TAKE(p)                                                                                    \
    __extension__({                                                                                \
        __typeof__(p) *take_from_ = &(p);                                                          \
        __typeof__(p) take_value_ = *take_from_;                                                   \
        *take_from_ = NULL;                                                                        \
        take_value_;                                                                               \
    })

/* Defines foo_freep() for AUTO from foo_free(). */
#define DEFINE_FREEP(type, free_fn)                                                                \
    static inline void free_fn##p(type **p)                                                        \
    {                                                                                              \
        free_fn(*p);                                                                               \
        *p = NULL;                                                                                 \
    }

void *mem_alloc(size_t size);
void *mem_array(size_t n, size_t size); /* n * size, overflow checked */
void *mem_realloc(void *p, size_t size);
void *mem_dup(const void *p, size_t size);
char *mem_strdup(const char *s); /* NULL stays NULL */
char *mem_strndup(const char *s, size_t n);
char *mem_printf(const char *fmt, ...) PRINTF(1, 2);

void *mem_try_alloc(size_t size) MUST_CHECK;
void *mem_try_realloc(void *p, size_t size) MUST_CHECK;

void mem_free(void *p);
static inline void mem_freep(void *p)
{
    mem_free(*(void **)p);
    *(void **)p = NULL;
}

/* Replaces *p by a copy of `s`. Returns true when the text changed. */
bool mem_set_str(char **p, const char *s);

/* Makes the n-th mem_try_* from now fail (1 = the next one); 0 turns it off. For tests; not
 * thread-safe. */
void mem_fail_nth(unsigned n);
