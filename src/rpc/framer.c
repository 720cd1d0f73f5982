#include "rpc/framer.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

static size_t length_in(const unsigned char *prefix)
{
    return (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 | prefix[4];
}

/* One gzip member into `out`, which is `size` long. The length, or -ENOSPC, -EBADMSG. */
static int inflate_into(const unsigned char *bytes, size_t len, char *out, size_t size)
{
    z_stream z = {.next_in = (unsigned char *)bytes,
                  .avail_in = (uInt)len,
                  .next_out = (unsigned char *)out,
                  .avail_out = (uInt)size};
    if (inflateInit2(&z, MAX_WBITS + 16) != Z_OK)
        return -ENOMEM;
    int r = inflate(&z, Z_FINISH);
    int total = (int)z.total_out;
    bool is_full = z.avail_out == 0;
    inflateEnd(&z);
    return r == Z_STREAM_END ? total : is_full ? -ENOSPC : -EBADMSG;
}

static int give_compressed(const struct framer *f, const unsigned char *bytes, size_t len,
                           framer_fn *fn, void *arg)
{
    size_t max = framer_max(f);
    size_t size = len * 4 + 1024;
    for (;;) {
        bool is_last = size >= max;
        if (is_last)
            size = max;
        AUTO(mem_freep) char *out = mem_try_alloc(size);
        if (!out)
            return -ENOMEM;
        int n = inflate_into(bytes, len, out, size);
        if (n >= 0)
            return fn(arg, out, (size_t)n);
        if (n != -ENOSPC)
            return n;
        if (is_last)
            return -EMSGSIZE;
        size *= 4;
    }
}

static int give(const struct framer *f, const unsigned char *message, size_t len, framer_fn *fn,
                void *arg)
{
    return message[0] ? give_compressed(f, message + RPC_PREFIX, len, fn, arg)
                      : fn(arg, message + RPC_PREFIX, len);
}

/* The whole length of the message that begins here, or how much tells it. */
static int whole_length(const struct framer *f, const unsigned char *p, size_t len)
{
    if (len > 0 && p[0] > (f->gzip ? 1 : 0))
        return -EBADMSG;
    if (len < RPC_PREFIX)
        return RPC_PREFIX;
    return length_in(p) > framer_max(f) ? -EMSGSIZE : (int)length_in(p) + RPC_PREFIX;
}

/* Moves into `part` what its message lacks. */
static int complete_part(struct framer *f, const unsigned char **p, const unsigned char *end,
                         framer_fn *fn, void *arg)
{
    for (;;) {
        int whole = whole_length(f, (const unsigned char *)f->part.p, f->part.len);
        if (whole < 0)
            return whole;
        size_t lacks = (size_t)whole - f->part.len, here = (size_t)(end - *p);
        if (lacks == 0)
            break;
        if (here == 0)
            return 0;
        str_add_n(&f->part, *p, here < lacks ? here : lacks);
        *p += here < lacks ? here : lacks;
    }
    int r = give(f, (const unsigned char *)f->part.p, f->part.len - RPC_PREFIX, fn, arg);
    str_clear(&f->part);
    return r;
}

int framer_feed(struct framer *f, const void *bytes, size_t len, framer_fn *fn, void *arg)
{
    const unsigned char *p = bytes, *end = p + len;
    while (p < end) {
        int whole = f->part.len ? 0 : whole_length(f, p, (size_t)(end - p));
        if (whole < 0)
            return whole;
        int r;
        if (whole >= RPC_PREFIX && end - p >= whole) { /* as it came: nothing is copied */
            r = give(f, p, (size_t)whole - RPC_PREFIX, fn, arg);
            p += whole;
        } else {
            if (f->part.len == 0)
                str_add_char(&f->part, (char)*p++);
            r = complete_part(f, &p, end, fn, arg);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

size_t framer_max(const struct framer *f)
{
    return f->max ? f->max : LIMIT_RPC_MESSAGE;
}

bool framer_is_between(const struct framer *f)
{
    return f->part.len == 0;
}

void framer_done(struct framer *f)
{
    str_done(&f->part);
}

void framer_add(struct str *out, const void *bytes, size_t len)
{
    const unsigned char prefix[RPC_PREFIX] = {0, (unsigned char)(len >> 24),
                                              (unsigned char)(len >> 16), (unsigned char)(len >> 8),
                                              (unsigned char)len};
    str_add_n(out, prefix, sizeof prefix);
    str_add_n(out, bytes, len);
}
