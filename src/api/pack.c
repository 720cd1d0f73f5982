#include "api/pack.h"

#include "http/negotiate.h"

#include <zlib.h>

enum {
    WORTH_IT = 1024,   /* with its head, less fits one packet */
    LEVEL = 1,         /* 61 KB become 8.8 in 0.3 ms; level 6 makes 7.8 in 0.5 */
    GZIP = 16,         /* added to the window: zlib makes gzip's head and tail */
    LEAST_WINDOW = 10, /* bits */
    MOST_WINDOW = 15,
    WINDOW_TO_HASH = 7, /* zlib's usual window of 15 goes with its memory level of 8 */
};

/* Bits of a window that holds all of it: setting up a large one costs more than packing little. */
static int window_for(size_t len)
{
    int bits = LEAST_WINDOW;
    while (bits < MOST_WINDOW && (size_t)1 << bits < len)
        bits++;
    return bits;
}

static bool pack(const char *bytes, size_t len, struct str *ret_packed)
{
    z_stream z = {.next_in = (Bytef *)bytes, .avail_in = (uInt)len};
    int window = window_for(len);
    if (len < WORTH_IT || len > UINT32_MAX ||
        deflateInit2(&z, LEVEL, Z_DEFLATED, window + GZIP, window - WINDOW_TO_HASH,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    str_reserve(ret_packed, len);
    z.next_out = (Bytef *)ret_packed->p;
    z.avail_out = (uInt)len;
    bool packed = deflate(&z, Z_FINISH) == Z_STREAM_END;
    ret_packed->len = packed ? z.total_out : 0;
    deflateEnd(&z);
    return packed;
}

bool pack_gzip(const struct str *body, struct str *ret_packed)
{
    return pack(body->p, body->len, ret_packed);
}

static bool takes_gzip(struct http_exchange *x)
{
    http_vary_by_coding(x);
    return negotiate_coding(http_header(x, "Accept-Encoding"), CODING_GZIP) == CODING_GZIP;
}

void pack_reply(struct http_exchange *x, int status, const char *type, struct str *body)
{
    struct str packed = {0};
    if (takes_gzip(x) && pack_gzip(body, &packed)) {
        http_add_header(x, "Content-Encoding", "gzip");
        str_done(body);
        http_reply_str(x, status, type, &packed);
        return;
    }
    str_done(&packed);
    http_reply_str(x, status, type, body);
}

void pack_cache_done(struct pack_cache *c)
{
    buf_unref(c->plain);
    buf_unref(c->packed);
    *c = (struct pack_cache){0};
}

/* NULL where packing gains nothing. */
static struct buf *pack_buf(const struct buf *plain)
{
    struct str packed = {0};
    if (pack(plain->bytes, plain->len, &packed))
        return buf_take(&packed);
    str_done(&packed);
    return NULL;
}

/* The cache holds the plain one, too: no other can come to stand at its address. */
static struct buf *pack_once(struct buf *plain, struct pack_cache *cache)
{
    if (!cache)
        return pack_buf(plain);
    if (cache->plain != plain) {
        pack_cache_done(cache);
        *cache = (struct pack_cache){.plain = buf_ref(plain), .packed = pack_buf(plain)};
    }
    return cache->packed ? buf_ref(cache->packed) : NULL;
}

void pack_reply_buf(struct http_exchange *x, int status, const char *type, struct buf *body,
                    struct pack_cache *cache)
{
    struct buf *packed = takes_gzip(x) ? pack_once(body, cache) : NULL;
    if (packed) {
        http_add_header(x, "Content-Encoding", "gzip");
        buf_unref(body);
    }
    http_reply_buf(x, status, type, packed ? packed : body, NULL);
}
