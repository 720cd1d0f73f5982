/* The tree of this very machine: we are in it, below our parent, with our secret masked. */
#include "../test.h"

#include "node/process-tree.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static json_t *tree(uint32_t pause_ms, const struct owners *o)
{
    struct str out = {0};
    struct err e = {0};
    struct jw w = jw_begin(&out);
    json_t *v = NULL;
    const struct tree_settings s = {.root = "", .owners = o, .pause_ms = pause_ms};
    assert_int_equal(process_tree_print(&s, &w, &e), 0);
    assert_int_equal(json_parse(out.p, out.len, out.len, &e, &v), 0);
    str_done(&out);
    return v;
}

static const json_t *find(const json_t *tree, int pid, size_t *ret_at)
{
    const json_t *list = json_object_get(tree, "processes");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_get_int(json_array_get(list, i), "pid", 0) == pid) {
            *ret_at = i;
            return json_array_get(list, i);
        }
    fail_msg("no process %d", pid);
    return NULL;
}

/* A child that uses a CPU and has a secret on its command line; it runs, and ends with us. */
static pid_t start_child(void)
{
    int fds[2];
    char nothing;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child) {
        close(fds[1]);
        assert_int_equal(read(fds[0], &nothing, 1), 1); /* its word that it runs */
        close(fds[0]);
        return child;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(fds[1], STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", "echo; while :; do :; done", "--password=hunter2", (char *)NULL);
    _exit(1);
}

static void test_this_machine(void **state)
{
    (void)state;
    size_t me, kid;
    pid_t child = start_child();
    struct owners *o = owners_new();
    owners_set(o, &(struct observed){.id = (char *)"systemd/busy.service", .main_pid = child});
    AUTO(json_decrefp) json_t *v = tree(300, o);
    const json_t *p = find(v, child, &kid);
    find(v, getpid(), &me);
    assert_true(me < kid); /* parents first */
    assert_int_equal(json_get_int(p, "parent", 0), getpid());
    assert_string_equal(json_get_str(p, "name", ""), "sh");
    assert_non_null(strstr(json_get_str(p, "command", ""), "--password=***"));
    assert_string_equal(json_get_str(p, "service", ""), "systemd/busy.service");
    assert_true(json_get_num(p, "cpu", -1) >= 0);
    assert_true(json_get_int(p, "memory", 0) > 0);
    assert_true(str_starts(json_get_str(p, "started", ""), "20"));
    AUTO(mem_freep) char *target = mem_printf("%d:", child);
    assert_true(str_starts(json_get_str(p, "target", ""), target));
    assert_true((size_t)json_get_int(v, "total", 0) >=
                json_array_size(json_object_get(v, "processes")));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    owners_free(o);
}

static void test_no_proc(void **state)
{
    (void)state;
    AUTO(str_done) struct str out = {0};
    struct err e = {0};
    struct jw w = jw_begin(&out);
    struct owners *o = owners_new();
    const struct tree_settings s = {.root = "/nowhere", .owners = o};
    assert_int_equal(process_tree_print(&s, &w, &e), -ENOENT);
    owners_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_this_machine),
        cmocka_unit_test(test_no_proc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
