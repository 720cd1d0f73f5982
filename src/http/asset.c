#include "http/http-private.h"

#include "http/negotiate.h"

#include <stdio.h>

struct variant {
    const unsigned char *bytes;
    uint32_t len;
    const char *coding; /* NULL = as it is */
};

static struct variant choose(const struct http_exchange *x, const struct http_asset *a)
{
    const struct http_field *accept = x->head.known[HEAD_ACCEPT_ENCODING];
    unsigned offered = (a->gzip ? CODING_GZIP : 0) | (a->brotli ? CODING_BROTLI : 0);
    switch (negotiate_coding(accept ? accept->value : NULL, offered)) {
    case CODING_BROTLI:
        return (struct variant){a->brotli, a->brotli_len, "br"};
    case CODING_GZIP:
        return (struct variant){a->gzip, a->gzip_len, "gzip"};
    case CODING_IDENTITY:
        break;
    }
    return (struct variant){a->plain, a->plain_len, NULL};
}

/* A coded body is another representation: its tag is weak, and comparisons are weak throughout. */
static const char *tag(struct http_exchange *x, const struct http_asset *a, const char *coding)
{
    if (!a->etag || !coding || a->etag[0] == 'W')
        return a->etag;
    size_t size = strlen(a->etag) + sizeof "W/";
    char *weak = arena_alloc(&x->arena, size);
    snprintf(weak, size, "W/%s", a->etag);
    return weak;
}

void asset_reply(struct http_exchange *x, const struct http_asset *a, int status)
{
    struct variant v = choose(x, a);
    http_add_header(x, "Cache-Control",
                    a->immutable && status == 200 ? "public, max-age=31536000, immutable"
                                                  : "no-cache");
    if (a->gzip || a->brotli)
        http_vary_by_coding(x);
    if (v.coding)
        http_add_header(x, "Content-Encoding", v.coding);
    x->answer.asset = a;
    x->answer.etag = status == 200 ? tag(x, a, v.coding) : NULL;
    reply_static(x, status, a->type, v.bytes, v.len);
}
