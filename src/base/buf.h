/* An immutable byte string shared between threads by reference count (atomic). */
#pragma once

#include "base/str.h"

#include <stdatomic.h>

struct buf {
    atomic_uint refs;
    size_t len;
    char *bytes; /* NUL-terminated; never written after the buffer is shared */
};

struct buf *buf_new(const void *bytes, size_t len); /* a copy */
struct buf *buf_take(struct str *s); /* the memory of `s` moves in; `s` is empty after */
struct buf *buf_ref(struct buf *b);  /* returns `b` */
void buf_unref(struct buf *b);
DEFINE_FREEP(struct buf, buf_unref)
