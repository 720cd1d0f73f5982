#include "../test.h"

#include "base/clock.h"
#include "node/program.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static int run(const char *script, struct program p, struct err *e, struct program_end *ret_end)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    p.argv = argv;
    p.deadline_ms = p.deadline_ms ? p.deadline_ms : 60000;
    p.output_max = p.output_max ? p.output_max : 100000;
    return program_run(&p, e, ret_end);
}

static void test_end(void **state)
{
    (void)state;
    struct program_end end = {0};
    assert_int_equal(run("echo out; echo err >&2; exit 4", (struct program){0}, NULL, &end), 0);
    assert_int_equal(end.status, 4);
    assert_string_equal(end.text.p, "out\n");
    assert_string_equal(end.errors.p, "err\n");
    program_end_done(&end);
    assert_int_equal(run("kill -9 $$", (struct program){0}, NULL, &end), 0);
    assert_int_equal(end.status, 128 + SIGKILL);
    program_end_done(&end);
}

static void make_program(const char *root, const char *path, const char *mode)
{
    AUTO(mem_freep)
    char *make =
        mem_printf("f=%s%s; mkdir -p $(dirname $f) && : >$f && chmod %s $f", root, path, mode);
    assert_int_equal(system(make), 0);
}

static void test_find(void **state)
{
    (void)state;
    char root[] = "/tmp/hydra-program-XXXXXX";
    assert_non_null(mkdtemp(root));
    assert_null(program_find(root, "tool"));
    make_program(root, "/usr/bin/tool", "644"); /* none that can be run */
    assert_null(program_find(root, "tool"));
    make_program(root, "/nix/store/x/tool", "755");
    AUTO(mem_freep)
    char *link = mem_printf("mkdir -p %s/run/current-system/sw/bin && "
                            "ln -s /nix/store/x/tool %s/run/current-system/sw/bin/tool",
                            root, root);
    assert_int_equal(system(link), 0);
    AUTO(mem_freep) char *linked = program_find(root, "tool");
    assert_true(str_starts(linked, root) && str_ends(linked, "/nix/store/x/tool"));
    make_program(root, "/usr/sbin/tool", "755");
    AUTO(mem_freep) char *first = program_find(root, "tool");
    assert_true(str_ends(first, "/usr/sbin/tool"));
    AUTO(mem_freep) char *shell = program_find("", "sh"); /* by its name, not where that leads */
    assert_true(str_ends(shell, "/bin/sh"));
    AUTO(mem_freep) char *clean = mem_printf("rm -rf %s", root);
    assert_int_equal(system(clean), 0);
}

static void test_environment(void **state)
{
    (void)state;
    static const char *const env[] = {"A=1", NULL};
    struct program_end end = {0};
    assert_int_equal(run("echo $A$HYDRA_SECRET", (struct program){.env = env}, NULL, &end), 0);
    assert_string_equal(end.text.p, "1\n");
    program_end_done(&end);
}

static void test_mixed_keeps_the_last(void **state)
{
    (void)state;
    struct program_end end = {0};
    struct program p = {.mixed = true, .output_max = 8};
    assert_int_equal(run("echo 123456789; echo abc >&2", p, NULL, &end), 0);
    assert_string_equal(end.text.p, "789\nabc\n");
    program_end_done(&end);
}

static void test_limits(void **state)
{
    (void)state;
    struct program_end end = {0};
    struct err e = {0};
    int64_t begun = clock_mono_ms();
    assert_int_equal(run("sleep 1000 & sleep 1000", (struct program){.deadline_ms = 200}, &e, &end),
                     -ETIMEDOUT);
    assert_true(clock_mono_ms() - begun < 100000);
    assert_non_null(strstr(e.text, "has not come to an end"));
    assert_int_equal(run("yes", (struct program){.output_max = 1000}, &e, &end), -E2BIG);
    const char *const nothing[] = {"/nonexistent/program", NULL};
    assert_int_equal(program_run(&(struct program){.argv = nothing, .deadline_ms = 1000}, &e, &end),
                     -ENOENT);
    assert_non_null(strstr(e.text, "/nonexistent/program can't be run"));
}

/* Nobody waits for it any more: long before its deadline. */
static void test_stopped(void **state)
{
    (void)state;
    static atomic_bool flag;
    struct program_end end;
    struct err e = {0};
    flag = true;
    program_stop_by(&flag);
    assert_int_equal(run("sleep 1000", (struct program){0}, &e, &end), -ECANCELED);
    assert_string_equal(e.text, "sh was stopped: nobody waits for it any more.");
    assert_int_equal(run("exec >&- 2>&-; sleep 1000", (struct program){0}, &e, &end), -ECANCELED);
    program_stop_by(NULL);
    assert_int_equal(run("exit 0", (struct program){0}, &e, &end), 0);
    program_end_done(&end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_end),         cmocka_unit_test(test_find),
        cmocka_unit_test(test_environment), cmocka_unit_test(test_mixed_keeps_the_last),
        cmocka_unit_test(test_limits),      cmocka_unit_test(test_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
