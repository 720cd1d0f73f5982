#include "base/vec.h"

void *vec_grow(void *v, size_t *cap, size_t n, size_t size)
{
    if (n == *cap) {
        *cap = *cap ? *cap * 2 : 8;
        v = mem_realloc(v, *cap * size);
    }
    memset((char *)v + n * size, 0, size);
    return v;
}
