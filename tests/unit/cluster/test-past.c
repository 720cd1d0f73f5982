/* What a node tells late: each change in the feed once, at its own time, and nothing of how things
 * are now. */
#include "rig.h"

static const int64_t MINUTE = 60000;

static struct node_report service(int64_t started_ms, int64_t ended_ms, bool runs)
{
    struct observed *o = mem_alloc(sizeof *o);
    o->id = mem_strdup("docker/plex");
    o->engine = mem_strdup("docker");
    o->name = mem_strdup("plex");
    o->run = runs ? RUN_RUNNING : RUN_STOPPED;
    o->started_ms = started_ms;
    o->ended_ms = ended_ms;
    o->on_purpose = !runs;
    return (struct node_report){.kind = REPORT_SERVICE, .service = o};
}

static void tell(struct rig *r, int64_t started_ms, int64_t ended_ms, bool runs)
{
    struct node_report m = service(started_ms, ended_ms, runs);
    cluster_report(r->c, "tower", &m, r->now);
}

static void tell_late(struct rig *r, int64_t started_ms, int64_t ended_ms, int exit_code)
{
    struct node_report m = service(started_ms, ended_ms, !ended_ms);
    m.service->has_exit = exit_code != 0;
    m.service->exit_code = exit_code;
    m.service->on_purpose = !exit_code;
    cluster_report_late(r->c, "tower", &m, r->now);
}

static unsigned count(const struct rig *r, const char *text)
{
    unsigned n = 0;
    for (size_t i = 0; i < r->feed.n; i++)
        n += strstr(r->feed.v[i], text) != NULL;
    return n;
}

static void link_at(struct rig *r, int64_t connected_ms)
{
    cluster_node_agent(r->c, "tower", &(struct node_agent){.connected_ms = connected_ms}, r->now);
}

/* A node that was out of reach for ten minutes, and its service as it is now. */
static struct rig *back(int64_t *ret_cut_ms)
{
    struct rig *r = rig_new();
    cluster_node_add(r->c, "tower", "agent", r->now);
    link_at(r, r->now.wall_ms);
    tell(r, r->now.wall_ms - MINUTE, 0, true);
    rig_after(r, 5000);
    tell(r, r->now.wall_ms - MINUTE, 0, true);
    *ret_cut_ms = r->now.wall_ms;
    link_at(r, 0);
    rig_after(r, 10 * MINUTE);
    link_at(r, r->now.wall_ms);
    return r;
}

static void what_happened_meanwhile_is_told_at_its_time(void **state)
{
    int64_t cut;
    struct rig *r = back(&cut);
    (void)state;
    tell(r, cut + 4 * MINUTE, 0, true);
    tell_late(r, 0, cut + MINUTE, 0);
    tell_late(r, cut + 2 * MINUTE, 0, 0);
    tell_late(r, 0, cut + 3 * MINUTE, 137);
    tell_late(r, cut + 4 * MINUTE, 0, 0);
    assert_int_equal(
        count(r, "info service.stopped plex on tower was stopped while the node was out of reach"),
        1);
    assert_int_equal(count(r, "bad service.down plex on tower ended with exit code 137 while the "
                              "node was out of reach"),
                     1);
    assert_int_equal(count(r, "ok service.started plex on tower was started again"), 2);
    size_t n = r->c->feed.n;
    assert_true(n >= 4);
    tell_late(r, 0, cut + 3 * MINUTE, 137); /* told twice */
    assert_int_equal(r->c->feed.n, n);
    for (size_t i = 1, k = 0; i < n; i++) {
        const struct live_feed *f = &r->c->feed.v[i];
        if (!str_eq(f->service, "tower/docker/plex") || f->time_ms <= cut)
            continue;
        assert_true(f->time_ms >= cut + (int64_t)(k + 1) * MINUTE);
        k++;
    }
    assert_int_not_equal(rig_state(r, "tower/docker/plex"), STATE_STOPPED);
    rig_free(r);
}

static void what_led_to_now_and_what_was_told_are_not_told(void **state)
{
    int64_t cut;
    struct rig *r = back(&cut);
    (void)state;
    tell(r, 0, cut + MINUTE, false);
    rig_after(r, 5000);
    unsigned stopped = count(r, "plex on tower was stopped");
    assert_int_equal(stopped, 1);
    tell_late(r, 0, cut + MINUTE, 0);      /* that is how it is */
    tell_late(r, 0, cut - MINUTE, 0);      /* before it was out of reach */
    tell_late(r, cut - MINUTE / 2, 0, 0);  /* a start without an end */
    tell_late(r, 0, cut + 60 * MINUTE, 0); /* not yet */
    assert_int_equal(count(r, "plex on tower was stopped"), stopped);
    assert_int_equal(count(r, "started again"), 0);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_happened_meanwhile_is_told_at_its_time),
        cmocka_unit_test(what_led_to_now_and_what_was_told_are_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
