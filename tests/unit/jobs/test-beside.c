/* What can't run beside something else, and what is cut off when a machine goes down. */
#include "rig.h"

#include "jobs/actions.h"
#include "jobs/beside.h"

/* Orders it of tower, and says how that went. */
static int order(struct rig *g, const char *verb, struct err *e)
{
    int r;
    rig_order(g, verb, NULL, "tower", &r, e);
    return r;
}

static char *offers(struct rig *g)
{
    struct err e = {0};
    struct str out = {0};
    struct jw w = jw_begin(&out);
    const struct action_query q = {
        .id = "tower", .permissions = PERMISSIONS_ALL, .now = rig_now(g)};
    must(actions_print(g->cluster, g->jobs, &q, &w, &e), &e);
    return str_take(&out);
}

static void assert_offers(struct rig *g, const char *text, bool wanted)
{
    AUTO(mem_freep) char *all = offers(g);
    if (!strstr(all, text) == wanted)
        fail_msg("\"%s\" is %sin %s", text, wanted ? "not " : "", all);
}

static void nothing_goes_down_in_the_midst_of_a_switch(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    const char *why = "Roll back tower is under way, ordered by ada: wait until it is over.";
    must(order(g, "generation.rollback", &e), &e);
    assert_int_equal(order(g, "machine.reboot", &e), -EEXIST);
    assert_string_equal(e.text, why);
    assert_int_equal(order(g, "machine.power-off", &e), -EEXIST);
    assert_offers(g, why, true);
    assert_offers(g,
                  "\"verb\":\"machine.reboot\",\"label\":\"Reboot\",\"permission\":"
                  "\"node:reboot\",\"allowed\":false",
                  true);
    must(order(g, "docker.prune", &e), &e); /* that can */
    int r;
    rig_order(g, "machine.reboot", NULL, "shed", &r, &e);
    must(r, &e); /* another machine */
    rig_outcome(g, "tower", g->commands.v[0].id, OUTCOME_DONE, "");
    assert_offers(g, why, false);
    must(order(g, "machine.reboot", &e), &e);
    assert_int_equal(order(g, "machine.power-off", &e), -EEXIST);
    assert_int_equal(order(g, "generation.rollback", &e), -EEXIST);
    assert_string_equal(e.text,
                        "Reboot tower is under way, ordered by ada: wait until it is over.");
}

static void what_is_cut_off_is_said_before(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    rig_container(g, "tower", "plex");
    rig_container(g, "tower", "redis");
    assert_offers(g, "cut off", false);
    must(order(g, "docker.prune", &e), &e);
    rig_do(g, "restart", "tower/docker/plex,tower/docker/redis"); /* of which one runs */
    assert_offers(g, "What is under way there is cut off: Clean up tower, Restart plex on tower.\"",
                  true);
    struct str_list titles = {0};
    beside_cut_off(g->jobs, "shed", &titles);
    assert_int_equal(titles.n, 0);
}

static void what_excludes_what(void **state)
{
    (void)state;
    for (enum command_verb v = 0; v < COMMAND_COUNT; v++)
        assert_int_equal(command_goes_down(v),
                         str_eq(command_verb_name(v), "machine.reboot") ||
                             str_eq(command_verb_name(v), "machine.power-off"));
    struct job j = {.verb = COMMAND_UNIT_RESTART,
                    .state = JOB_RUNNING,
                    .node = (char *)"tower",
                    .target = (char *)"systemd/a"};
    assert_true(is_same_job(&j, COMMAND_UNIT_RESTART, "tower", "systemd/a"));
    assert_false(is_same_job(&j, COMMAND_UNIT_RESTART, "shed", "systemd/a"));
    assert_false(is_same_job(&j, COMMAND_UNIT_STOP, "tower", "systemd/a"));
    j.verb = COMMAND_GENERATION_SWITCH;
    assert_true(is_same_job(&j, COMMAND_GENERATION_COLLECT, "tower", ""));
    j.state = JOB_DONE;
    assert_false(is_same_job(&j, COMMAND_GENERATION_SWITCH, "tower", "systemd/a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_goes_down_in_the_midst_of_a_switch),
        cmocka_unit_test(what_is_cut_off_is_said_before),
        cmocka_unit_test(what_excludes_what),
    };
    return run_on(false, tests, COUNT_OF(tests));
}
