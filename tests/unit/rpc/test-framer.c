#include "../test.h"

#include "rpc/framer.h"

#include <errno.h>
#include <zlib.h>

struct seen {
    struct str text; /* the messages, each followed by '|' */
    unsigned n;
    int answer;
};

static int on_message(void *arg, const void *bytes, size_t len)
{
    struct seen *s = arg;
    str_add_n(&s->text, bytes, len);
    str_add_char(&s->text, '|');
    s->n++;
    return s->answer;
}

static void test_every_cut(void **state)
{
    (void)state;
    struct str wire = {0};
    framer_add(&wire, "one", 3);
    framer_add(&wire, "", 0);
    framer_add(&wire, "three", 5);
    for (size_t step = 1; step <= wire.len; step++) {
        struct framer f = {0};
        struct seen s = {0};
        for (size_t i = 0; i < wire.len; i += step) {
            size_t n = wire.len - i < step ? wire.len - i : step;
            assert_int_equal(framer_feed(&f, wire.p + i, n, on_message, &s), 0);
        }
        assert_string_equal(str_text(&s.text), "one||three|");
        assert_true(framer_is_between(&f));
        framer_done(&f);
        str_done(&s.text);
    }
    str_done(&wire);
}

static void test_half_a_message_is_noticed(void **state)
{
    (void)state;
    struct framer f = {0};
    struct seen s = {0};
    assert_int_equal(framer_feed(&f, "\0\0\0\0\5ab", 7, on_message, &s), 0);
    assert_false(framer_is_between(&f));
    assert_int_equal(s.n, 0);
    framer_done(&f);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        bool gzip;
        int r;
    } rows[] = {{"\1\0\0\0\1a", false, -EBADMSG},
                {"\2\0\0\0\1a", true, -EBADMSG},
                {"\0\0\x40\0\1a", false, -EMSGSIZE},
                {"\0\xff\xff\xff\xff", false, -EMSGSIZE},
                {"\1\0\0\0\1a", true, -EBADMSG}};
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t cut = 0; cut < 5; cut++) {
            struct framer f = {.gzip = rows[i].gzip};
            struct seen s = {0};
            int r = framer_feed(&f, rows[i].bytes, cut, on_message, &s);
            if (r == 0)
                r = framer_feed(&f, rows[i].bytes + cut, 6 - cut, on_message, &s);
            assert_int_equal(r, rows[i].r);
            assert_int_equal(s.n, 0);
            framer_done(&f);
            str_done(&s.text);
        }
}

static size_t add_compressed(struct str *wire, const void *bytes, size_t len)
{
    size_t size = compressBound((uLong)len) + 64;
    unsigned char *out = mem_alloc(size);
    z_stream z = {.next_in = (unsigned char *)bytes,
                  .avail_in = (uInt)len,
                  .next_out = out,
                  .avail_out = (uInt)size};
    deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    deflate(&z, Z_FINISH);
    size_t at = wire->len;
    framer_add(wire, out, z.total_out);
    wire->p[at] = 1;
    deflateEnd(&z);
    mem_free(out);
    return wire->len - at;
}

static void test_compressed(void **state)
{
    (void)state;
    struct str wire = {0}, plain = {0};
    struct framer f = {.gzip = true};
    struct seen s = {0};
    for (int i = 0; i < 200000; i++)
        str_add_char(&plain, 'x');
    add_compressed(&wire, "small", 5);
    framer_add(&wire, "plain", 5);
    add_compressed(&wire, plain.p, plain.len);
    assert_int_equal(framer_feed(&f, wire.p, wire.len, on_message, &s), 0);
    assert_int_equal(s.n, 3);
    assert_int_equal(s.text.len, 5 + 5 + plain.len + 3);
    framer_done(&f);
    str_done(&s.text);
    str_done(&wire);
    str_done(&plain);
}

static void test_a_bomb_is_refused(void **state)
{
    (void)state;
    size_t len = LIMIT_RPC_MESSAGE + 1;
    char *zeros = mem_alloc(len);
    struct str wire = {0};
    struct framer f = {.gzip = true};
    struct seen s = {0};
    add_compressed(&wire, zeros, len);
    assert_int_equal(framer_feed(&f, wire.p, wire.len, on_message, &s), -EMSGSIZE);
    str_clear(&wire);
    add_compressed(&wire, zeros, len - 1);
    assert_int_equal(framer_feed(&f, wire.p, wire.len, on_message, &s), 0);
    assert_int_equal(s.n, 1);
    framer_done(&f);
    str_done(&s.text);
    str_done(&wire);
    mem_free(zeros);
}

static void test_a_bound_of_its_own(void **state)
{
    (void)state;
    char *zeros = mem_alloc(101);
    struct str wire = {0};
    struct seen s = {0};
    struct framer f = {.gzip = true, .max = 100};
    add_compressed(&wire, zeros, 100);
    framer_add(&wire, zeros, 100);
    assert_int_equal(framer_feed(&f, wire.p, wire.len, on_message, &s), 0);
    assert_int_equal(s.n, 2);
    str_clear(&wire);
    add_compressed(&wire, zeros, 101);
    assert_int_equal(framer_feed(&f, wire.p, wire.len, on_message, &s), -EMSGSIZE);
    framer_done(&f);
    f = (struct framer){.max = 100};
    assert_int_equal(framer_max(&f), 100);
    assert_int_equal(framer_feed(&f, "\0\0\0\0", 4, on_message, &s), 0);
    assert_int_equal(framer_feed(&f, "\x65", 1, on_message, &s), -EMSGSIZE); /* no byte of it */
    framer_done(&f);
    assert_int_equal(framer_max(&(struct framer){0}), LIMIT_RPC_MESSAGE);
    str_done(&s.text);
    str_done(&wire);
    mem_free(zeros);
}

static void test_the_reader_stops_it(void **state)
{
    (void)state;
    struct str wire = {0};
    struct framer f = {0};
    struct seen s = {.answer = -ECANCELED};
    framer_add(&wire, "a", 1);
    framer_add(&wire, "b", 1);
    assert_int_equal(framer_feed(&f, wire.p, wire.len, on_message, &s), -ECANCELED);
    assert_int_equal(s.n, 1);
    framer_done(&f);
    str_done(&s.text);
    str_done(&wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_cut),
                                       cmocka_unit_test(test_half_a_message_is_noticed),
                                       cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_compressed),
                                       cmocka_unit_test(test_a_bomb_is_refused),
                                       cmocka_unit_test(test_a_bound_of_its_own),
                                       cmocka_unit_test(test_the_reader_stops_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
