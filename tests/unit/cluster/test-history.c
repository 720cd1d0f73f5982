/* Histories: recalled after a restart, and what share of the last day was up. */
#include "rig.h"

#include <math.h>

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };
#define AT(ms) (INT64_C(1764000000000) + (ms))

static void recall(struct rig *r, enum service_state s, int64_t from, const char *reason)
{
    cluster_recall_history(
        r->c, &(struct state_note){
                  .service = "n/docker/a", .state = s, .from_ms = from, .reason = reason});
}

static void run_container(struct rig *r)
{
    rig_line(r, "{\"node\":\"n\",\"report\":\"service\",\"id\":\"docker/a\",\"kind\":\"container\","
                "\"engine\":\"docker\",\"name\":\"a\",\"run\":\"running\"}");
}

static void test_recalled(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    int64_t start = r->now.wall_ms;
    recall(r, STATE_UNCHECKED, start - 3 * HOUR, NULL);
    recall(r, STATE_DOWN, start - 2 * HOUR, "exit code 1");
    recall(r, STATE_UNCHECKED, start - HOUR, NULL);
    cluster_recall_end(r->c, start - 5 * MINUTE);
    cluster_recall(r->c, "n/docker/a", STATE_UNCHECKED, start - HOUR);
    run_container(r);
    const struct live_service *s = model_service(r->c, "n/docker/a");
    assert_int_equal(s->history.n, 4);
    assert_int_equal(s->history.v[1].state, STATE_DOWN);
    assert_string_equal(s->history.v[1].reason, "exit code 1");
    assert_int_equal(s->history.v[1].to_ms, start - HOUR);
    assert_int_equal(s->history.v[2].to_ms, start - 5 * MINUTE); /* and then nobody watched */
    assert_int_equal(s->history.v[3].from_ms, start);
    assert_int_equal(s->history.v[3].to_ms, 0);
    assert_int_equal(s->health.since_ms, start - HOUR); /* "since" outlives the restart */
    assert_int_equal(r->feed.n, 0);
    /* 115 of 175 known minutes: those in which nobody watched count neither way. */
    double up = history_uptime(&s->history, start);
    assert_true(fabs(up - 100.0 * 115 / 175) < 1e-9);
    rig_free(r);
}

static void test_uptime_is_of_the_last_day(void **state)
{
    (void)state;
    struct past_state v[] = {
        {AT(-90 * (int64_t)HOUR), AT(-12 * HOUR), STATE_HEALTHY, NULL},
        {AT(-12 * HOUR), AT(-6 * HOUR), STATE_DOWN, NULL},
        {AT(-6 * HOUR), AT(-4 * HOUR), STATE_UNKNOWN, NULL},
        {AT(-4 * HOUR), AT(-2 * HOUR), STATE_STOPPED, NULL},
        {AT(-2 * HOUR), 0, STATE_DEGRADED, NULL},
    };
    (void)state;
    assert_true(fabs(history_uptime(&(struct history){v, 5, 5}, AT(0)) - 100.0 * 14 / 20) < 1e-9);
    assert_true(isnan(history_uptime(&(struct history){0}, AT(0))));
    v[0] = (struct past_state){AT(-1000), 0, STATE_HEALTHY, NULL};
    assert_true(isnan(history_uptime(&(struct history){v, 1, 1}, AT(0)))); /* too little is known */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recalled),
        cmocka_unit_test(test_uptime_is_of_the_last_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
