#include "../test.h"

#include "journal-maker.h"
#include "node/logs-private.h"

#include <unistd.h>

enum { N = 3000 };

/* What a reader gave. */
struct taken {
    const char *cut; /* the file that is cut short once a batch is there; NULL = none */
    size_t lines, troubles;
    bool is_done;
};

static void take_batch(void *arg, struct log_batch *b)
{
    struct taken *t = arg;
    t->lines += b->lines.n;
    t->troubles += b->troubles.n;
    if (t->cut && truncate(TAKE(t->cut), 4096) < 0)
        abort();
    log_batch_done(b);
}

static void take_end(void *arg)
{
    ((struct taken *)arg)->is_done = true;
}

static void write_journal(const char *path)
{
    struct maker m = maker_begin(true, 'j');
    for (int i = 0; i < N; i++) {
        AUTO(mem_freep) char *message = mem_printf("MESSAGE=line %d", i % 50);
        maker_entry(&m, 1000000 + (uint64_t)i, message, "PRIORITY=6", NULL);
    }
    maker_end(&m);
    maker_write(&m, path);
    maker_done(&m);
}

/* Every line of a journal, which is libsystemd's to read. */
static struct taken read_all(bool cuts)
{
    char folder[] = "/tmp/hydra-test-logs-XXXXXX";
    assert_non_null(mkdtemp(folder));
    AUTO(mem_freep) char *path = mem_printf("%s/a.journal", folder);
    write_journal(path);
    struct taken t = {.cut = cuts ? path : NULL};
    struct log_query q = {.level = LINE_NO_LEVEL, .mode = LOG_MODE_ALL};
    struct log_sink sink = {take_batch, take_end, &t};
    struct log_place place = {
        .kind = LOG_PLACE_JOURNAL, .open = log_journal_open, .folder = mem_strdup(folder)};
    struct log_reader *r = log_reader_new(&q, &sink);
    log_reader_start(r, &place, 1);
    log_reader_join(r);
    log_reader_unref(r);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    return t;
}

static void reads_every_line(void **state)
{
    (void)state;
    struct taken t = read_all(false);
    assert_true(t.is_done);
    assert_int_equal(t.lines, N);
    assert_int_equal(t.troubles, 0);
}

static void comes_to_an_end_when_it_is_cut_short(void **state)
{
    (void)state;
    struct taken t = read_all(true);
    assert_true(t.is_done);
    assert_in_range(t.lines, LIMIT_LOG_BATCH, N - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_line),
        cmocka_unit_test(comes_to_an_end_when_it_is_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
