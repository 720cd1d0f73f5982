/* Probes, with this test as the program that they start; and a dead mount in a recorded tree. */
#include "tree.h"

#include "node/node.h"
#include "node/probe.h"

#include <errno.h>
#include <unistd.h>

struct answer {
    struct loop *loop;
    unsigned times;
    int error;
    char line[256];
};

static void on_answer(void *arg, int error, const char *line)
{
    struct answer *a = arg;
    a->times++;
    a->error = error;
    str_copy(a->line, sizeof a->line, line ? line : "");
    loop_stop(a->loop);
}

static struct answer ask(const char *verb, const char *path, uint32_t deadline_ms)
{
    struct answer a = {.loop = loop_new("probe")};
    struct probe *p =
        probe_start(a.loop, (const char *[]){verb, path, NULL}, deadline_ms, on_answer, &a);
    loop_run(a.loop);
    probe_free(p);
    loop_free(a.loop);
    return a;
}

static void test_answers(void **state)
{
    (void)state;
    struct answer a = ask("statfs", "/", 60000);
    uint64_t v[7];
    struct scan s = {a.line, a.line + strlen(a.line)};
    assert_int_equal(a.error, 0);
    assert_int_equal(a.times, 1);
    assert_int_equal(scan_numbers(&s, v, 7), 7);
    assert_true(v[0] >= 512 && v[1] > 0);
    a = ask("statfs", "/nowhere/at/all", 60000);
    assert_int_equal(a.error, 0);
    assert_string_equal(a.line, "error 2");
}

static void test_failures(void **state)
{
    (void)state;
    assert_int_equal(ask("no-such-verb", "/", 60000).error, -EIO);
    assert_int_equal(ask("die", "/", 60000).error, -EIO);
    assert_int_equal(ask("say-nothing", "/", 60000).error, -EIO);
}

static void test_deadline(void **state)
{
    (void)state;
    struct answer a = ask("hang", "/", 50);
    assert_int_equal(a.error, -ETIMEDOUT);
    assert_int_equal(a.times, 1);
}

static void on_timer(void *loop)
{
    loop_stop(loop);
}

static void test_freed_one_does_not_answer(void **state)
{
    (void)state;
    struct answer a = {.loop = loop_new("probe")};
    struct probe *p =
        probe_start(a.loop, (const char *[]){"statfs", "/", NULL}, 5000, on_answer, &a);
    probe_free(p);
    loop_timer_new(a.loop, 200, 0, on_timer, a.loop);
    loop_run(a.loop);
    assert_int_equal(a.times, 0);
    loop_free(a.loop);
}

#define MOUNT(name, l) name "{" l "}"
#define NFS "device=\"dead-nas:/export\",fstype=\"nfs\",mountpoint=\"/mnt/remotes/dead_nas\""
#define SHFS "device=\"shfs\",fstype=\"fuse.shfs\",mountpoint=\"/mnt/user\""

/* Until both are known. */
static void tick(void *arg)
{
    struct tree *t = arg;
    tree_tick(t, 1);
    if (tree_has(t, MOUNT("hydra_filesystem_stalled", NFS)) &&
        tree_value(t, MOUNT("hydra_filesystem_stalled", NFS)) > 0 &&
        tree_value(t, MOUNT("node_filesystem_size_bytes", SHFS)) > 0)
        loop_stop(t->c.loop);
}

/* The NFS of the recorded Unraid is dead: its probe hangs (main() below); shfs answers. */
static void test_dead_mount_is_stalled(void **state)
{
    (void)state;
    struct tree t;
    struct loop *loop = loop_new("probe");
    tree_init(&t, "tower", loop);
    loop_timer_new(loop, 0, 50, tick, &t);
    loop_timer_new(loop, 60000, 0, on_timer, loop); /* the deadline is 4 s */
    loop_run(loop);
    assert_value(&t, MOUNT("hydra_filesystem_stalled", NFS), 1);
    assert_value(&t, MOUNT("node_filesystem_device_error", NFS), 1);
    assert_no_value(&t, MOUNT("node_filesystem_size_bytes", NFS));
    assert_value(&t, MOUNT("hydra_filesystem_stalled", SHFS), 0);
    assert_true(tree_value(&t, MOUNT("node_filesystem_size_bytes", SHFS)) > 0);
    tree_done(&t);
    loop_free(loop);
}

static int hang(void)
{
    while (true)
        pause();
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_freed_one_does_not_answer),
        cmocka_unit_test(test_dead_mount_is_stalled),
    };
    if (argc < 4 || !str_eq(argv[1], "node-probe"))
        return cmocka_run_group_tests(tests, NULL, NULL);
    if (str_eq(argv[2], "hang") || str_ends(argv[3], "/dead_nas"))
        return hang();
    if (str_eq(argv[2], "die"))
        abort();
    if (str_eq(argv[2], "say-nothing"))
        return 0;
    return node_probe_main(argc, argv);
}
