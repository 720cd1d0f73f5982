/* A log that is made as it is read, through the reader that people's queries run on. */
#include "demo/diary.h"

#include "../test.h"
#include "base/clock.h"

#include <pthread.h>

#define HOUR_US (3600 * 1000000ll)
enum { US = 1000 };

struct seen {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct log_batch all; /* every batch's lines */
    bool done, whole;
};

static void on_batch(void *arg, struct log_batch *b)
{
    struct seen *s = arg;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < b->lines.n; i++)
        *vec_add(&s->all.lines) = b->lines.v[i];
    b->lines.n = 0;
    s->whole = b->whole;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static void on_done(void *arg)
{
    struct seen *s = arg;
    pthread_mutex_lock(&s->lock);
    s->done = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static struct log_reader *start(struct seen *s, const struct shelf *shelf, struct log_query *q)
{
    *s = (struct seen){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    struct log_reader *r =
        log_reader_new(q, &(struct log_sink){.batch = on_batch, .done = on_done, .arg = s});
    log_reader_start(
        r, &(struct log_place){.kind = LOG_PLACE_OTHER, .open = diary_open, .arg = shelf}, 1);
    return r;
}

static void finish(struct seen *s, struct log_reader *r)
{
    pthread_mutex_lock(&s->lock);
    while (!s->done)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
    log_reader_join(r);
    log_reader_unref(r);
}

static struct log_query query(enum log_mode mode, unsigned limit)
{
    return (struct log_query){.mode = mode, .limit = limit, .level = LINE_NO_LEVEL};
}

static void read_all(struct seen *s, const struct shelf *shelf, struct log_query *q)
{
    finish(s, start(s, shelf, q));
}

static struct lines *lines;
static const struct patterns *patterns;
static int64_t now_us;

static int set_up(void **state)
{
    (void)state;
    struct err e = {0};
    lines = lines_new();
    assert_int_equal(lines_parse(lines, "t",
                                 "= docker/*\n~ 5\n> began\n< ended\n9 INFO: usual {x8}\n"
                                 "1 ERROR: rare token=abcdefghijkl {x8}\n",
                                 &e),
                     0);
    patterns = lines_of(lines, "n", "docker/a");
    now_us = clock_wall_ms() * US;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lines_free(lines);
    return 0;
}

static void assert_in_order(const struct seen *s)
{
    for (size_t i = 1; i < s->all.lines.n; i++)
        assert_true(s->all.lines.v[i].time_us > s->all.lines.v[i - 1].time_us);
}

static void test_pages_meet(void **state)
{
    (void)state;
    struct diary *d = diary_new(patterns, "docker/a", 3, now_us - 2 * HOUR_US);
    struct shelf shelf = {0};
    *vec_add(&shelf.diaries) = d;
    struct seen all, page;
    struct log_query q = query(LOG_MODE_ALL, 1);
    q.until_us = now_us - 1000;
    read_all(&all, &shelf, &q);
    assert_true(all.all.lines.n > 1000);
    assert_in_order(&all);
    /* From the end to the beginning, page by page: the same lines. */
    size_t left = all.all.lines.n;
    q = query(LOG_MODE_OLDER, 300);
    q.until_us = now_us - 1000;
    for (bool whole = false; !whole;) {
        read_all(&page, &shelf, &q);
        assert_true(page.all.lines.n <= left);
        left -= page.all.lines.n;
        for (size_t i = 0; i < page.all.lines.n; i++)
            assert_string_equal(page.all.lines.v[i].text, all.all.lines.v[left + i].text);
        str_list_done(&q.from.cursors);
        q.from.cursors = (struct str_list){0};
        if (page.all.lines.n)
            str_list_add(&q.from.cursors, page.all.lines.v[0].cursor);
        whole = page.whole || !page.all.lines.n;
        log_batch_done(&page.all);
    }
    assert_int_equal(left, 0);
    str_list_done(&q.from.cursors);
    log_batch_done(&all.all);
    vec_done(&shelf.diaries);
    diary_free(d);
}

static void test_filters(void **state)
{
    (void)state;
    struct diary *d = diary_new(patterns, "docker/a", 0, now_us - HOUR_US);
    struct shelf shelf = {.is_journal = true};
    *vec_add(&shelf.diaries) = d;
    struct seen s;
    struct log_query q = query(LOG_MODE_NEWER, 20);
    q.level = LINE_ERR;
    read_all(&s, &shelf, &q);
    assert_int_equal(s.all.lines.n, 20);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(s.all.lines.v[i].level, LINE_ERR);
        assert_non_null(strstr(s.all.lines.v[i].text, "token=***"));
        assert_string_equal(s.all.lines.v[i].service, "docker/a");
    }
    log_batch_done(&s.all);
    q = query(LOG_MODE_OLDER, 50);
    q.text = (char *)"usual";
    read_all(&s, &shelf, &q);
    assert_int_equal(s.all.lines.n, 50);
    log_batch_done(&s.all);
    vec_done(&shelf.diaries);
    diary_free(d);
}

static void test_quiet(void **state)
{
    (void)state;
    struct diary *d = diary_new(patterns, "docker/a", 0, now_us - HOUR_US);
    struct shelf shelf = {0};
    *vec_add(&shelf.diaries) = d;
    struct seen s;
    int64_t from = now_us - 1200000000, to = now_us - 600000000;
    diary_quiet(d, from);
    diary_say(d, LINES_STOP, from);
    diary_loud(d, diary_say(d, LINES_START, to));
    diary_note(d, from, LINE_CRIT, "first");
    diary_note(d, from, LINE_CRIT, "second");
    struct log_query q = query(LOG_MODE_ALL, 1);
    q.since_us = from;
    q.until_us = to + 1000000;
    read_all(&s, &shelf, &q);
    assert_in_order(&s);
    assert_true(s.all.lines.n >= 4);
    assert_string_equal(s.all.lines.v[0].text, "ended");
    assert_string_equal(s.all.lines.v[1].text, "first");
    assert_string_equal(s.all.lines.v[2].text, "second");
    assert_int_equal(s.all.lines.v[2].level, LINE_CRIT);
    assert_string_equal(s.all.lines.v[3].text, "began");
    log_batch_done(&s.all);
    vec_done(&shelf.diaries);
    diary_free(d);
}

static void test_follows(void **state)
{
    (void)state;
    struct diary *d = diary_new(NULL, "docker/a", 0, now_us - HOUR_US);
    struct shelf shelf = {0};
    *vec_add(&shelf.diaries) = d;
    struct seen s;
    struct log_query q = query(LOG_MODE_FOLLOW, 10);
    struct log_reader *r = start(&s, &shelf, &q);
    diary_note(d, clock_wall_ms() * US + 50000, LINE_INFO, "just now");
    pthread_mutex_lock(&s.lock);
    while (!s.all.lines.n)
        pthread_cond_wait(&s.changed, &s.lock);
    pthread_mutex_unlock(&s.lock);
    assert_string_equal(s.all.lines.v[0].text, "just now");
    log_reader_cancel(r);
    finish(&s, r);
    assert_int_equal(s.all.lines.n, 1);
    log_batch_done(&s.all);
    vec_done(&shelf.diaries);
    diary_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_meet),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_follows),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
