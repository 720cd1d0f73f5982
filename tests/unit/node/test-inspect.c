/* What can be asked, and the way of a question through a node that has nothing to tell. */
#include "watching.h"

#include "node/inspect.h"

static void test_names_there_and_back(void **state)
{
    (void)state;
    enum inspect_kind k;
    for (unsigned i = 0; i < INSPECT_COUNT; i++) {
        assert_int_equal(inspect_kind_parse(inspect_kind_name((enum inspect_kind)i), &k), 0);
        assert_int_equal(k, i);
        assert_in_range(inspect_timeout_ms(k), INSPECT_MIN_MS, INSPECT_MAX_MS);
    }
    assert_int_equal(inspect_kind_parse("everything", &k), -ENOENT);
}

struct asked {
    struct watching *w;
    uint64_t id;
    struct inspection q;
    int code;
    char text[ERR_TEXT_MAX];
    unsigned answers;
};

static void on_inspected(void *arg, uint64_t id, const struct inspect_answer *a)
{
    struct asked *k = arg;
    assert_true(id == k->id);
    k->code = a->code;
    str_copy(k->text, sizeof k->text, a->text);
    k->answers++;
}

static void ask(void *arg)
{
    struct asked *k = arg;
    node_inspect(k->w->node, k->id, &k->q, on_inspected, k);
    assert_int_equal(k->answers, 0); /* never at once */
}

static void ask_and_cancel(void *arg)
{
    struct asked *k = arg;
    ask(k);
    node_inspect_cancel(k->w->node, k->id);
    node_inspect_cancel(k->w->node, k->id + 100);
}

static void count(void *arg)
{
    struct asked *k = arg;
    k->q.timeout_ms = k->answers; /* read on the loop */
}

static void watch_nothing(struct watching *w)
{
    watching_start(w, (struct node_settings){.interval_ms = 1000,
                                             .root = "/nowhere",
                                             .docker_host = "unix:///nowhere.sock",
                                             .dbus_address = "unix:path=/nowhere"});
}

static void wait_for_answer(struct asked *k)
{
    for (k->q.timeout_ms = 0; !k->q.timeout_ms; usleep(1000))
        loop_call(k->w->loop, count, k);
}

static void test_absent_and_cancelled(void **state)
{
    (void)state;
    struct watching w;
    watch_nothing(&w);
    struct asked a = {.w = &w, .id = 7, .q.kind = INSPECT_DOCKER_USAGE}, b = a;
    b.id = 8;
    loop_call(w.loop, ask_and_cancel, &b);
    loop_call(w.loop, ask, &a);
    wait_for_answer(&a);
    assert_int_equal(a.code, -EOPNOTSUPP);
    assert_string_equal(a.text, "There is neither Docker nor Podman on this machine.");
    watching_stop(&w);
    assert_int_equal(a.answers, 1);
    assert_int_equal(b.answers, 0);
}

/* Three in one line, of which one is cancelled before its turn, one of another kind beside them,
 * and one that the end of the node does not wait for. */
static void test_questions_that_block(void **state)
{
    (void)state;
    struct watching w;
    watch_nothing(&w);
    struct asked a[5];
    for (unsigned i = 0; i < COUNT_OF(a); i++)
        a[i] =
            (struct asked){.w = &w, .id = i, .q.kind = i == 2 ? INSPECT_PROCESSES : INSPECT_MOUNTS};
    loop_call(w.loop, ask, &a[0]);
    loop_call(w.loop, ask_and_cancel, &a[1]);
    loop_call(w.loop, ask, &a[2]);
    loop_call(w.loop, ask, &a[3]);
    for (unsigned i = 0; i < 4; i++)
        if (i != 1)
            wait_for_answer(&a[i]);
    loop_call(w.loop, ask, &a[4]);
    watching_stop(&w);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(a[i].answers, i == 1 ? 0 : 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_there_and_back),
        cmocka_unit_test(test_absent_and_cancelled),
        cmocka_unit_test(test_questions_that_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
