#include "http/proxies.h"

#include "base/str.h"
#include "http/chars.h"

#include <arpa/inet.h>

/* --- addresses --- */

void forwarded_map_v4(const void *v4, struct in6_addr *ret_address)
{
    struct in6_addr a = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(&a.s6_addr[12], v4, 4);
    *ret_address = a;
}

static bool parse_v4(const char *text, struct in6_addr *ret_address)
{
    struct in_addr v4;
    if (inet_pton(AF_INET, text, &v4) != 1)
        return false;
    forwarded_map_v4(&v4, ret_address);
    return true;
}

static bool parse_bare(const char *text, size_t len, struct in6_addr *ret_address)
{
    char copy[INET6_ADDRSTRLEN];
    if (!len || len >= sizeof copy || memchr(text, 0, len))
        return false;
    memcpy(copy, text, len);
    copy[len] = 0;
    return parse_v4(copy, ret_address) || inet_pton(AF_INET6, copy, ret_address) == 1;
}

static bool is_port(const char *text, size_t len)
{
    if (!len || len > 5)
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

static bool parse_bracketed(const char *text, size_t len, struct in6_addr *ret_address)
{
    const char *close = memchr(text, ']', len);
    if (!close || !memchr(text, ':', (size_t)(close - text)))
        return false;
    size_t inner = (size_t)(close - text) - 1, rest = len - inner - 2;
    bool ends = rest == 0 || (close[1] == ':' && is_port(close + 2, rest - 1));
    return ends && parse_bare(text + 1, inner, ret_address);
}

bool forwarded_address(const char *text, size_t len, struct in6_addr *ret_address)
{
    if (len && text[0] == '[')
        return parse_bracketed(text, len, ret_address);
    const char *colon = len ? memchr(text, ':', len) : NULL;
    size_t host = colon ? (size_t)(colon - text) : len;
    if (colon && is_port(colon + 1, len - host - 1) && memchr(text, '.', host))
        len = host;
    return parse_bare(text, len, ret_address);
}

/* --- the setting --- */

static int parse_bits(const char *text, bool v4, unsigned *ret_bits)
{
    uint64_t bits;
    unsigned most = v4 ? 32 : 128;
    if (str_to_u64(text, &bits) < 0 || bits > most)
        return -EINVAL;
    *ret_bits = (unsigned)bits + (v4 ? 96 : 0);
    return 0;
}

static int parse_network(struct http_proxies *p, char *text)
{
    char *slash = strchr(text, '/');
    if (slash)
        *slash = 0;
    struct in6_addr a;
    bool v4 = parse_v4(text, &a);
    if (!v4 && inet_pton(AF_INET6, text, &a) != 1)
        return -EINVAL;
    unsigned bits = 128;
    if (slash && parse_bits(slash + 1, v4, &bits) < 0)
        return -EINVAL;
    p->networks[p->n].address = a;
    p->networks[p->n++].bits = bits;
    return 0;
}

static int parse_word(struct http_proxies *p, const char *word, struct err *e)
{
    AUTO(mem_freep) char *text = mem_strdup(word);
    if (str_eq(text, "unix"))
        p->local = true;
    else if (p->n == LIMIT_PROXY_NETWORKS)
        return err_set(e, -EINVAL, "trusted-proxies: at most %d networks", LIMIT_PROXY_NETWORKS);
    else if (parse_network(p, text) < 0)
        return err_set(e, -EINVAL,
                       "trusted-proxies: \"%.64s\" is no address and no network. Write 127.0.0.1, "
                       "10.0.0.0/8, fd00::/8 or unix.",
                       word);
    return 0;
}

int http_proxies_parse(struct http_proxies *ret_proxies, const char *text, struct err *e)
{
    struct http_proxies p = {0};
    struct str_list words = {0};
    int r = 0;
    str_list_split(&words, text, ',');
    for (size_t i = 0; r >= 0 && i < words.n; i++)
        if (words.v[i][0])
            r = parse_word(&p, words.v[i], e);
    str_list_done(&words);
    if (r >= 0)
        *ret_proxies = p;
    return r;
}

static bool shares_bits(const struct in6_addr *a, const struct in6_addr *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    return memcmp(a, b, whole) == 0 &&
           (!rest || !((a->s6_addr[whole] ^ b->s6_addr[whole]) >> (8 - rest)));
}

bool http_proxies_has(const struct http_proxies *p, const struct in6_addr *address)
{
    for (size_t i = 0; i < p->n; i++)
        if (shares_bits(&p->networks[i].address, address, p->networks[i].bits))
            return true;
    return false;
}

/* --- the fields --- */

/* Takes the rightmost entry off a list "a, b, c". */
static void take_last(const char *list, size_t *len, const char **ret_entry, size_t *ret_len)
{
    size_t end = *len, start;
    for (start = end; start && list[start - 1] != ',';)
        start--;
    *len = start ? start - 1 : 0;
    while (start < end && (list[start] == ' ' || list[start] == '\t'))
        start++;
    while (end > start && (list[end - 1] == ' ' || list[end - 1] == '\t'))
        end--;
    *ret_entry = list + start;
    *ret_len = end - start;
}

static bool is_same_field(const struct http_field *a, const struct http_field *b)
{
    return a->name_len == b->name_len && char_same_nocase(a->name, b->name, a->name_len);
}

struct walk {
    const struct http_proxies *proxies;
    struct forwarded *f;
    unsigned hops;
};

/* Right to left. False: there the trust ends. */
static bool follow(struct walk *w, const struct http_field *field)
{
    const char *entry;
    size_t left = field->value_len, len;
    do {
        struct in6_addr a;
        take_last(field->value, &left, &entry, &len);
        if (!forwarded_address(entry, len, &a))
            return false;
        w->f->client = a;
        w->f->has_client = true;
        if (!http_proxies_has(w->proxies, &a) || ++w->hops == LIMIT_PROXY_HOPS)
            return false;
    } while (left);
    return true;
}

static void read_client(const struct http_proxies *p, const struct head *h, struct forwarded *f)
{
    struct walk w = {.proxies = p, .f = f};
    const struct http_field *first = h->known[HEAD_X_FORWARDED_FOR];
    for (const struct http_field *i = h->fields + h->n_fields; first && i-- > first;)
        if (is_same_field(i, first) && !follow(&w, i))
            return;
}

static void last_entry(const struct head *h, enum head_known k, const char **ret, size_t *ret_len)
{
    const struct http_field *first = h->known[k];
    for (const struct http_field *i = h->fields + h->n_fields; first && i-- > first;) {
        if (!is_same_field(i, first))
            continue;
        size_t len = i->value_len;
        take_last(i->value, &len, ret, ret_len);
        return;
    }
}

void forwarded_read(const struct http_proxies *p, const struct head *h,
                    struct forwarded *ret_forwarded)
{
    struct forwarded f = {0};
    const char *scheme = NULL;
    size_t len = 0;
    read_client(p, h, &f);
    last_entry(h, HEAD_X_FORWARDED_PROTO, &scheme, &len);
    f.https = scheme && len == 5 && char_same_nocase(scheme, "https", 5);
    last_entry(h, HEAD_X_FORWARDED_HOST, &f.host, &f.host_len);
    *ret_forwarded = f;
}

bool forwarded_is_said(const struct head *h)
{
    return h->known[HEAD_X_FORWARDED_FOR] || h->known[HEAD_X_FORWARDED_PROTO] ||
           h->known[HEAD_X_FORWARDED_HOST];
}
