/* What is refused and what is remembered; what is done has real peers in tests/system. */
#include "watching.h"

#include <stdlib.h>

struct errand {
    struct watching *w;
    struct command command;
};

static void give_on_loop(void *arg)
{
    struct errand *e = arg;
    node_command(e->w->node, &e->command);
}

static void ask_on_loop(void *arg)
{
    struct errand *e = arg;
    node_command_query(e->w->node, e->command.id);
}

static struct errand errand(struct watching *w, const char *id, enum command_verb verb,
                            const char *target)
{
    struct errand e = {
        .w = w,
        .command = {
            .verb = verb, .user = (char *)"ada", .target = (char *)target, .argument = (char *)""}};
    str_copy(e.command.id, sizeof e.command.id, id);
    return e;
}

static void give(struct errand e)
{
    loop_call(e.w->loop, give_on_loop, &e);
}

static void ask(struct watching *w, const char *id)
{
    struct errand e = errand(w, id, COMMAND_UNIT_START, "");
    loop_call(w->loop, ask_on_loop, &e);
}

static void watch_nothing(struct watching *w, const char *state_dir)
{
    watching_start(w, (struct node_settings){.interval_ms = 1000,
                                             .root = "",
                                             .docker_host = "unix:///nowhere.sock",
                                             .dbus_address = "unix:path=/nowhere",
                                             .state_dir = state_dir});
    wait_for_any(w, "policy  | ");
}

static void test_refused(void **state)
{
    (void)state;
    struct watching w;
    watch_nothing(&w, NULL);
    struct errand e = errand(&w, "stale", COMMAND_UNIT_RESTART, "systemd/a.service");
    e.command.expires_ms = clock_wall_ms() - 1;
    give(e);
    wait_for(&w, "outcome stale refused |  | It came too late*");
    give(errand(&w, "kill", COMMAND_CONTAINER_KILL, "docker/a"));
    wait_for(&w, "outcome kill refused |  | *does not allow container.kill on docker/a*");
    ask(&w, "kill");
    wait_for(&w, "outcome kill refused |  | *does not allow*");
    ask(&w, "never");
    wait_for(&w, "outcome never unknown | *");
    watching_stop(&w);
}

static void test_sequence(void **state)
{
    (void)state;
    struct watching w;
    watch_nothing(&w, NULL);
    struct errand e = errand(&w, "one", COMMAND_UNIT_RESTART, "systemd/a.service");
    e.command.sequence = 7;
    e.command.expires_ms = clock_wall_ms() + 60000;
    give(e);
    wait_for(&w, "outcome one failed | *systemd can't be reached*");
    give(e); /* its answer was lost */
    wait_for(&w, "outcome one failed | *");
    for (uint64_t n = 6; n <= 7; n++) {
        struct errand other =
            errand(&w, n == 6 ? "six" : "seven", COMMAND_UNIT_RESTART, "systemd/a");
        other.command.sequence = n;
        give(other);
        wait_for(&w, n == 6 ? "outcome six refused | *came again*" : "outcome seven refused | *");
    }
    struct errand later = errand(&w, "eight", COMMAND_CONTAINER_RESTART, "docker/a");
    later.command.sequence = 8;
    give(later);
    wait_for(&w, "outcome eight failed | *no such container*");
    watching_stop(&w);
}

static void test_remembers(void **state)
{
    (void)state;
    char dir[] = "/tmp/hydra-commands-XXXXXX";
    assert_non_null(mkdtemp(dir));
    struct watching w;
    watch_nothing(&w, dir);
    give(errand(&w, "one", COMMAND_UNIT_RESTART, "systemd/a.service"));
    wait_for(&w, "outcome one failed | *");
    watching_stop(&w);
    watch_nothing(&w, dir);
    ask(&w, "one");
    wait_for(&w, "outcome one failed | *can't be reached*");
    watching_stop(&w);
    char path[64];
    snprintf(path, sizeof path, "%s/commands.jsonl", dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void test_no_folder(void **state)
{
    (void)state;
    struct watching w;
    watch_nothing(&w, "/nowhere");
    give(errand(&w, "one", COMMAND_UNIT_RESTART, "systemd/a.service"));
    wait_for(&w, "outcome one refused | */nowhere/commands.jsonl*");
    watching_stop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_remembers),
        cmocka_unit_test(test_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
