/* Parsers of single lines and files: scan.h, keyed.h, /proc/PID/stat. */
#include "../test.h"

#include "node/keyed.h"
#include "node/processes.h"

#include <errno.h>
#include <math.h>

static struct scan text(const char *s)
{
    return (struct scan){s, s + strlen(s)};
}

static void test_numbers(void **state)
{
    (void)state;
    uint64_t u = 7, many[4];
    int64_t i;
    double d;
    struct scan s = text("  12 x");
    assert_true(scan_u64(&s, &u));
    assert_int_equal(u, 12);
    assert_false(scan_u64(&s, &u));
    assert_int_equal(u, 12);
    s = text("18446744073709551615");
    assert_true(scan_u64(&s, &u));
    assert_true(u == UINT64_MAX);
    s = text("-42\n7");
    assert_true(scan_i64(&s, &i));
    assert_int_equal(i, -42);
    assert_false(scan_i64(&s, &i)); /* not beyond the line */
    s = text("-");
    assert_false(scan_i64(&s, &i));
    s = text("0.25 12. 3");
    assert_true(scan_decimal(&s, &d) && d == 0.25);
    assert_true(scan_decimal(&s, &d) && d == 12);
    assert_true(scan_decimal(&s, &d) && d == 3);
    assert_false(scan_decimal(&s, &d));
    s = text("1 2 3");
    assert_int_equal(scan_numbers(&s, many, 4), 3);
    s = text("");
    assert_false(scan_u64(&s, &u));
    assert_false(scan_next_line(&s));
}

static void test_words_and_lines(void **state)
{
    (void)state;
    const char *w;
    struct scan s = text(" eth0:12\nlast");
    assert_int_equal(scan_word(&s, ':', &w), 4);
    assert_memory_equal(w, "eth0", 4);
    assert_int_equal(*s.p, ':');
    assert_true(scan_next_line(&s));
    assert_false(scan_text(&s, "lasting"));
    assert_true(scan_text(&s, "last"));
    assert_int_equal(scan_word(&s, 0, &w), 0);
    assert_false(scan_next_line(&s));
}

static const struct keyed_field fields[] = {
    {"B:", 1024, {"b", SERIES_GAUGE, "", NULL}},
    {"D:", 1, {"d", SERIES_GAUGE, "", NULL}},
    {"Missing:", 1, {"missing", SERIES_GAUGE, "", NULL}},
};

static void test_keyed_follows_a_layout_that_changes(void **state)
{
    (void)state;
    struct series *s = series_new();
    struct keyed k;
    keyed_init(&k, s, fields, COUNT_OF(fields), "");
    double *v = series_at(s, k.first);
    assert_int_equal(keyed_read(&k, s, text("A: 1\nB: 2 kB\nC: 3\nD: 4\n")), 0);
    assert_true(v[0] == 2048 && v[1] == 4 && isnan(v[2]));
    assert_int_equal(keyed_read(&k, s, text("A: 1\nB: 3 kB\nC: 3\nD: 5\n")), 0);
    assert_true(v[0] == 3072 && v[1] == 5);
    assert_int_equal(keyed_read(&k, s, text("D: 6\nMissing: 9\n")), 0);
    assert_true(isnan(v[0]) && v[1] == 6 && v[2] == 9);
    assert_int_equal(keyed_read(&k, s, text("nothing\n")), -EBADMSG);
    assert_int_equal(keyed_read(&k, s, text("")), -EBADMSG);
    assert_int_equal(keyed_read(&k, s, text("B: \n")), -EBADMSG);
    series_free(s);
}

#define TAIL "S 2 3 3 0 -1 4194560 1 2 3 4 100 50 7 8 20 0 5 0 999 1000 77 18446744073709551615 1 1"

static void test_process_stat(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
        int error;
    } cases[] = {
        {"1 (init) " TAIL, "init", 0},
        {"1 (a) b (c)) " TAIL, "a) b (c)", 0},
        {"1 () " TAIL, "", 0},
        {"1 (a name of more than sixteen) " TAIL, "a name of more than", 0},
        {"1 (init) S 2 3", "", -EBADMSG},
        {"1 (init)", "", -EBADMSG},
        {"1 init S", "", -EBADMSG},
        {"1 )init(", "", -EBADMSG},
        {"", "", -EBADMSG},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct process_stat p;
        assert_int_equal(process_stat_parse(text(cases[i].text), &p), cases[i].error);
        if (cases[i].error)
            continue;
        assert_string_equal(p.name, cases[i].name);
        assert_int_equal(p.state, 'S');
        assert_int_equal(p.parent, 2);
        assert_int_equal(p.cpu_ticks, 150);
        assert_int_equal(p.threads, 5);
        assert_int_equal(p.start_ticks, 999);
        assert_int_equal(p.memory_pages, 77);
        assert_false(p.kernel);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_words_and_lines),
        cmocka_unit_test(test_keyed_follows_a_layout_that_changes),
        cmocka_unit_test(test_process_stat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
