#include "http/head-memo.h"

/* One piece of memory: this, the fields, the bytes as they came and as they were cut. */
struct head_memo {
    struct head head;
    char *bytes, *cut;
    size_t len, size; /* of the bytes; of everything */
    _Alignas(16) struct http_field fields[];
};

size_t head_memo_line(const struct head_memo *m, const char *bytes, size_t len)
{
    if (!m || len <= m->len)
        return 0;
    size_t line = len - m->len; /* all before the fields, if it is one line */
    return memchr(bytes, '\n', line) == bytes + line - 1 &&
                   memcmp(m->bytes, bytes + line, m->len) == 0
               ? line
               : 0;
}

const struct head *head_memo_fields(const struct head_memo *m)
{
    return &m->head;
}

static void fit(struct head_memo **m, size_t size)
{
    if (*m && (*m)->size >= size)
        return;
    *m = mem_realloc(*m, size);
    (*m)->size = size;
}

/* The same place in the memo's own copy; an empty value is static. */
static struct http_field moved(const struct http_field *f, const char *from, char *to)
{
    struct http_field own = *f;
    own.name = to + (f->name - from);
    if (f->value_len)
        own.value = to + (f->value - from);
    return own;
}

void head_memo_keep(struct head_memo **m, const struct head *h, const char *parsed,
                    const char *bytes, size_t len)
{
    size_t line = (size_t)((const char *)memchr(bytes, '\n', len) + 1 - bytes), n = len - line;
    size_t fields = h->n_fields * sizeof(struct http_field);
    if (n > LIMIT_HEAD_MEMO)
        return;
    fit(m, sizeof **m + fields + 2 * n);
    struct head_memo *to = *m;
    to->len = n;
    to->bytes = (char *)to->fields + fields;
    to->cut = to->bytes + n;
    memcpy(to->bytes, bytes + line, n);
    memcpy(to->cut, parsed + line, n);
    to->head = *h;
    to->head.fields = to->fields;
    for (unsigned i = 0; i < h->n_fields; i++)
        to->fields[i] = moved(&h->fields[i], parsed + line, to->cut);
    for (unsigned i = 0; i < HEAD_KNOWN_COUNT; i++)
        if (h->known[i])
            to->head.known[i] = to->fields + (h->known[i] - h->fields);
}
