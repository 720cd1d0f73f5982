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
    void *compress = zstd ? dlsym(zstd, "ZSTD_compress") : NULL;
    assert_non_null(compress); /* ./dev installs it */
    memcpy(&even.compress, &compress, sizeof compress);
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
        cmocka_unit_test(finds_all_in_order),     cmocka_unit_test(begins_at_a_time),
        cmocka_unit_test(goes_on_at_each_cursor), cmocka_unit_test(no_folder_is_empty),
        cmocka_unit_test(leaves_to_the_library), /* last: it leaves a file behind */
    };
    /* Alone and first: cmocka takes the signal for itself before each test. */
    const struct CMUnitTest cut_short[] = {cmocka_unit_test(a_file_cut_short_is_at_its_end)};
    int failed = cmocka_run_group_tests(cut_short, set_up, tear_down);
    return failed ? failed : cmocka_run_group_tests(tests, set_up, tear_down);
}
