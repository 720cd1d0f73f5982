#include "http/head-memo.h"

struct kept {
    size_t len;                                      /* 0 = none */
    char raw[HEAD_MEMO_BYTES], cut[HEAD_MEMO_BYTES]; /* before and after head_parse() */
    struct head head;                                /* points into `cut` and `fields` */
    struct http_field fields[HEAD_MEMO_FIELDS];
};

struct head_memo {
    struct kept heads[HEAD_MEMO_HEADS];
    unsigned next; /* to make room */
};

struct head_memo *head_memo_new(void)
{
    return mem_alloc(sizeof(struct head_memo));
}

void head_memo_free(struct head_memo *m)
{
    mem_free(m);
}

static struct kept *find(struct head_memo *m, const char *bytes, size_t len)
{
    for (unsigned i = 0; i < HEAD_MEMO_HEADS; i++) {
        struct kept *k = &m->heads[i];
        if (k->len == len && memcmp(k->raw, bytes, len) == 0)
            return k;
    }
    return NULL;
}

/* `to` is `from`, with its own fields, and its text in `bytes` instead of `was`. */
static void move_head(struct head *to, const struct head *from, const char *was, char *bytes)
{
    struct http_field *fields = to->fields;
    unsigned max = to->max_fields;
    *to = *from;
    to->fields = fields;
    to->max_fields = max;
    to->target = bytes + (from->target - was);
    for (unsigned i = 0; i < from->n_fields; i++) {
        fields[i] = from->fields[i];
        fields[i].name = bytes + (fields[i].name - was);
        if (fields[i].value_len) /* an empty value is none of the bytes */
            fields[i].value = bytes + (fields[i].value - was);
    }
    for (unsigned i = 0; i < HEAD_KNOWN_COUNT; i++)
        if (from->known[i])
            to->known[i] = fields + (from->known[i] - from->fields);
}

static void keep(struct kept *k, const struct head *h, const char *bytes, size_t len)
{
    memcpy(k->cut, bytes, len);
    k->head = (struct head){.fields = k->fields, .max_fields = HEAD_MEMO_FIELDS};
    move_head(&k->head, h, bytes, k->cut);
    k->len = len;
}

int head_memo_parse(struct head_memo *m, struct head *h, char *bytes, size_t len,
                    const char **ret_why)
{
    if (len > HEAD_MEMO_BYTES)
        return head_parse(h, bytes, len, ret_why);
    struct kept *k = find(m, bytes, len);
    if (k && k->head.n_fields <= h->max_fields) {
        memcpy(bytes, k->cut, len);
        move_head(h, &k->head, k->cut, bytes);
        *ret_why = NULL;
        return 0;
    }
    k = &m->heads[m->next];
    k->len = 0;
    memcpy(k->raw, bytes, len);
    int status = head_parse(h, bytes, len, ret_why);
    if (status == 0 && h->n_fields <= HEAD_MEMO_FIELDS) {
        keep(k, h, bytes, len);
        m->next = (m->next + 1) % HEAD_MEMO_HEADS;
    }
    return status;
}
