#include "../test.h"

#include "stream/window-private.h"

#include <pthread.h>
#include <stdio.h>

static uint64_t add(struct event_log *log, const char *data)
{
    uint64_t sequence = 0;
    struct event_draft d = {
        .topic = EVENT_CLASS_CUSTOM, .type = "a", .data = data, .len = strlen(data)};
    assert_int_equal(event_log_append(log, &d, &sequence), 0);
    return sequence;
}

static void frames_carry_id_type_and_data(void **state)
{
    (void)state;
    struct event_log *log = event_log_new(NULL, 1764000000123);
    assert_int_equal(event_log_last(log), 0);
    assert_int_equal(add(log, "{\"x\":1}"), 1);
    assert_int_equal(event_log_last(log), 1);
    struct event_window w;
    event_window_init(&w, log);
    const struct event_frame *f = event_window_at(&w, 1);
    const char *text = "id: 1764000000123-1\nevent: a\ndata: {\"x\":1}\n\n";
    assert_int_equal(f->len, strlen(text));
    assert_memory_equal(f->text, text, f->len);
    event_window_done(&w);
    event_log_free(log);
}

static void ring_wraps_by_entries(void **state)
{
    (void)state;
    struct event_log_limits limits = {.entries = 4, .bytes = 1000, .frame_bytes = 1000};
    struct event_log *log = event_log_new(&limits, 7);
    struct event_window w;
    event_window_init(&w, log);
    for (uint64_t i = 1; i <= 50; i++) {
        assert_int_equal(add(log, "x"), i);
        if (i % 3 == 0)
            assert_true(event_window_sync(&w));
    }
    assert_int_equal(event_log_stats(log).entries, 4);
    assert_true(event_window_sync(&w));
    assert_false(event_window_sync(&w));
    assert_int_equal(w.first, 47);
    assert_int_equal(w.next, 51);
    for (uint64_t s = w.first; s < w.next; s++)
        assert_int_equal(event_window_at(&w, s)->sequence, s);
    event_window_done(&w);
    event_log_free(log);
}

static void ring_wraps_by_bytes(void **state)
{
    (void)state;
    struct event_log_limits limits = {.entries = 1000, .bytes = 300, .frame_bytes = 300};
    struct event_log *log = event_log_new(&limits, 7);
    for (int i = 0; i < 100; i++) {
        add(log, "0123456789");
        assert_in_range(event_log_stats(log).bytes, 1, 300);
    }
    size_t one = strlen("id: 7-99\nevent: a\ndata: 0123456789\n\n");
    assert_int_equal(event_log_stats(log).entries, 300 / one);

    char big[230];
    memset(big, 'b', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    add(log, big);
    struct event_log_stats s = event_log_stats(log);
    assert_int_equal(s.entries, 2); /* the big one, and of the others the one that still fits */
    assert_in_range(s.bytes, 230, 300);
    assert_int_equal(s.appended_total, 101);
    event_log_free(log);
}

static void bad_drafts_are_refused(void **state)
{
    (void)state;
    static const char long_type[] =
        "0123456789012345678901234567890123456789012345678901234567890123"
        "4";
    const struct {
        const char *type;
        size_t len;
        enum event_class topic;
        int result;
    } rows[] = {
        {"ok", 2, EVENT_CLASS_STATE, 0},
        {long_type + 1, 2, EVENT_CLASS_STATE, 0},
        {long_type, 2, EVENT_CLASS_STATE, -EINVAL},
        {"", 2, EVENT_CLASS_STATE, -EINVAL},
        {NULL, 2, EVENT_CLASS_STATE, -EINVAL},
        {"Upper", 2, EVENT_CLASS_STATE, -EINVAL},
        {"new\nline", 2, EVENT_CLASS_STATE, -EINVAL},
        {"sp ace", 2, EVENT_CLASS_STATE, -EINVAL},
        {"ok", 2, EVENT_CLASS_COUNT, -EINVAL},
        {"ok", 501, EVENT_CLASS_STATE, -E2BIG},
        {"ok", 490, EVENT_CLASS_STATE, -E2BIG},
        {"ok", 430, EVENT_CLASS_STATE, 0},
    };
    char data[501];
    memset(data, 'x', sizeof data);
    struct event_log_limits limits = {.entries = 10, .bytes = 500, .frame_bytes = 500};
    struct event_log *log = event_log_new(&limits, 7);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t sequence = 99;
        struct event_draft d = {rows[i].topic, NULL, rows[i].type, 0, data, rows[i].len};
        assert_int_equal(event_log_append(log, &d, &sequence), rows[i].result);
        assert_true(rows[i].result == 0 ? sequence != 99 : sequence == 99);
    }
    uint64_t sequence = 99;
    struct event_draft d = {EVENT_CLASS_STATE, NULL, "ok", 0, data, 10};
    mem_fail_nth(1);
    assert_int_equal(event_log_append(log, &d, &sequence), -ENOMEM);
    event_log_free(log);
}

static void ids_resume_or_say_why_not(void **state)
{
    (void)state;
    struct event_log_limits limits = {.entries = 4, .bytes = 1000, .frame_bytes = 1000};
    struct event_log *log = event_log_new(&limits, 500);
    const struct {
        const char *id;
        int result;
        uint64_t next;
    } rows[] = {
        {"500-10", 0, 11},
        {"500-9", 0, 10},
        {"500-6", 0, 7},
        {"500-5", -ESTALE, 0},
        {"500-0", -ESTALE, 0},
        {"500-11", -ESTALE, 0},
        {"500-18446744073709551615", -ESTALE, 0},
        {"500-18446744073709551616", -EINVAL, 0},
        {"99999999999999999999999-1", -EINVAL, 0},
        {"499-10", -ESTALE, 0},
        {"501-10", -ESTALE, 0},
        {"0500-010", 0, 11},
        {"500-", -EINVAL, 0},
        {"-10", -EINVAL, 0},
        {"500", -EINVAL, 0},
        {"", -EINVAL, 0},
        {NULL, -EINVAL, 0},
        {"500-10 ", -EINVAL, 0},
        {" 500-10", -EINVAL, 0},
        {"500-+10", -EINVAL, 0},
        {"500--10", -EINVAL, 0},
        {"500-1a", -EINVAL, 0},
        {"x", -EINVAL, 0},
    };
    uint64_t next = 0;
    assert_int_equal(event_log_resume(log, "500-0", &next), 0); /* nothing was lost yet */
    assert_int_equal(next, 1);
    for (int i = 0; i < 10; i++)
        add(log, "x");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        next = 0;
        assert_int_equal(event_log_resume(log, rows[i].id, &next), rows[i].result);
        assert_int_equal(next, rows[i].next);
    }
    char id[EVENT_ID_SIZE];
    assert_string_equal(event_log_id(log, 10, id), "500-10");
    event_log_free(log);
}

static void count(void *arg)
{
    ++*(int *)arg;
}

static void wakers_come_and_go(void **state)
{
    (void)state;
    int a = 0, b = 0;
    struct event_log *log = event_log_new(NULL, 1);
    event_log_on_append(log, count, &a);
    event_log_on_append(log, count, &b);
    add(log, "x");
    event_log_off_append(log, count, &a);
    add(log, "x");
    assert_int_equal(a, 1);
    assert_int_equal(b, 2);
    event_log_free(log);
}

/* ---- many threads ---- */

enum { APPENDERS = 3, READERS = 2, EACH = 4000 };

struct crowd {
    struct event_log *log;
    pthread_barrier_t start;
    atomic_int left;
    atomic_uint_fast64_t read;
};

static void *append_many(void *arg)
{
    struct crowd *c = arg;
    pthread_barrier_wait(&c->start);
    for (int i = 0; i < EACH; i++)
        add(c->log,
            i % 7 ? "{\"short\":true}" : "{\"longer\":\"0123456789012345678901234567890\"}");
    atomic_fetch_sub(&c->left, 1);
    return NULL;
}

static bool ends_well(const struct event_frame *f)
{
    return f->len > 10 && !memcmp(f->text, "id: 9-", 6) &&
           !memcmp(f->text + f->len - 3, "}\n\n", 3);
}

static void *read_all(void *arg)
{
    struct crowd *c = arg;
    struct event_window w;
    event_window_init(&w, c->log);
    uint64_t seen = w.next - 1;
    pthread_barrier_wait(&c->start);
    bool more = true, good = true;
    while (more) {
        more = atomic_load(&c->left) > 0;
        more |= event_window_sync(&w);
        for (seen = seen + 1 < w.first ? w.first - 1 : seen; seen + 1 < w.next; seen++) {
            const struct event_frame *f = event_window_at(&w, seen + 1);
            good = good && f->sequence == seen + 1 && ends_well(f);
            atomic_fetch_add(&c->read, 1);
        }
    }
    event_window_done(&w);
    return good && seen == (uint64_t)APPENDERS * EACH ? c : NULL;
}

static void append_and_read_at_once(void **state)
{
    (void)state;
    struct event_log_limits limits = {.entries = 64, .bytes = 3000, .frame_bytes = 1000};
    struct crowd c = {.log = event_log_new(&limits, 9), .left = APPENDERS};
    pthread_barrier_init(&c.start, NULL, APPENDERS + READERS);
    pthread_t threads[APPENDERS + READERS];
    for (int i = 0; i < APPENDERS + READERS; i++)
        pthread_create(&threads[i], NULL, i < APPENDERS ? append_many : read_all, &c);
    for (int i = 0; i < APPENDERS + READERS; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        if (i >= APPENDERS)
            assert_ptr_equal(result, &c);
    }
    assert_int_equal(event_log_last(c.log), APPENDERS * EACH);
    assert_true(c.read > 0);
    pthread_barrier_destroy(&c.start);
    event_log_free(c.log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_carry_id_type_and_data), cmocka_unit_test(ring_wraps_by_entries),
        cmocka_unit_test(ring_wraps_by_bytes),           cmocka_unit_test(bad_drafts_are_refused),
        cmocka_unit_test(ids_resume_or_say_why_not),     cmocka_unit_test(wakers_come_and_go),
        cmocka_unit_test(append_and_read_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
