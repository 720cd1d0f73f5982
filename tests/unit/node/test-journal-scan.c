#include "../test.h"

#include "journal-maker.h"
#include "node/journal-scan.h"
#include "node/logs-private.h"

#include <dlfcn.h>
#include <unistd.h>

enum { N = 60, SECOND = 1000000, LONG = 700 };

/* What stands in the journal: entries of two files that overlap in time, the odd ones in the
 * second. */
static struct {
    char text[LONG + 64];
    const char *unit, *priority, *transport;
    int64_t time_us;
} all[N];

static const char pattern[] = "/tmp/hydra-test-scan-XXXXXX";
static char folder[sizeof pattern];
static size_t (*compress)(void *to, size_t room, const void *from, size_t n, int level);

static void think_up(void)
{
    static const char *const said[] = {"hay", "needle", "ERROR: printed", "hay", "<4>weak needle"};
    for (int i = 0; i < N; i++) {
        (void)snprintf(all[i].text, sizeof all[i].text, "%s %d", said[i % 5], i);
        if (i % 11 == 3)
            memset(all[i].text + strlen(all[i].text), 'x', LONG);
        all[i].unit = i % 3 ? "web.service" : "db.service";
        all[i].priority = i % 7 == 2 ? "3" : i % 7 == 4 ? "5" : "6";
        all[i].transport = i % 2 ? "stdout" : "journal";
        all[i].time_us = (100 + i) * (int64_t)SECOND;
    }
}

static void add(struct maker *m, int i)
{
    AUTO(mem_freep) char *message = mem_printf("MESSAGE=%s", all[i].text);
    AUTO(mem_freep) char *unit = mem_printf("_SYSTEMD_UNIT=%s", all[i].unit);
    AUTO(mem_freep) char *priority = mem_printf("PRIORITY=%s", all[i].priority);
    AUTO(mem_freep) char *transport = mem_printf("_TRANSPORT=%s", all[i].transport);
    maker_entry(m, (uint64_t)all[i].time_us, message, unit, priority, transport, "_UID=0", NULL);
}

static void write_file(struct maker *m, const char *name)
{
    AUTO(mem_freep) char *path = mem_printf("%s/%s", folder, name);
    maker_end(m);
    maker_write(m, path);
    maker_done(m);
}

/* One file is compressed and compact, one is neither; a third repeats some entries; one is broken.
 */
static int set_up(void **state)
{
    (void)state;
    struct maker even = maker_begin(true, 'e'), odd = maker_begin(false, 'o'),
                 again = maker_begin(true, 'z');
    void *zstd = dlopen("libzstd.so.1", RTLD_NOW);
    void *function = zstd ? dlsym(zstd, "ZSTD_compress") : NULL;
    assert_non_null(function); /* ./dev installs it */
    memcpy(&compress, &function, sizeof function);
    even.compress = compress;
    memcpy(folder, pattern, sizeof folder);
    assert_non_null(mkdtemp(folder));
    think_up();
    for (int i = 0; i < N; i++)
        add(i % 2 ? &odd : &even, i);
    for (int i = 10; i < 30; i++)
        add(&again, i);
    write_file(&even, "system@1.journal");
    write_file(&odd, "user-1000.journal");
    write_file(&again, "again.journal~");
    AUTO(mem_freep) char *broken = mem_printf("%s/broken.journal", folder);
    FILE *f = fopen(broken, "we");
    assert_non_null(f);
    (void)fputs("LPKSHHRH and nothing", f);
    return fclose(f);
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"system@1.journal", "user-1000.journal", "again.journal~",
                                        "broken.journal"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        AUTO(mem_freep) char *path = mem_printf("%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

/* --- what is expected --- */

struct wish {
    const char *text, *unit;
    enum line_level level;
};
static const struct wish wishes[] = {
    {"needle", NULL, LINE_NO_LEVEL},
    {"hay", "db.service", LINE_NO_LEVEL},
    {NULL, NULL, LINE_ERR},
    {NULL, "web.service", LINE_ERR},
    {"printed", "web.service", LINE_ERR},
    {NULL, NULL, LINE_WARNING},
    {"xxxx", NULL, LINE_NO_LEVEL},
    {"nowhere", NULL, LINE_NO_LEVEL},
    {NULL, "none.service", LINE_NO_LEVEL},
    {NULL, NULL, LINE_CRIT},
    {"needle", NULL, LINE_DEBUG},
    {NULL, "db.service", LINE_NOTICE},
};

static bool is_wished(const struct wish *w, int i)
{
    int priority = all[i].priority[0] - '0';
    bool printed = priority == 6 && str_eq(all[i].transport, "stdout");
    enum line_level of_text =
        printed ? line_level_of_text(all[i].text, strlen(all[i].text)) : LINE_NO_LEVEL;
    if (w->level < LINE_INFO && priority > (int)w->level && of_text > w->level)
        return false;
    return (!w->text || strstr(all[i].text, w->text)) && (!w->unit || str_eq(w->unit, all[i].unit));
}

static struct journal_scan *open_scan(const struct wish *w, bool newer, const char *cursor,
                                      int64_t edge_us, struct log_filter **filter)
{
    struct log_query q = {.text = (char *)w->text};
    struct journal_scan *s = NULL;
    assert_int_equal(log_filter_new(&q, NULL, filter), 0);
    struct journal_want want = {.folder = folder,
                                .unit = w->unit,
                                .level = w->level,
                                .filter = *filter,
                                .newer = newer,
                                .cursor = cursor,
                                .edge_us = edge_us};
    assert_int_equal(journal_scan_open(&want, &s), 0);
    return s;
}

/* A few entries at a time, as who has other things to do. */
static int next(struct journal_scan *s, int64_t *ret_us)
{
    int r;
    while ((r = journal_scan_next(s, 3, ret_us)) == -EAGAIN)
        ;
    return r;
}

/* Everything from entry `from` on is found, in order; *ret_cursors are those of the hits. */
static void check(const struct wish *w, bool newer, const char *cursor, int64_t edge_us, int from,
                  struct str_list *ret_cursors)
{
    struct log_filter *filter = NULL;
    struct journal_scan *s = open_scan(w, newer, cursor, edge_us, &filter);
    int64_t us;
    for (int i = from; i >= 0 && i < N; i += newer ? 1 : -1) {
        size_t n;
        if (!is_wished(w, i))
            continue;
        assert_int_equal(next(s, &us), 1);
        assert_int_equal(us, all[i].time_us);
        const char *text = journal_scan_field(s, "MESSAGE", &n);
        assert_non_null(text);
        assert_int_equal(n, strlen(all[i].text));
        assert_memory_equal(text, all[i].text, n);
        assert_null(journal_scan_field(s, "NEVER", &n));
        AUTO(mem_freep) char *here = journal_scan_cursor(s);
        if (ret_cursors)
            str_list_add(ret_cursors, here);
    }
    assert_int_equal(next(s, &us), 0);
    assert_int_equal(next(s, &us), 0);
    journal_scan_close(s);
    log_filter_free(filter);
}

static void finds_all_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wishes); i++) {
        check(&wishes[i], false, NULL, 0, N - 1, NULL);
        check(&wishes[i], true, NULL, 0, 0, NULL);
    }
}

static void begins_at_a_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wishes); i++) {
        check(&wishes[i], false, NULL, all[20].time_us, 20, NULL);
        check(&wishes[i], false, NULL, all[20].time_us - 1, 19, NULL);
        check(&wishes[i], true, NULL, all[20].time_us, 20, NULL);
        check(&wishes[i], true, NULL, all[20].time_us + 1, 21, NULL);
        check(&wishes[i], false, NULL, 1, -1, NULL);
        check(&wishes[i], true, NULL, INT64_MAX, N, NULL);
    }
}

static void goes_on_at_each_cursor(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wishes); i++) {
        struct str_list cursors = {0};
        size_t hit = 0;
        check(&wishes[i], true, NULL, 0, 0, &cursors);
        for (int k = 0; k < N; k++) {
            if (!is_wished(&wishes[i], k))
                continue;
            check(&wishes[i], true, cursors.v[hit], 0, k + 1, NULL);
            check(&wishes[i], false, cursors.v[hit], 0, k - 1, NULL);
            hit++;
        }
        assert_int_equal(hit, cursors.n);
        str_list_done(&cursors);
    }
}

/* What only the library reads: its cursors of other times, files of another sort. */
static void leaves_to_the_library(void **state)
{
    (void)state;
    static const char *const cursors[] = {"x", "s=1;i=2",
                                          "s=00112233445566778899aabbccddeeff;i=zz;b=1"};
    struct journal_scan *s = NULL;
    struct journal_want want = {.folder = folder, .level = LINE_NO_LEVEL};
    for (size_t i = 0; i < COUNT_OF(cursors); i++) {
        want.cursor = cursors[i];
        assert_int_equal(journal_scan_open(&want, &s), -EOPNOTSUPP);
    }
    want.cursor = NULL;
    struct maker m = maker_begin(false, 'x');
    add(&m, 0);
    m.flags = 1; /* XZ */
    write_file(&m, "broken.journal");
    assert_int_equal(journal_scan_open(&want, &s), -EOPNOTSUPP);
    assert_null(s);
}

static void no_folder_is_empty(void **state)
{
    (void)state;
    struct journal_scan *s = NULL;
    struct journal_want want = {.folder = "/nonexistent", .level = LINE_NO_LEVEL};
    int64_t us;
    assert_int_equal(journal_scan_open(&want, &s), 0);
    assert_int_equal(journal_scan_next(s, 1, &us), 0);
    journal_scan_close(s);
    journal_scan_close(NULL);
}

/* --- files of other folders --- */

static struct journal_scan *open_folder(const char *path, struct log_filter *filter)
{
    struct journal_scan *s = NULL;
    struct journal_want want = {
        .folder = path, .level = LINE_NO_LEVEL, .filter = filter, .newer = true};
    assert_int_equal(journal_scan_open(&want, &s), 0);
    return s;
}

static struct log_filter *filter_of(const char *text)
{
    struct log_query q = {.text = (char *)text};
    struct log_filter *filter = NULL;
    assert_int_equal(log_filter_new(&q, NULL, &filter), 0);
    return filter;
}

/* A compressed value in a file whose header says that there is none: the library for it was not
 * loaded. */
static void leaves_out_a_stray_flag(void **state)
{
    (void)state;
    char other[] = "/tmp/hydra-test-scan-XXXXXX";
    assert_non_null(mkdtemp(other));
    AUTO(mem_freep) char *path = mem_printf("%s/a.journal", other);
    struct maker m = maker_begin(true, 'f');
    m.compress = compress;
    for (int i = 0; i < N; i++)
        add(&m, i);
    m.flags &= ~(uint32_t)MAKER_ZSTD;
    maker_end(&m);
    maker_write(&m, path);
    maker_done(&m);
    struct log_filter *filter = filter_of("");
    struct journal_scan *s = open_folder(other, filter);
    int64_t us;
    for (int i = 0; i < N; i++) {
        if (i % 11 == 3) /* the long ones */
            continue;
        assert_int_equal(next(s, &us), 1);
        assert_int_equal(us, all[i].time_us);
    }
    assert_int_equal(next(s, &us), 0);
    journal_scan_close(s);
    log_filter_free(filter);
    unlink(path);
    assert_int_equal(rmdir(other), 0);
}

/* Values of fields that begin alike, longer ones too; each is told apart by its whole name. */
static void tells_compressed_fields_apart(void **state)
{
    (void)state;
    char other[] = "/tmp/hydra-test-scan-XXXXXX", x[LONG + 1];
    assert_non_null(mkdtemp(other));
    AUTO(mem_freep) char *path = mem_printf("%s/a.journal", other);
    struct maker m = maker_begin(false, 'f');
    memset(x, 'x', LONG);
    x[LONG] = 0;
    AUTO(mem_freep) char *more = mem_printf("MESSAGE_OF_A_NAME_LONGER_THAN_OTHERS=%s", x);
    AUTO(mem_freep) char *message = mem_printf("MESSAGE=%s", x);
    AUTO(mem_freep) char *command = mem_printf("_CMDLINE=%s y", x);
    m.compress = compress;
    maker_entry(&m, SECOND, more, message, command, NULL);
    maker_end(&m);
    maker_write(&m, path);
    maker_done(&m);
    struct log_filter *filter = filter_of("xxx");
    struct journal_scan *s = open_folder(other, filter);
    int64_t us;
    size_t n;
    assert_int_equal(next(s, &us), 1);
    for (int again = 0; again < 2; again++) {
        const char *value = journal_scan_field(s, "MESSAGE", &n);
        assert_int_equal(n, LONG);
        assert_memory_equal(value, x, LONG);
        value = journal_scan_field(s, "_CMDLINE", &n);
        assert_int_equal(n, LONG + 2);
        assert_memory_equal(value + LONG, " y", 2);
        assert_null(journal_scan_field(s, "MESSAG", &n));
        assert_null(journal_scan_field(s, "MESSAGE_", &n));
    }
    journal_scan_close(s);
    log_filter_free(filter);
    unlink(path);
    assert_int_equal(rmdir(other), 0);
}

static unsigned count_maps(const char *of)
{
    char line[4096];
    unsigned n = 0;
    FILE *f = fopen("/proc/self/maps", "re");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        n += strstr(line, of) != NULL;
    assert_int_equal(fclose(f), 0);
    return n;
}

/* More files than are looked at: that is the library's, and nothing of them is left behind. */
static void gives_up_too_many(void **state)
{
    (void)state;
    enum { MANY = 8192 + 1 };
    char other[] = "/tmp/hydra-test-scan-XXXXXX";
    struct journal_scan *s = NULL;
    struct journal_want want = {.folder = other, .level = LINE_NO_LEVEL};
    assert_non_null(mkdtemp(other));
    AUTO(mem_freep) char *first = mem_printf("%s/0.journal", other);
    struct maker m = maker_begin(true, 'f');
    add(&m, 0);
    maker_end(&m);
    maker_write(&m, first);
    maker_done(&m);
    for (int i = 1; i < MANY; i++) {
        AUTO(mem_freep) char *path = mem_printf("%s/%d.journal", other, i);
        assert_int_equal(link(first, path), 0);
    }
    assert_int_equal(journal_scan_open(&want, &s), -EOPNOTSUPP);
    assert_null(s);
    assert_int_equal(count_maps(other), 0);
    for (int i = 0; i < MANY; i++) {
        AUTO(mem_freep) char *path = mem_printf("%s/%d.journal", other, i);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(other), 0);
}

/* --- files that are cut short --- */

enum { CUT_N = 3000 };

static void write_long_file(const char *path, char seqnum_id, int64_t from_us, const char *word)
{
    struct maker m = maker_begin(true, seqnum_id);
    for (int i = 0; i < CUT_N; i++) {
        AUTO(mem_freep) char *message = mem_printf("MESSAGE=%s %d", word, i % 50);
        maker_entry(&m, (uint64_t)(from_us + (int64_t)i * 2), message, "PRIORITY=6", NULL);
    }
    maker_end(&m);
    maker_write(&m, path);
    maker_done(&m);
}

/* `hits` are read, then one of two files is cut: all of the other is found, and nothing false. */
static void check_cut(int hits, off_t left, bool newer)
{
    char other[] = "/tmp/hydra-test-scan-XXXXXX";
    assert_non_null(mkdtemp(other));
    AUTO(mem_freep) char *whole = mem_printf("%s/a.journal", other);
    AUTO(mem_freep) char *cut = mem_printf("%s/b.journal", other);
    write_long_file(whole, 'a', SECOND, "whole");
    write_long_file(cut, 'b', SECOND + 1, "torn");
    struct log_filter *filter = filter_of("o");
    struct journal_scan *s = NULL;
    struct journal_want want = {
        .folder = other, .level = LINE_NO_LEVEL, .filter = filter, .newer = newer};
    assert_int_equal(journal_scan_open(&want, &s), 0);
    int64_t us;
    int n_whole = 0, n_torn = 0;
    size_t n;
    for (int i = 0; next(s, &us) == 1; i++) {
        if (i == hits)
            assert_int_equal(truncate(cut, left), 0);
        const char *text = journal_scan_field(s, "MESSAGE", &n);
        AUTO(mem_freep) char *cursor = journal_scan_cursor(s);
        assert_non_null(cursor);
        bool is_whole = text && n >= 5 && memcmp(text, "whole", 5) == 0;
        assert_true(is_whole || !text || (n >= 4 && memcmp(text, "torn", 4) == 0));
        n_whole += is_whole;
        n_torn += !is_whole;
    }
    assert_int_equal(n_whole, CUT_N);
    assert_true(n_torn < CUT_N);
    journal_scan_close(s);
    log_filter_free(filter);
    unlink(whole);
    unlink(cut);
    assert_int_equal(rmdir(other), 0);
}

static void outlives_a_cut(void **state)
{
    (void)state;
    static const int hits[] = {0, 1, 2, 999, 1000};
    static const off_t left[] = {0, 4096, 16384, 65536};
    for (size_t i = 0; i < COUNT_OF(hits); i++)
        for (size_t k = 0; k < COUNT_OF(left); k++) {
            check_cut(hits[i], left[k], true);
            check_cut(hits[i], left[k], false);
        }
}

/* Late: it leaves nothing of the files. */
static void a_file_cut_short_is_at_its_end(void **state)
{
    (void)state;
    static const char *const names[] = {"system@1.journal", "user-1000.journal", "again.journal~"};
    const struct wish everything = {NULL, NULL, LINE_NO_LEVEL};
    struct log_filter *filter = NULL;
    struct journal_scan *s = open_scan(&everything, false, NULL, 0, &filter);
    int64_t us;
    size_t n;
    int hits = 1, r;
    assert_int_equal(next(s, &us), 1);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        AUTO(mem_freep) char *path = mem_printf("%s/%s", folder, names[i]);
        assert_int_equal(truncate(path, 0), 0);
    }
    assert_null(journal_scan_field(s, "MESSAGE", &n));
    while ((r = next(s, &us)) == 1)
        hits++;
    assert_int_equal(r, 0);
    assert_true(hits < N);
    journal_scan_close(s);
    log_filter_free(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_all_in_order),
        cmocka_unit_test(begins_at_a_time),
        cmocka_unit_test(goes_on_at_each_cursor),
        cmocka_unit_test(no_folder_is_empty),
        cmocka_unit_test(leaves_out_a_stray_flag),
        cmocka_unit_test(tells_compressed_fields_apart),
        cmocka_unit_test(gives_up_too_many),
        cmocka_unit_test(outlives_a_cut),
        cmocka_unit_test(a_file_cut_short_is_at_its_end),
        cmocka_unit_test(leaves_to_the_library), /* last: it leaves a file behind */
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
