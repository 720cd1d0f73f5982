#include "../test.h"

#include "http/head-memo.h"

#include <stdio.h>

enum { MAX_FIELDS = 40 };

/* A head with memory of its own, as an exchange has it. */
struct taken {
    struct head h;
    struct http_field fields[MAX_FIELDS];
    char bytes[2 * HEAD_MEMO_BYTES];
    size_t len;
    int status;
    const char *why;
};

static void take(struct head_memo *m, const char *text, struct taken *t)
{
    t->len = strlen(text);
    memcpy(t->bytes, text, t->len);
    t->h = (struct head){.fields = t->fields, .max_fields = MAX_FIELDS};
    t->status = m ? head_memo_parse(m, &t->h, t->bytes, t->len, &t->why)
                  : head_parse(&t->h, t->bytes, t->len, &t->why);
}

static void assert_own(const struct taken *t, const char *text)
{
    assert_true(text >= t->bytes && text < t->bytes + t->len);
}

static void assert_same(const struct taken *a, const struct taken *b)
{
    assert_string_equal(a->h.method, b->h.method);
    assert_string_equal(a->h.target, b->h.target);
    assert_int_equal(a->h.target_len, b->h.target_len);
    assert_int_equal(a->h.minor_1, b->h.minor_1);
    assert_int_equal(a->h.keep_alive, b->h.keep_alive);
    assert_int_equal(a->h.chunked, b->h.chunked);
    assert_int_equal(a->h.has_length, b->h.has_length);
    assert_int_equal(a->h.length, b->h.length);
    assert_int_equal(a->h.repeated, b->h.repeated);
    assert_int_equal(a->h.max_fields, b->h.max_fields);
    assert_int_equal(a->h.n_fields, b->h.n_fields);
    for (unsigned i = 0; i < a->h.n_fields; i++) {
        assert_string_equal(a->fields[i].name, b->fields[i].name);
        assert_string_equal(a->fields[i].value, b->fields[i].value);
        assert_own(a, a->fields[i].name);
        if (a->fields[i].value_len)
            assert_own(a, a->fields[i].value);
    }
    for (unsigned i = 0; i < HEAD_KNOWN_COUNT; i++) {
        assert_int_equal(a->h.known[i] != NULL, b->h.known[i] != NULL);
        if (a->h.known[i])
            assert_int_equal(a->h.known[i] - a->fields, b->h.known[i] - b->fields);
    }
}

/* The same is said of it at first, again, and after an exchange has changed its bytes. */
static void assert_remembered(struct head_memo *m, const char *text)
{
    struct taken plain, t;
    take(NULL, text, &plain);
    for (int i = 0; i < 3; i++) {
        take(m, text, &t);
        assert_int_equal(t.status, plain.status);
        if (plain.why)
            assert_string_equal(t.why, plain.why);
        else
            assert_null(t.why);
        if (t.status == 0)
            assert_same(&t, &plain);
        memset(t.bytes, 'x', t.len);
        memset(t.fields, 0, sizeof t.fields);
    }
}

static const char *const heads[] = {
    "GET /a?b=c HTTP/1.1\r\nhOsT:  example:1 \t\r\nX-Empty:\r\nCookie: a=b\r\n\r\n",
    "GET /a?b=c HTTP/1.1\r\nhOsT:  example:1 \t\r\nX-Empty:\r\nCookie: a=c\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nCookie: a\r\nCookie: b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /4 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /5 HTTP/1.1\r\nHost: a\r\n\r\n",
};

static void says_what_parsing_says(void **state)
{
    (void)state;
    struct head_memo *m = head_memo_new();
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < COUNT_OF(heads); i++)
            assert_remembered(m, heads[i]);
    head_memo_free(m);
}

/* More fields than it keeps, fewer than are taken; bytes to the brim and one more. */
static void takes_large_heads(void **state)
{
    (void)state;
    struct head_memo *m = head_memo_new();
    char text[2 * HEAD_MEMO_BYTES] = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (unsigned i = 0; i < HEAD_MEMO_FIELDS; i++)
        sprintf(text + strlen(text), "A%u: %u\r\n", i, i);
    strcat(text, "\r\n");
    assert_remembered(m, text);
    for (int more = 0; more < 2; more++) {
        const char begin[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ", end[] = "\r\n\r\n";
        size_t value = HEAD_MEMO_BYTES - (sizeof begin - 1) - (sizeof end - 1) + (size_t)more;
        sprintf(text, "%s%0*d%s", begin, (int)value, 7, end);
        assert_int_equal(strlen(text), HEAD_MEMO_BYTES + more);
        assert_remembered(m, text);
    }
    head_memo_free(m);
}

/* What was kept for a caller of more fields is too much for this one. */
static void keeps_to_the_callers_fields(void **state)
{
    (void)state;
    struct head_memo *m = head_memo_new();
    struct taken t;
    take(m, heads[0], &t);
    assert_int_equal(t.status, 0);
    memcpy(t.bytes, heads[0], t.len);
    t.h = (struct head){.fields = t.fields, .max_fields = 2};
    assert_int_equal(head_memo_parse(m, &t.h, t.bytes, t.len, &t.why), 431);
    head_memo_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_parsing_says),
        cmocka_unit_test(takes_large_heads),
        cmocka_unit_test(keeps_to_the_callers_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
