#include "base/buf.h"

struct buf *buf_new(const void *bytes, size_t len)
{
    struct str s = {0};
    str_add_n(&s, bytes, len);
    return buf_take(&s);
}

struct buf *buf_take(struct str *s)
{
    struct buf *b = mem_alloc(sizeof *b);
    atomic_init(&b->refs, 1);
    b->len = s->len;
    b->bytes = str_take(s);
    return b;
}

struct buf *buf_ref(struct buf *b)
{
    if (b)
        atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

void buf_unref(struct buf *b)
{
    if (!b || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
        return;
    mem_free(b->bytes);
    mem_free(b);
}
