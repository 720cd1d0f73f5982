#include "../test.h"

#include "base/clock.h"
#include "hub/inspections.h"

struct heard {
    unsigned answers, given_up;
    int code;
    char text[ERR_TEXT_MAX];
};

static void give_up(void *arg, const char *node, uint64_t id)
{
    struct heard *h = arg;
    assert_string_equal(node, "nas");
    assert_true(id != 0);
    h->given_up++;
}

static void on_done(void *arg, uint64_t id, const struct inspect_answer *a)
{
    struct heard *h = arg;
    (void)id;
    h->answers++;
    h->code = a->code;
    str_copy(h->text, sizeof h->text, a->text);
}

static const struct inspection question = {.kind = INSPECT_DOCKER_USAGE};
static const struct inspect_answer yes = {.text = "", .json = "{}", .len = 2};

/* Only the node that was asked answers, and only once. */
static void test_one_answer(void **state)
{
    (void)state;
    struct loop *l = loop_new("test");
    struct heard h = {0};
    struct inspections *s = inspections_new(l, give_up, &h);
    uint64_t id = inspections_add(s, "nas", &question, on_done, &h);
    assert_true(id != 0);
    inspections_answer(s, "tower", id, &yes);
    inspections_answer(s, "nas", id + 1, &yes);
    assert_int_equal(h.answers, 0);
    inspections_answer(s, "nas", id, &yes);
    inspections_answer(s, "nas", id, &yes);
    assert_int_equal(h.answers, 1);
    assert_int_equal(h.code, 0);
    inspections_end(s);
    inspections_free(s);
    loop_free(l);
}

static void test_who_leaves_is_not_waited_for(void **state)
{
    (void)state;
    struct loop *l = loop_new("test");
    struct heard a = {0}, b = {0};
    struct inspections *s = inspections_new(l, give_up, &a);
    uint64_t id = inspections_add(s, "nas", &question, on_done, &a);
    assert_true(inspections_add(s, "nas", &question, on_done, &b) != 0);
    inspections_cancel(s, on_done, &a);
    inspections_cancel(s, on_done, &a); /* it is answered already */
    assert_int_equal(a.answers, 1);
    assert_int_equal(a.code, -ECANCELED);
    assert_int_equal(a.given_up, 1);
    inspections_answer(s, "nas", id, &yes); /* it crossed the cancellation */
    assert_int_equal(a.answers, 1);
    assert_int_equal(b.answers, 0);
    inspections_end(s);
    inspections_free(s);
    loop_free(l);
}

static void test_lost_and_ended(void **state)
{
    (void)state;
    struct loop *l = loop_new("test");
    struct heard a = {0}, b = {0}, c = {0};
    struct inspections *s = inspections_new(l, give_up, &a);
    assert_true(inspections_add(s, "nas", &question, on_done, &a) != 0);
    assert_true(inspections_add(s, "tower", &question, on_done, &b) != 0);
    inspections_lose(s, "nas");
    assert_int_equal(a.code, -ENOTCONN);
    assert_string_equal(a.text, "The connection to nas broke off.");
    assert_int_equal(b.answers, 0);
    inspections_end(s);
    assert_int_equal(b.code, -ESHUTDOWN);
    assert_true(inspections_add(s, "tower", &question, on_done, &c) == 0);
    assert_int_equal(c.code, -ESHUTDOWN);
    inspections_free(s);
    loop_free(l);
}

static void test_too_many(void **state)
{
    (void)state;
    struct loop *l = loop_new("test");
    struct heard h = {0}, last = {0};
    struct inspections *s = inspections_new(l, give_up, &h);
    for (int i = 0; i < LIMIT_INSPECTIONS_ASKED; i++) {
        char node[16];
        snprintf(node, sizeof node, "n%d", i / LIMIT_INSPECTIONS);
        assert_true(inspections_add(s, node, &question, on_done, &h) != 0);
        if (i + 1 == LIMIT_INSPECTIONS) /* one that hangs leaves room for the others */
            assert_true(inspections_add(s, "n0", &question, on_done, &last) == 0);
    }
    assert_int_equal(last.code, -EAGAIN);
    assert_true(inspections_add(s, "nas", &question, on_done, &last) == 0);
    assert_int_equal(last.answers, 2);
    inspections_end(s);
    assert_int_equal(h.answers, LIMIT_INSPECTIONS_ASKED);
    inspections_free(s);
    loop_free(l);
}

static void stop_when_answered(void *arg)
{
    struct heard *h = ((void **)arg)[0];
    if (h->answers)
        loop_stop(((void **)arg)[1]);
}

/* To give up a question may break the link, and with it all other questions to that node. */
static void give_up_and_lose(void *arg, const char *node, uint64_t id)
{
    struct inspections **s = arg;
    (void)id;
    inspections_lose(*s, node);
}

static void stop_when_both(void *arg)
{
    struct heard *h = ((void **)arg)[0];
    if (h->answers == 2)
        loop_stop(((void **)arg)[1]);
}

static void test_giving_up_breaks_the_link(void **state)
{
    (void)state;
    struct loop *l = loop_new("test");
    struct heard h = {0};
    struct inspections *s = NULL;
    const struct inspection hurried = {.kind = INSPECT_TIME, .timeout_ms = 1};
    s = inspections_new(l, give_up_and_lose, &s);
    assert_true(inspections_add(s, "nas", &hurried, on_done, &h) != 0);
    assert_true(inspections_add(s, "nas", &question, on_done, &h) != 0);
    void *both[] = {&h, l};
    struct loop_timer *t = loop_timer_new(l, 10, 10, stop_when_both, both);
    loop_run(l);
    loop_timer_free(t);
    assert_int_equal(h.answers, 2); /* each once */
    inspections_end(s);
    assert_int_equal(h.answers, 2);
    inspections_free(s);
    loop_free(l);
}

/* The node's own word is waited for a little longer. */
static void test_late(void **state)
{
    (void)state;
    struct loop *l = loop_new("test");
    struct heard h = {0};
    void *both[] = {&h, l};
    const struct inspection quick = {.kind = INSPECT_DOCKER_USAGE, .timeout_ms = INSPECT_MIN_MS};
    struct inspections *s = inspections_new(l, give_up, &h);
    int64_t begun = clock_mono_ms();
    assert_true(inspections_add(s, "nas", &quick, on_done, &h) != 0);
    loop_timer_new(l, 20, 20, stop_when_answered, both);
    loop_run(l);
    assert_true(clock_mono_ms() - begun >= INSPECT_MIN_MS + INSPECTION_GRACE_MS);
    assert_int_equal(h.code, -ETIMEDOUT);
    assert_string_equal(h.text, "nas does not answer.");
    assert_int_equal(h.given_up, 1);
    inspections_end(s);
    inspections_free(s);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_answer), cmocka_unit_test(test_lost_and_ended),
        cmocka_unit_test(test_too_many),   cmocka_unit_test(test_giving_up_breaks_the_link),
        cmocka_unit_test(test_late),       cmocka_unit_test(test_who_leaves_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
