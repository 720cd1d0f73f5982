/* Header lines of a proxy's request, after a first line with the setting. Nobody is the client who
 * stands left of somebody that is not believed, and a host is a piece of its own field. */
#include "fuzz.h"

#include "base/str.h"
#include "http/proxies.h"

enum { LIMIT_INPUT = 4096 };

static bool lies_in(const char *p, size_t len, const char *bytes, size_t size)
{
    return p >= bytes && p + len <= bytes + size;
}

static void try_head(const struct http_proxies *p, char *bytes, size_t size)
{
    static struct http_field fields[32];
    struct head h = {.fields = fields, .max_fields = COUNT_OF(fields)};
    const char *why = NULL;
    if (head_parse(&h, bytes, size, &why) != 0)
        return;
    struct forwarded f;
    forwarded_read(p, &h, &f);
    FUZZ_CHECK(!f.has_client || h.known[HEAD_X_FORWARDED_FOR]);
    FUZZ_CHECK(!f.https || h.known[HEAD_X_FORWARDED_PROTO]);
    FUZZ_CHECK(!f.host_len || lies_in(f.host, f.host_len, bytes, size));
    FUZZ_CHECK(!f.host || !memchr(f.host, ',', f.host_len));
    struct http_proxies nobody = {0};
    struct forwarded nearest;
    forwarded_read(&nobody, &h, &nearest);
    FUZZ_CHECK(nearest.has_client == f.has_client);
    if (nearest.has_client && !http_proxies_has(p, &nearest.client))
        FUZZ_CHECK(memcmp(&f.client, &nearest.client, sizeof f.client) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char head[] = "GET / HTTP/1.1\r\nHost: a\r\n", end[] = "\r\n\r\n";
    if (size > LIMIT_INPUT)
        return 0;
    const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
    size_t first = line ? (size_t)(line - data) : size, rest = line ? size - first - 1 : 0;
    AUTO(mem_freep) char *setting = mem_strndup((const char *)data, first);
    AUTO(mem_freep) char *bytes = mem_alloc(sizeof head + rest + sizeof end);
    struct http_proxies p = {0};
    struct err e = {0};
    if (http_proxies_parse(&p, setting, &e) < 0)
        FUZZ_CHECK(e.text[0] && p.n == 0);
    memcpy(bytes, head, sizeof head - 1);
    memcpy(bytes + sizeof head - 1, data + first + (line != NULL), rest);
    memcpy(bytes + sizeof head - 1 + rest, end, sizeof end - 1);
    try_head(&p, bytes, sizeof head - 1 + rest + sizeof end - 1);
    struct in6_addr a;
    if (first && forwarded_address((const char *)data, first, &a))
        FUZZ_CHECK(first < INET6_ADDRSTRLEN + 8);
    return 0;
}
