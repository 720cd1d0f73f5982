/* What is refused and what is remembered; what is done has real peers in tests/system. */
#include "watching.h"

#include "node/queue-private.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

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

/* Of this machine's own people: neither counted nor told as the hub's are. */
static void test_local(void **state)
{
    (void)state;
    struct watching w;
    watch_nothing(&w, NULL);
    struct errand e = errand(&w, "local-1", COMMAND_UNIT_RESTART, "systemd/a.service");
    e.command.is_local = true;
    e.command.uid = 1000;
    give(e);
    wait_for(&w, "local local-1 failed ada 1000 unit.restart systemd/a.service *");
    ask(&w, "local-1");
    wait_for(&w, "local again local-1 failed ada 1000 *");
    give(e);
    wait_for(&w, "local again local-1 failed ada 1000 *");
    e = errand(&w, "local-2", COMMAND_CONTAINER_KILL, "docker/a");
    e.command.is_local = true;
    give(e);
    wait_for(&w, "local local-2 refused ada 0 container.kill docker/a *does not allow*");
    ask(&w, "local-2"); /* refusals of this machine's people take no place of the hub's commands */
    wait_for(&w, "outcome local-2 unknown *");
    watching_stop(&w);
}

/* hydrad's own program is not an agent's. */
static void test_nobody_upgrades(void **state)
{
    (void)state;
    struct watching w;
    char path[] = "/tmp/hydra-policy-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "allow: [{do: agent.upgrade}]\n", 29), 29);
    close(fd);
    watching_start(&w, (struct node_settings){.interval_ms = 1000,
                                              .root = "",
                                              .docker_host = "unix:///nowhere.sock",
                                              .dbus_address = "unix:path=/nowhere",
                                              .policy = path});
    struct errand e = errand(&w, "up", COMMAND_AGENT_UPGRADE, "");
    e.command.argument = (char *)"9.9.9";
    give(e);
    wait_for(&w, "outcome up refused |  | This machine is watched by hydrad itself*");
    watching_stop(&w);
    unlink(path);
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

/* A machine in a folder where one process, this test's child, is in `cgroup`. */
struct machine {
    char dir[32], proc[64], file[96], policy[64], target[64];
    pid_t child;
};

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void machine_start(struct machine *m)
{
    char text[1024], real[64];
    str_copy(m->dir, sizeof m->dir, "/tmp/hydra-machine-XXXXXX");
    assert_non_null(mkdtemp(m->dir));
    m->child = fork();
    if (m->child == 0)
        for (;;)
            pause();
    snprintf(m->proc, sizeof m->proc, "%s/proc", m->dir);
    assert_int_equal(mkdir(m->proc, 0700), 0);
    snprintf(m->proc, sizeof m->proc, "%s/proc/%d", m->dir, m->child);
    assert_int_equal(mkdir(m->proc, 0700), 0);
    snprintf(real, sizeof real, "/proc/%d/stat", m->child);
    FILE *f = fopen(real, "re");
    text[f ? fread(text, 1, sizeof text - 1, f) : 0] = 0;
    fclose(f);
    snprintf(m->file, sizeof m->file, "%s/stat", m->proc);
    write_file(m->file, text);
    unsigned long long ticks = 0;
    assert_int_equal(sscanf(strrchr(text, ')') + 1,
                            " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
                            "%*d %*d %*d %llu",
                            &ticks),
                     1);
    snprintf(m->target, sizeof m->target, "%d:%llu", m->child, ticks);
    snprintf(m->policy, sizeof m->policy, "%s/policy", m->dir);
    write_file(m->policy, "allow: [{do: process.signal}]\ndeny: [{do: unit.stop, on: mine}]\n");
}

static void machine_end(struct machine *m)
{
    static const char *const names[] = {"stat", "cgroup"};
    kill(m->child, SIGKILL);
    waitpid(m->child, NULL, 0);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        snprintf(m->file, sizeof m->file, "%s/%s", m->proc, names[i]);
        unlink(m->file);
    }
    rmdir(m->proc);
    *strrchr(m->proc, '/') = 0;
    rmdir(m->proc);
    unlink(m->policy);
    assert_int_equal(rmdir(m->dir), 0);
}

static void test_signals_spare_what_is_never_stopped(void **state)
{
    (void)state;
    static const struct {
        const char *id, *cgroup, *outcome;
    } cases[] = {
        {"a", "0::/system.slice/ssh.service\n", "refused | * never stopped from here*"},
        {"b", "0::/system.slice/dbus.service\n", "refused | *"},
        {"c", "0::/system.slice/hydrad.service/x\n", "refused | *"},
        {"d", "1:name=systemd:/system.slice/systemd-logind.service\n", "refused | *"},
        {"e", "0::/system.slice/mine.service\n", "refused | *"},
        {"f", "0::/user.slice/user-0.slice/session-1.scope\n", "done | *SIGCONT was sent to *"},
        {"g", "0::/system.slice/nginx.service\n", "done | *"},
    };
    struct machine m;
    struct watching w;
    machine_start(&m);
    watching_start(&w, (struct node_settings){.interval_ms = 1000,
                                              .root = m.dir,
                                              .docker_host = "unix:///nowhere.sock",
                                              .dbus_address = "unix:path=/nowhere",
                                              .policy = m.policy});
    wait_for_any(&w, "policy *");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char line[128];
        snprintf(m.file, sizeof m.file, "%s/cgroup", m.proc);
        write_file(m.file, cases[i].cgroup);
        struct errand e = errand(&w, cases[i].id, COMMAND_PROCESS_SIGNAL, m.target);
        e.command.argument = (char *)"CONT";
        give(e);
        snprintf(line, sizeof line, "outcome %s %s", cases[i].id, cases[i].outcome);
        wait_for(&w, line);
    }
    watching_stop(&w);
    machine_end(&m);
}

/* A node that reaches nothing, under this policy; `path` is a template for mkstemp(). */
static void start_under(struct watching *w, char *path, const char *policy)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    write_file(path, policy);
    watching_start(w, (struct node_settings){.interval_ms = 1000,
                                             .root = "",
                                             .docker_host = "unix:///nowhere.sock",
                                             .dbus_address = "unix:path=/nowhere",
                                             .policy = path,
                                             .policy_named = true});
    wait_for_any(w, "policy *");
}

static void test_rename_is_held_to_the_policy(void **state)
{
    (void)state;
    char path[] = "/tmp/hydra-policy-XXXXXX";
    struct watching w;
    start_under(&w, path, "allow: [{do: 'container.*'}]\ndeny: [{do: container.stop, on: db}]\n");
    struct errand e = errand(&w, "a", COMMAND_CONTAINER_RENAME, "docker/db");
    e.command.argument = (char *)"free";
    give(e);
    wait_for(&w, "outcome a refused | *denies something for docker/db*");
    unlink(path); /* it was named: without it nothing goes */
    give(errand(&w, "b", COMMAND_CONTAINER_START, "docker/x"));
    wait_for(&w, "outcome b refused | *allows nothing until*");
    watching_stop(&w);
}

static void test_a_switch_over_a_reboot_takes_both(void **state)
{
    (void)state;
    char path[] = "/tmp/hydra-policy-XXXXXX";
    struct watching w;
    start_under(&w, path, "allow: [{do: 'generation.*'}]\n");
    static const struct {
        const char *id;
        enum command_verb verb;
        const char *target;
    } cases[] = {{"a", COMMAND_GENERATION_SWITCH, "42"}, {"b", COMMAND_GENERATION_ROLLBACK, ""}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char line[128];
        struct errand e = errand(&w, cases[i].id, cases[i].verb, cases[i].target);
        e.command.argument = (char *)"within:60 reboot";
        give(e);
        snprintf(line, sizeof line, "outcome %s refused | *machine.reboot*", cases[i].id);
        wait_for(&w, line);
    }
    watching_stop(&w);
    unlink(path);
}

static void restart_on_loop(void *arg)
{
    node_commands_restart(((struct watching *)arg)->node);
}

static void test_another_hub_counts_anew(void **state)
{
    (void)state;
    struct watching w;
    watch_nothing(&w, NULL);
    struct errand e = errand(&w, "high", COMMAND_CONTAINER_RESTART, "docker/a");
    e.command.sequence = 1000;
    give(e);
    wait_for(&w, "outcome high failed | *");
    loop_call(w.loop, restart_on_loop, &w);
    e = errand(&w, "low", COMMAND_CONTAINER_RESTART, "docker/a");
    e.command.sequence = 1;
    give(e);
    wait_for(&w, "outcome low failed | *");
    watching_stop(&w);
}

/* Does one wait while the other runs? */
static bool waits(enum command_verb verb, const char *target, enum command_verb running,
                  const char *its_target)
{
    struct action other = {.begun = true,
                           .command = {.verb = running, .target = (char *)its_target}};
    struct action a = {.command = {.verb = verb, .target = (char *)target}};
    struct commands s = {0};
    *vec_add(&s.actions) = &other;
    *vec_add(&s.actions) = &a;
    bool its_turn = action_is_its_turn(&s, &a);
    vec_done(&s.actions);
    return !its_turn;
}

static void test_whose_turn_it_is(void **state)
{
    (void)state;
    enum command_verb reboot = COMMAND_MACHINE_REBOOT, prune = COMMAND_DOCKER_PRUNE;
    assert_true(waits(COMMAND_UNIT_STOP, "systemd/a", COMMAND_UNIT_RESTART, "systemd/a"));
    assert_false(waits(COMMAND_UNIT_STOP, "systemd/b", COMMAND_UNIT_RESTART, "systemd/a"));
    /* A machine goes down whatever makes room on it, and not in the midst of a switch. */
    assert_false(waits(reboot, "", prune, ""));
    assert_false(waits(reboot, "", COMMAND_JOURNAL_VACUUM, ""));
    assert_false(waits(reboot, "", COMMAND_GENERATION_COLLECT, ""));
    assert_false(waits(prune, "", COMMAND_JOURNAL_VACUUM, ""));
    assert_true(waits(reboot, "", COMMAND_GENERATION_SWITCH, "212"));
    assert_true(waits(COMMAND_GENERATION_SWITCH, "212", reboot, ""));
    assert_true(waits(reboot, "", COMMAND_GENERATION_REBUILD, ""));
    assert_true(waits(reboot, "", COMMAND_AGENT_UPGRADE, ""));
    assert_true(waits(COMMAND_MACHINE_POWER_OFF, "", reboot, ""));
    /* The same twice, and what looks unused while something else is at work. */
    assert_true(waits(prune, "", prune, ""));
    assert_true(waits(COMMAND_JOURNAL_VACUUM, "", COMMAND_JOURNAL_VACUUM, ""));
    assert_true(waits(COMMAND_GENERATION_COLLECT, "", COMMAND_GENERATION_ROLLBACK, ""));
    assert_true(waits(prune, "docker", COMMAND_CONTAINER_UPDATE, "docker/a"));
    assert_false(waits(prune, "podman", COMMAND_CONTAINER_UPDATE, "docker/a"));
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

/* What may have been done must not be called unknown, which means that it was never begun. */
static void test_cannot_tell_yet(void **state)
{
    (void)state;
    char dir[] = "/tmp/hydra-commands-XXXXXX", path[64], aside[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/commands.jsonl", dir);
    snprintf(aside, sizeof aside, "%s/aside", dir);
    struct watching w;
    watch_nothing(&w, dir);
    give(errand(&w, "one", COMMAND_UNIT_RESTART, "systemd/a.service"));
    wait_for(&w, "outcome one failed | *");
    watching_stop(&w);
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(mkdir(path, 0700), 0); /* can't be read, not even by root */
    watch_nothing(&w, dir);
    ask(&w, "one");
    wait_for(&w, "outcome one running | *can't tell yet whether it was done: */commands.jsonl*");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rename(aside, path), 0);
    ask(&w, "one");
    wait_for(&w, "outcome one failed | *can't be reached*");
    ask(&w, "two");
    wait_for(&w, "outcome two unknown | *");
    watching_stop(&w);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void words_beside_verbs(void **state)
{
    (void)state;
    struct err e = {0};
    unsigned n = 0;
    assert_int_equal(command_check_prune("", &e), 0);
    assert_int_equal(command_check_prune("images,build-cache", &e), 0);
    assert_int_equal(command_check_prune("images,bogus", &e), -EINVAL);
    assert_non_null(strstr(e.text, "\"bogus\" can't be removed"));
    assert_int_equal(command_read_generation("42", &n, &e), 0);
    assert_int_equal(n, 42);
    static const char *const none[] = {"", "0", "abc", "-1", "2147483648"};
    for (size_t i = 0; i < COUNT_OF(none); i++)
        assert_int_equal(command_read_generation(none[i], &n, &e), -EINVAL);
}

static void what_of_a_journal_stays(void **state)
{
    (void)state;
    struct err e = {0};
    struct vacuum v = {0};
    assert_int_equal(command_read_vacuum("size:524288000", &e, &v), 0);
    assert_true(v.bytes == 524288000 && v.seconds == 0);
    assert_int_equal(command_read_vacuum("age:1209600 size:1048576", &e, &v), 0);
    assert_true(v.bytes == 1048576 && v.seconds == 1209600);
    static const char *const bad[] = {"",
                                      "500M",
                                      "size:",
                                      "size:0",
                                      "size:1",
                                      "size:-1",
                                      "age:3599",
                                      "age:14d",
                                      "size:1048576 size:1048576",
                                      "files:2",
                                      "size:1e9",
                                      "size:1048576 reboot",
                                      "age:99999999999999",
                                      "size:99999999999999999"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (command_read_vacuum(bad[i], &e, &v) != -EINVAL)
            fail_msg("%s", bad[i]);
    assert_true(v.bytes == 1048576 && v.seconds == 1209600);
    assert_non_null(strstr(e.text, "size:BYTES"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_beside_verbs),
        cmocka_unit_test(what_of_a_journal_stays),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_local),
        cmocka_unit_test(test_nobody_upgrades),
        cmocka_unit_test(test_remembers),
        cmocka_unit_test(test_signals_spare_what_is_never_stopped),
        cmocka_unit_test(test_rename_is_held_to_the_policy),
        cmocka_unit_test(test_a_switch_over_a_reboot_takes_both),
        cmocka_unit_test(test_another_hub_counts_anew),
        cmocka_unit_test(test_whose_turn_it_is),
        cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_cannot_tell_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
