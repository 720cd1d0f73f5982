/* Pages, streams and cursors over nodes that answer what the test says. */
#include "../test.h"

#include "logs/logs-private.h"

#include <sys/socket.h>
#include <unistd.h>

/* Nodes whose services wrote a line each ten (tower) or fifteen (nas) microseconds up to 100. */
static void answer(void *arg, const char *node, struct log_reader *r)
{
    (void)arg;
    const struct log_query *q = log_reader_query(r);
    struct log_batch b = {.whole = true};
    if (str_eq(node, "away")) {
        log_reader_refuse(r, "away is not connected.");
        return;
    }
    int step = str_eq(node, "tower") ? 10 : 15;
    bool has_cursor = q->from.cursors.n && *q->from.cursors.v[0];
    int64_t edge = q->from.time_us;
    if (has_cursor && str_to_i64(q->from.cursors.v[0], &edge) == 0)
        edge--;
    bool older = q->mode == LOG_MODE_OLDER;
    for (int t = step; t <= 100; t += step) {
        if (older && edge && t > edge)
            continue;
        *vec_add(&b.lines) = (struct log_line){.time_us = t,
                                               .level = LINE_NO_LEVEL,
                                               .text = mem_printf("%s %d", node, t),
                                               .cursor = mem_printf("%d", t)};
    }
    if (older)
        log_batch_settle(&b, q->limit, false);
    log_reader_deliver(r, &b);
    log_reader_finish(r);
}

static struct loop *loop;

static void keep(void *arg, struct str *json)
{
    if (!json) {
        str_add(arg, "given up");
        return;
    }
    *(struct str *)arg = *json;
    *json = (struct str){0};
}

static json_t *page(struct logs *l, struct logs_request *q)
{
    struct str text = {0};
    json_t *v = NULL;
    struct err e = {0};
    assert_int_equal(logs_request_check(q, &e), 0);
    logs_page(l, q, keep, &text);
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_int_equal(json_parse(text.p, text.len, 1 << 20, &e, &v), 0);
    str_done(&text);
    return v;
}

static char *texts_of(const json_t *p)
{
    struct str out = {0};
    const json_t *lines = json_object_get(p, "lines");
    for (size_t i = 0; i < json_array_size(lines); i++)
        str_addf(&out, "%s%s", i ? ", " : "", json_get_str(json_array_get(lines, i), "text", ""));
    return str_take(&out);
}

static struct logs_request request(void)
{
    struct logs_request q = {.query = {.limit = 4, .level = LINE_NO_LEVEL}};
    logs_request_add(&q, "tower", "docker/a");
    logs_request_add(&q, "nas", "docker/b");
    logs_request_add(&q, "nas", "docker/b");
    return q;
}

static void test_pages_back_in_time(void **state)
{
    (void)state;
    struct logs *l = logs_new(&(struct logs_hooks){.read = answer, .loop = loop});
    struct logs_request q = request();
    assert_int_equal(q.sources.n, 2);
    AUTO(str_done) struct str all = {0};
    for (int i = 0; i < 8; i++) {
        AUTO(json_decrefp) json_t *p = page(l, &q);
        AUTO(mem_freep) char *texts = texts_of(p);
        if (i == 0)
            assert_non_null(strstr(texts, "tower 100"));
        AUTO(mem_freep) char *before = mem_strdup(str_text(&all));
        str_clear(&all);
        str_addf(&all, "%s%s%s", texts, *texts && *before ? ", " : "", before);
        mem_free(q.cursor);
        q.cursor = mem_strdup(json_get_str(p, "before", NULL));
        assert_int_equal(json_is_null(json_object_get(p, "reached")), !q.cursor);
        if (!q.cursor)
            break;
    }
    assert_null(q.cursor);
    /* Each once, merged by time; of one moment in the order of the sources. */
    assert_string_equal(all.p, "tower 10, nas 15, tower 20, nas 30, tower 30, tower 40, nas 45, "
                               "tower 50, nas 60, tower 60, tower 70, nas 75, tower 80, nas 90, "
                               "tower 90, tower 100");
    logs_request_done(&q);
    logs_free(l);
}

static void test_says_who_is_missing(void **state)
{
    (void)state;
    struct logs *l = logs_new(&(struct logs_hooks){.read = answer, .loop = loop});
    struct logs_request q = request();
    logs_request_add(&q, "away", NULL);
    AUTO(json_decrefp) json_t *p = page(l, &q);
    const json_t *t = json_array_get(json_object_get(p, "partial"), 0);
    assert_string_equal(json_get_str(t, "service", ""), "away");
    assert_string_equal(json_get_str(t, "text", ""), "away is not connected.");
    assert_int_equal(json_array_size(json_object_get(p, "lines")), 4);
    logs_request_done(&q);
    logs_free(l);
}

/* Keeps the readers it is given: nodes that search for long. */
static struct log_reader *slow[4];
static unsigned n_slow;

static void search_on(void *arg, const char *node, struct log_reader *r)
{
    (void)arg;
    (void)node;
    slow[n_slow] = log_reader_ref(r);
    __atomic_store_n(&n_slow, n_slow + 1,
                     __ATOMIC_RELEASE); /* a tail asks on a thread of its own */
}

static void on_slow_cancel(void *arg)
{
    (*(unsigned *)arg)++;
}

static void test_reads_on_for_nobody(void **state)
{
    (void)state;
    struct logs *l = logs_new(&(struct logs_hooks){.read = search_on, .loop = loop});
    struct logs_request q = request();
    struct err e = {0};
    struct str stays = {0}, leaves = {0};
    unsigned cancelled[4] = {0};
    assert_int_equal(logs_request_check(&q, &e), 0);
    logs_page(l, &q, keep, &stays);
    logs_page(l, &q, keep, &leaves);
    assert_int_equal(n_slow, 4);
    for (unsigned i = 0; i < 4; i++)
        log_reader_on_cancel(slow[i], on_slow_cancel, &cancelled[i]);
    logs_leave(l, &leaves);
    assert_int_equal(cancelled[0] + cancelled[1], 0);
    assert_int_equal(cancelled[2] + cancelled[3], 2);
    for (unsigned i = 0; i < 4; i++) {
        log_reader_on_cancel(slow[i], NULL, NULL);
        log_reader_finish(slow[i]);
        log_reader_unref(slow[i]);
    }
    assert_true(logs_is_idle(l));
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_non_null(strstr(stays.p, "lines"));
    assert_string_equal(leaves.p, "given up"); /* an answer is owed all the same, but is no page */
    logs_leave(l, &leaves);
    str_done(&stays);
    str_done(&leaves);
    logs_request_done(&q);
    logs_free(l);
}

static void test_a_stream_tells_while_it_finds_nothing(void **state)
{
    (void)state;
    n_slow = 0;
    struct logs *l = logs_new(&(struct logs_hooks){.read = search_on, .loop = loop});
    struct logs_request q = {.query = {.limit = 4, .level = LINE_NO_LEVEL}};
    struct err e = {0};
    const struct log_line *line;
    const struct logs_source *source;
    logs_request_add(&q, "tower", "docker/a");
    assert_int_equal(logs_request_check(&q, &e), 0);
    struct logs_stream *s = logs_stream_open(l, &q);
    assert_int_equal(logs_stream_next(s, 1, &line, &source), -EAGAIN);
    struct log_batch b = {0};
    *vec_add(&b.lines) = (struct log_line){.time_us = 1, .text = mem_strdup("found")};
    log_reader_deliver(slow[0], &b);
    assert_int_equal(logs_stream_next(s, 1, &line, &source), 1);
    assert_string_equal(line->text, "found");
    log_reader_finish(slow[0]);
    assert_int_equal(logs_stream_next(s, 1, &line, &source), 0);
    logs_stream_close(s);
    assert_true(log_reader_is_cancelled(slow[0]));
    log_reader_unref(slow[0]);
    logs_request_done(&q);
    logs_free(l);
}

static void deliver(struct log_reader *r, int from, int to)
{
    struct log_batch b = {0};
    for (int t = from; t < to; t++)
        *vec_add(&b.lines) = (struct log_line){.time_us = t, .text = mem_printf("at %d", t)};
    log_reader_deliver(r, &b);
}

/* The lines of the next event. */
static json_t *next_event(int fd)
{
    struct str text = {0};
    json_t *v = NULL;
    struct err e = {0};
    const char *data;
    char c;
    while (!(strstr(str_text(&text), "data: ") && str_ends(str_text(&text), "\n\n")) &&
           read(fd, &c, 1) == 1)
        str_add_char(&text, c);
    assert_non_null(data = strstr(str_text(&text), "data: "));
    assert_int_equal(json_parse(data + 6, strlen(data + 6), 1 << 20, &e, &v), 0);
    str_done(&text);
    return v;
}

/* Two nodes tell their last lines in pieces: they are told together, the newest of all, and none is
 * called dropped. */
static void test_a_tail_begins_with_the_newest_lines_of_all(void **state)
{
    (void)state;
    n_slow = 0;
    int fds[2];
    struct logs *l =
        logs_new(&(struct logs_hooks){.read = search_on, .loop = loop, .tails_max = 1});
    struct logs_request q = request();
    struct err e = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    q.query.limit = 600;
    assert_int_equal(logs_request_check(&q, &e), 0);
    assert_int_equal(
        logs_tail(l, &q, &(struct logs_tail_draft){.fd = fds[0], .head = "", .subject = ""}), 0);
    while (__atomic_load_n(&n_slow, __ATOMIC_ACQUIRE) < 2)
        usleep(1000);
    deliver(slow[0], 0, LIMIT_LOG_BATCH);
    deliver(slow[1], 0, LIMIT_LOG_BATCH);
    deliver(slow[0], LIMIT_LOG_BATCH, 600);
    deliver(slow[1], LIMIT_LOG_BATCH, 600);
    AUTO(json_decrefp) json_t *first = next_event(fds[1]);
    const json_t *lines = json_object_get(first, "lines");
    assert_int_equal(json_array_size(lines), 600);
    assert_string_equal(json_get_str(json_array_get(lines, 0), "text", ""), "at 300");
    assert_int_equal(json_integer_value(json_object_get(first, "dropped")), 0);
    deliver(slow[1], 600, 601);
    AUTO(json_decrefp) json_t *next = next_event(fds[1]);
    assert_int_equal(json_array_size(json_object_get(next, "lines")), 1);
    close(fds[1]);
    for (unsigned i = 0; i < 2; i++) {
        log_reader_finish(slow[i]);
        log_reader_unref(slow[i]);
    }
    logs_free(l);
}

static void test_refuses_requests(void **state)
{
    (void)state;
    struct err e = {0};
    struct logs_request q = {0};
    assert_int_equal(logs_request_check(&q, &e), -EINVAL);
    assert_string_equal(e.field, "service");
    logs_request_done(&q);
    q = request();
    q.cursor = mem_strdup("nonsense!");
    e = (struct err){0};
    assert_int_equal(logs_request_check(&q, &e), -EINVAL);
    assert_string_equal(e.field, "before");
    logs_request_done(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_back_in_time),
        cmocka_unit_test(test_says_who_is_missing),
        cmocka_unit_test(test_reads_on_for_nobody),
        cmocka_unit_test(test_a_stream_tells_while_it_finds_nothing),
        cmocka_unit_test(test_a_tail_begins_with_the_newest_lines_of_all),
        cmocka_unit_test(test_refuses_requests),
    };
    loop = loop_new("test");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    loop_free(loop);
    return failed;
}
