#include "http/arena.h"

enum { ARENA_BLOCK = 4096, ARENA_ALIGN = 8 };

struct arena_block {
    struct arena_block *next;
    _Alignas(16) char bytes[];
};

static size_t rounded(size_t size)
{
    return (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

void arena_init(struct arena *a, void *home, size_t home_size)
{
    *a = (struct arena){.home = home, .home_size = home_size};
    arena_reset(a);
}

void arena_reset(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *b = a->blocks;
        a->blocks = b->next;
        mem_free(b);
    }
    a->next = a->home;
    a->end = a->home + a->home_size;
}

static void add_block(struct arena *a, size_t size)
{
    if (size < ARENA_BLOCK)
        size = ARENA_BLOCK;
    struct arena_block *b = mem_alloc(sizeof *b + size);
    b->next = a->blocks;
    a->blocks = b;
    a->next = b->bytes;
    a->end = b->bytes + size;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size = rounded(size);
    if ((size_t)(a->end - a->next) < size)
        add_block(a, size);
    void *p = a->next;
    a->next += size;
    return p;
}

char *arena_dup(struct arena *a, const void *bytes, size_t len)
{
    char *copy = arena_alloc(a, len + 1);
    if (len)
        memcpy(copy, bytes, len);
    copy[len] = 0;
    return copy;
}
