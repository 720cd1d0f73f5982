/* Two requests of one connection: what stands before the first NUL, and a whole head after it. The
 * former before the head's fields means the same whether these are parsed again or remembered. */
#include "fuzz.h"

#include "http/head-memo.h"

enum { LIMIT_INPUT = 8192, FIELDS = 32 };

struct parsed {
    struct http_field fields[FIELDS];
    struct head head;
    char bytes[2 * LIMIT_INPUT];
    size_t len;
    int status;
};

static void parse(struct parsed *p, const char *bytes, size_t len)
{
    const char *why = NULL;
    memcpy(p->bytes, bytes, len);
    p->len = len;
    p->head = (struct head){.fields = p->fields, .max_fields = FIELDS};
    p->status = head_parse(&p->head, p->bytes, len, &why);
    FUZZ_CHECK(p->status == 0 || why);
}

static bool same_fields(const struct head *a, const struct head *b)
{
    bool same = a->n_fields == b->n_fields && a->repeated == b->repeated;
    for (unsigned i = 0; same && i < a->n_fields; i++)
        same = strcmp(a->fields[i].name, b->fields[i].name) == 0 &&
               strcmp(a->fields[i].value, b->fields[i].value) == 0;
    for (unsigned i = 0; same && i < HEAD_KNOWN_COUNT; i++)
        same = a->known[i] ? b->known[i] && a->known[i] - a->fields == b->known[i] - b->fields
                           : !b->known[i];
    return same;
}

static bool same_meaning(const struct head *a, const struct head *b)
{
    return a->method == b->method && strcmp(a->target, b->target) == 0 &&
           a->minor_1 == b->minor_1 && a->keep_alive == b->keep_alive && a->chunked == b->chunked &&
           a->has_length == b->has_length && a->length == b->length;
}

/* `head` is whole and good; `bytes` have its fields after another request line. */
static void again(const struct parsed *head, const char *first, const char *bytes, size_t len)
{
    static struct head_memo *memo;
    static struct parsed whole;
    struct head h;
    const char *why = NULL;
    int64_t end = 0;
    size_t scanned = 0;
    head_memo_keep(&memo, &head->head, head->bytes, first, head->len);
    if ((end = head_find(bytes, len, SIZE_MAX, &scanned)) != (int64_t)len)
        return;
    size_t line = head_memo_line(memo, bytes, len);
    if (!line)
        return;
    parse(&whole, bytes, len);
    AUTO(mem_freep) char *copy = mem_strndup(bytes, line);
    int status = head_parse_line(&h, head_memo_fields(memo), copy, line, &why);
    FUZZ_CHECK(status == whole.status);
    FUZZ_CHECK(status || (same_fields(&h, &whole.head) && same_meaning(&h, &whole.head)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct parsed head;
    static char other[2 * LIMIT_INPUT];
    const char *bytes = (const char *)data;
    size_t scanned = 0;
    const char *nul = size && size <= LIMIT_INPUT ? memchr(bytes, 0, size) : NULL;
    if (!nul)
        return 0;
    size_t line = (size_t)(nul - bytes), len = size - line - 1;
    const char *first = nul + 1;
    if (head_find(first, len, SIZE_MAX, &scanned) != (int64_t)len)
        return 0;
    parse(&head, first, len);
    if (head.status)
        return 0;
    const char *fields = (const char *)memchr(first, '\n', len) + 1;
    size_t n = len - (size_t)(fields - first);
    memcpy(other, bytes, line);
    memcpy(other + line, fields, n);
    again(&head, first, other, line + n);
    return 0;
}
