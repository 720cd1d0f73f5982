/* Which units are told, and as what. */
#include "../test.h"

#include "node/systemd-private.h"

#include <signal.h>

struct sample {
    const char *name, *active, *sub, *file_state, *type, *result;
};

static struct unit *make(struct sample s)
{
    struct unit *u = unit_new(NULL, s.name, "/x");
    u->read = true;
    mem_set_str(&u->active, s.active);
    mem_set_str(&u->sub, s.sub);
    mem_set_str(&u->file_state, s.file_state);
    mem_set_str(&u->service_type, s.type);
    mem_set_str(&u->result, s.result ? s.result : "success");
    mem_set_str(&u->load, "loaded");
    return u;
}

static void the_right_units_matter(void **state)
{
    (void)state;
    static const struct {
        struct sample unit;
        bool matters;
    } cases[] = {
        {{"nginx.service", "active", "running", "enabled", "forking", NULL}, true},
        {{"nginx.service", "active", "running", "disabled", "forking", NULL}, true},
        {{"nginx.service", "inactive", "dead", "enabled", "forking", NULL}, true},
        {{"nginx.service", "inactive", "dead", "disabled", "forking", NULL}, false},
        {{"nginx.service", "failed", "failed", "disabled", "forking", "exit-code"}, true},
        {{"backup.service", "inactive", "dead", "static", "oneshot", NULL}, false},
        {{"backup.service", "activating", "start", "static", "oneshot", NULL}, false},
        {{"backup.service", "failed", "failed", "static", "oneshot", "exit-code"}, true},
        {{"stack.service", "active", "exited", "enabled", "oneshot", NULL}, true},
        {{"stack.service", "active", "exited", "static", "oneshot", NULL}, false},
        {{"once.service", "inactive", "dead", "enabled", "oneshot", NULL}, false},
        {{"systemd-logind.service", "active", "running", "static", "dbus", NULL}, false},
        {{"systemd-logind.service", "failed", "failed", "static", "dbus", "signal"}, true},
        {{"getty@tty1.service", "active", "running", "enabled", "idle", NULL}, false},
        {{"user@1000.service", "active", "running", "static", "notify", NULL}, false},
        {{"tabbyapi-healthcheck.timer", "active", "waiting", "enabled", NULL, NULL}, false},
        {{"tabbyapi-healthcheck.timer", "failed", "failed", "enabled", NULL, "resources"}, true},
        {{"mnt-models.mount", "active", "mounted", "generated", NULL, NULL}, false},
        {{"mnt-models.mount", "failed", "failed", "generated", NULL, "timeout"}, true},
        {{"ssh.socket", "active", "listening", "enabled", NULL, NULL}, false}, /* no port */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct unit *u = make(cases[i].unit);
        if (unit_matters(u) != cases[i].matters)
            fail_msg("%s %s: expected %d", u->name, u->active, cases[i].matters);
        unit_free(u);
    }
}

static void special_cases_matter(void **state)
{
    (void)state;
    struct unit *u = make((struct sample){"x.service", "inactive", "dead", "enabled", "simple", 0});
    assert_true(unit_matters(u));
    u->condition_us = 1; /* looked at, not met: it does not apply to this machine */
    assert_false(unit_matters(u));
    u->active_us = 1; /* but it did run once */
    assert_true(unit_matters(u));
    mem_set_str(&u->load, "not-found");
    assert_false(unit_matters(u));
    unit_free(u);
    /* Stopped by hand, not started at boot: remembered since it was told. */
    u = make((struct sample){"x.service", "inactive", "dead", "disabled", "simple", 0});
    u->seen = unit_observe(u, 0);
    assert_true(unit_matters(u));
    mem_set_str(&u->file_state, "transient");
    assert_false(unit_matters(u));
    unit_free(u);
    u = make((struct sample){"ssh.socket", "active", "listening", "enabled", NULL, NULL});
    *vec_add(&u->ports) = (struct unit_port){22, false};
    assert_true(unit_matters(u));
    unit_free(u);
}

static void states_are_translated(void **state)
{
    (void)state;
    static const struct {
        const char *active, *sub;
        enum observed_run run;
        bool meant;
    } cases[] = {
        {"active", "running", RUN_RUNNING, false},
        {"reloading", "reload", RUN_RUNNING, false},
        {"activating", "start-pre", RUN_STARTING, false},
        {"activating", "auto-restart", RUN_RESTARTING, false},
        {"activating", "auto-restart-queued", RUN_RESTARTING, false},
        {"deactivating", "stop-sigterm", RUN_STOPPING, false},
        {"failed", "failed", RUN_FAILED, false},
        {"inactive", "dead", RUN_STOPPED, true},
        {"maintenance", "x", RUN_STOPPED, true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct unit *u = make(
            (struct sample){"x.service", cases[i].active, cases[i].sub, "enabled", "simple", 0});
        struct observed *o = unit_observe(u, 0);
        assert_int_equal(o->run, cases[i].run);
        assert_int_equal(o->on_purpose, cases[i].meant);
        assert_true(o->enabled);
        assert_string_equal(o->id, "systemd/x.service");
        observed_free(o);
        unit_free(u);
    }
}

static void failures_are_explained(void **state)
{
    (void)state;
    static const struct {
        const char *result;
        int code, status;
        const char *line, *why;
        int exit;
    } cases[] = {
        {"exit-code", CLD_EXITED, 3, NULL, "exit code 3", 3},
        {"exit-code", CLD_EXITED, 3, "cannot open database", "cannot open database", 3},
        {"signal", CLD_KILLED, SIGKILL, NULL, "killed by SIGKILL", 137},
        {"core-dump", CLD_DUMPED, SIGSEGV, NULL, "it crashed", 139},
        {"oom-kill", CLD_KILLED, SIGKILL, NULL, "out of memory: the kernel killed it", 137},
        {"start-limit-hit", CLD_EXITED, 1, "boom", "it failed so often that systemd gave up: boom",
         1},
        {"something-new", CLD_EXITED, 1, NULL, "something-new", 1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct unit *u = make(
            (struct sample){"x.service", "failed", "failed", "enabled", "simple", cases[i].result});
        u->main_exit_us = 1;
        u->exit_code = cases[i].code;
        u->exit_status = cases[i].status;
        u->line = mem_strdup(cases[i].line);
        struct observed *o = unit_observe(u, 0);
        assert_string_equal(o->why, cases[i].why);
        assert_true(o->has_exit);
        assert_int_equal(o->exit_code, cases[i].exit);
        assert_int_equal(o->oom_killed, str_eq(cases[i].result, "oom-kill"));
        observed_free(o);
        unit_free(u);
    }
}

static void an_end_from_outside_is_not_meant(void **state)
{
    (void)state;
    struct unit *u = make((struct sample){"x.service", "inactive", "dead", "enabled", "simple", 0});
    u->main_exit_us = 1;
    u->exit_code = CLD_KILLED;
    u->exit_status = SIGTERM;
    struct observed *o = unit_observe(u, 0);
    assert_false(o->on_purpose);
    assert_string_equal(o->why, "ended by SIGTERM, not by systemctl");
    observed_free(o);
    u->asked = true;
    o = unit_observe(u, 0);
    assert_true(o->on_purpose);
    observed_free(o);
    unit_free(u);
}

static void the_last_error_stays_of_interest(void **state)
{
    (void)state;
    struct unit *u =
        make((struct sample){"x.service", "active", "running", "enabled", "simple", 0});
    u->line = mem_strdup("boom");
    u->main_start_us = 1000000;
    struct observed *o = unit_observe(u, 2000);
    assert_null(o->why);
    observed_free(o);
    u->restarts = 4;
    o = unit_observe(u, 2000);
    assert_string_equal(o->why, "boom");
    observed_free(o);
    o = unit_observe(u, 3600000);
    assert_null(o->why);
    observed_free(o);
    unit_free(u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_units_matter),
        cmocka_unit_test(special_cases_matter),
        cmocka_unit_test(states_are_translated),
        cmocka_unit_test(failures_are_explained),
        cmocka_unit_test(an_end_from_outside_is_not_meant),
        cmocka_unit_test(the_last_error_stays_of_interest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
