/* A growing array of any type: VEC(struct foo) foos = {0}; *vec_add(&foos) = …; vec_done(&foos).
 * Not thread-safe. */
#pragma once

#include "base/mem.h"

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *v;                                                                                   \
        size_t n, cap;                                                                             \
    }

/* Address of a new zeroed element at the end; valid until the next vec_add(). */
#define vec_add(vec)                                                                               \
    ((vec)->v = vec_grow((vec)->v, &(vec)->cap, (vec)->n, sizeof *(vec)->v), &(vec)->v[(vec)->n++])
#define vec_done(vec) (mem_free((vec)->v), (vec)->v = NULL, (vec)->n = (vec)->cap = 0)
#define vec_remove_at(vec, i)                                                                      \
    (memmove(&(vec)->v[i], &(vec)->v[(i) + 1], (--(vec)->n - (i)) * sizeof *(vec)->v))

void *vec_grow(void *v, size_t *cap, size_t n, size_t size);
