/* How collectors are run: pauses, what is told, things that come and go; and that a steady state
 * costs no allocation. */
#include "tree.h"

#include "node/processes.h"

#include <signal.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- counting allocations: the linker sends every one of our own through here --- */

static unsigned allocations;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
    allocations++;
    return __real_calloc(n, size);
}

void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size)
{
    allocations++;
    return __real_realloc(p, size);
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

/* Everything but the process table, which makes a table to hand over. */
static struct collectors *metrics_only(struct tree *t, const struct collector *table[64])
{
    size_t n_house, n = 0;
    const struct collector *const *house = collectors_house(&n_house);
    for (size_t i = 0; i < n_house; i++)
        if (!str_eq(house[i]->name, "processes"))
            table[n++] = house[i];
    collectors_free(t->collectors);
    return collectors_new_of(&t->c, table, n, tree_on_source, t);
}

static void no_allocations_on(const char *tree)
{
    struct tree t;
    const struct collector *table[64];
    if (tree)
        tree_init(&t, tree, NULL);
    else
        tree_init_at(&t, "", NULL);
    owners_set(t.c.owners, &(struct observed){.id = "docker/x", .cgroup = "/docker/aaaa"});
    t.collectors = metrics_only(&t, table);
    tree_tick(&t, 20);
    unsigned before = allocations;
    assert_true(before > 50); /* the counter works */
    tree_tick(&t, 30);
    assert_int_equal(allocations, before);
    tree_done(&t);
}

static void test_steady_state_allocates_nothing(void **state)
{
    (void)state;
    no_allocations_on(NULL);
    no_allocations_on("tower");
    no_allocations_on("amd");
}

/* --- a collector that does as it is told --- */

static struct {
    int open_error, read_error;
    const char *why;
    unsigned opens, reads, closes;
} script;

static const struct series_tmpl scripted_series[] = {{"scripted", SERIES_GAUGE, "", NULL}};

static int scripted_open(void *state, struct collect *c)
{
    assert_int_equal(*(int *)state, 0); /* comes zeroed, each time */
    *(int *)state = 1;
    script.opens++;
    *series_at(c->series, series_add(c->series, scripted_series, 1, "")) = 1;
    return script.open_error;
}

static int scripted_read(void *state, struct collect *c)
{
    (void)state;
    script.reads++;
    if (script.why)
        str_copy(c->why, sizeof c->why, script.why);
    return script.read_error;
}

static void scripted_close(void *state, struct collect *c)
{
    (void)state;
    (void)c;
    script.closes++;
}

static const struct collector scripted = {
    "scripted", 3, sizeof(int), scripted_open, scripted_read, scripted_close};
static const struct collector *const scripted_table[] = {&scripted};

static void scripted_init(struct tree *t)
{
    memset(&script, 0, sizeof script);
    tree_init_at(t, "", NULL);
    collectors_free(t->collectors);
    t->collectors = collectors_new_of(&t->c, scripted_table, 1, tree_on_source, t);
}

static void test_reads_as_often_as_asked(void **state)
{
    (void)state;
    struct tree t;
    scripted_init(&t);
    tree_tick(&t, 31);
    assert_int_equal(script.opens, 1);
    assert_int_equal(script.reads, 11);
    assert_string_equal(t.sources, "collector/scripted=0() ");
    tree_done(&t);
    assert_int_equal(script.closes, 1);
}

static void test_pauses_double(void **state)
{
    (void)state;
    struct tree t;
    scripted_init(&t);
    script.open_error = -EIO;
    tree_tick(&t, 1 + 1 + 2 + 4 + 8 + 16 + 32 + 60 + 60);
    assert_int_equal(script.opens, 9);
    assert_int_equal(script.closes, 9);
    assert_no_value(&t, "scripted{}");
    script.open_error = 0;
    tree_tick(&t, 61);
    assert_value(&t, "scripted{}", 1);
    assert_non_null(strstr(t.sources, "collector/scripted=3(Input/output error) "));
    tree_done(&t);
}

static void test_failure_while_running(void **state)
{
    (void)state;
    struct tree t;
    scripted_init(&t);
    tree_tick(&t, 70); /* long enough to begin with a short pause again */
    script.read_error = -EBADMSG;
    tree_tick(&t, 3);
    assert_int_equal(script.closes, 1);
    assert_no_value(&t, "scripted{}");
    script.read_error = 0;
    tree_tick(&t, 2);
    assert_int_equal(script.opens, 2);
    assert_value(&t, "scripted{}", 1);
    tree_done(&t);
}

static void test_absent_is_looked_for_each_minute(void **state)
{
    (void)state;
    struct tree t;
    scripted_init(&t);
    script.open_error = -ENOENT;
    tree_tick(&t, 121);
    assert_int_equal(script.opens, 3);
    assert_non_null(strstr(t.sources, "collector/scripted=1() "));
    script.open_error = -EACCES;
    tree_tick(&t, 60);
    assert_non_null(strstr(t.sources, "collector/scripted=2("));
    tree_done(&t);
}

static void test_has_something_to_say(void **state)
{
    (void)state;
    struct tree t;
    scripted_init(&t);
    tree_tick(&t, 3);
    script.why = "One of two is lost.";
    tree_tick(&t, 3);
    script.why = NULL;
    tree_tick(&t, 6);
    assert_string_equal(t.sources, "collector/scripted=0() collector/scripted=3(One of two is "
                                   "lost.) collector/scripted=0() ");
    tree_done(&t);
}

/* --- a tree that changes --- */

static char root[32];

static void make_root(void)
{
    str_copy(root, sizeof root, "/tmp/hydra-collectors-XXXXXX");
    assert_non_null(mkdtemp(root));
}

static void remove_root(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", root);
    assert_int_equal(system(command), 0);
}

static void write_file(const char *path, const char *text)
{
    char full[256];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
        *p = 0;
        mkdir(full, 0700);
    }
    int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

#define SDA "8 0 sda 1 0 2 3 4 0 6 7 0 9 10\n"
#define SDB "8 16 sdb 100 0 2 3 4 0 6 7 0 9 10\n"
#define SDC "8 32 sdc 7 0 2 3 4 0 6 7 0 9 10\n"

static void test_disks_come_and_go(void **state)
{
    (void)state;
    struct tree t;
    make_root();
    write_file("/sys/block/sda/device/model", "A");
    write_file("/sys/block/sdb/device/model", "B");
    write_file("/sys/block/sdc/device/model", "C");
    write_file("/proc/diskstats", SDA SDB);
    tree_init_at(&t, root, NULL);
    tree_tick(&t, 2);
    const char *reads_of_b = "node_disk_reads_completed_total{device=\"sdb\"}";
    uint32_t number = series_find(t.c.series, reads_of_b);
    assert_value(&t, reads_of_b, 100);
    write_file("/proc/diskstats", SDA);
    tree_tick(&t, 1);
    assert_no_value(&t, reads_of_b);
    assert_no_value(&t, "node_disk_info{device=\"sdb\",model=\"B\",rotational=\"\"}");
    assert_value(&t, "node_disk_reads_completed_total{device=\"sda\"}", 1);
    write_file("/proc/diskstats", SDC SDA);
    tree_tick(&t, 1);
    assert_value(&t, "node_disk_reads_completed_total{device=\"sdc\"}", 7);
    assert_no_value(&t, reads_of_b); /* its number is nobody else's */
    write_file("/proc/diskstats", SDB SDC SDA);
    tree_tick(&t, 1);
    assert_value(&t, reads_of_b, 100);
    assert_int_equal(series_find(t.c.series, reads_of_b), number);
    assert_value(&t, "node_disk_info{device=\"sdb\",model=\"B\",rotational=\"\"}", 1);
    tree_done(&t);
    remove_root();
}

#define WEB "hydra_service_cpu_seconds_total{service=\"docker/web\"}"

/* Read each second tick, counted evenly in every one; then by its engine alone. */
static void test_counters_of_services_run_evenly(void **state)
{
    (void)state;
    struct tree t;
    char text[64];
    make_root();
    write_file("/sys/fs/cgroup/cgroup.controllers", "cpu memory");
    write_file("/sys/fs/cgroup/docker/aa/cpu.stat", "usage_usec 0\n");
    tree_init_at(&t, root, NULL);
    owners_set(t.c.owners, &(struct observed){.id = "docker/web", .cgroup = "/docker/aa"});
    double before = NAN;
    for (unsigned tick = 0; tick < 12; tick++) {
        snprintf(text, sizeof text, "usage_usec %u\n", tick * 500000);
        write_file("/sys/fs/cgroup/docker/aa/cpu.stat", text);
        tree_tick(&t, 1);
        double now = tree_has(&t, WEB) ? tree_value(&t, WEB) : NAN;
        if (tick > 6)
            assert_true(fabs(now - before - 0.5) < 1e-9);
        before = now;
    }
    assert_no_value(&t, "hydra_service_memory_bytes{service=\"docker/web\"}");

    struct owner *w = owners_by_id(t.c.owners, "docker/web");
    owners_set(t.c.owners, &(struct observed){.id = "docker/web"});
    tree_tick(&t, 2);
    assert_no_value(&t, WEB);
    owner_used(w, USAGE_ENGINE, 10, 77, t.now);
    tree_tick(&t, 10);
    assert_value(&t, "hydra_service_memory_bytes{service=\"docker/web\"}", 77);
    assert_no_value(&t, WEB); /* one reading is no pace */
    owner_used(w, USAGE_ENGINE, 20, 78, t.now);
    tree_tick(&t, 1);
    assert_value(&t, WEB, 10);
    tree_tick(&t, 5);
    assert_value(&t, WEB, 15);
    tree_tick(&t, 30); /* nothing new is invented */
    assert_value(&t, WEB, 20);
    owner_used(w, USAGE_ENGINE, 1, 1, t.now); /* started again */
    tree_tick(&t, 1);
    assert_no_value(&t, WEB);
    tree_done(&t);
    remove_root();
}

static void test_timesyncd_tells_where_the_kernel_may_not(void **state)
{
    (void)state;
    const char *status = "node_timex_sync_status{}";
    struct tree t;
    make_root();
    write_file("/proc/uptime", "1 1");
    tree_init_at(&t, root, NULL);
    tree_tick(&t, 1);
    assert_no_value(&t, status); /* nobody tells */
    write_file("/run/systemd/timesync/x", "");
    tree_tick(&t, 61);
    assert_value(&t, status, 0);
    write_file("/run/systemd/timesync/synchronized", "");
    tree_tick(&t, 15);
    assert_value(&t, status, 1);
    assert_no_value(&t, "node_timex_offset_seconds{}");
    char path[128];
    snprintf(path, sizeof path, "%s/run/systemd/timesync/synchronized", root);
    struct timespec hours_ago[2] = {{.tv_sec = time(NULL) - 4L * 3600},
                                    {.tv_sec = time(NULL) - 4L * 3600}};
    assert_int_equal(utimensat(AT_FDCWD, path, hours_ago, 0), 0);
    tree_tick(&t, 15);
    assert_value(&t, status, 0);
    tree_done(&t);
    remove_root();
}

static void write_process_of(int pid, unsigned pages)
{
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    snprintf(text, sizeof text,
             "%d (x) S 1 1 1 0 -1 0 0 0 0 0 5 5 0 0 20 0 1 0 4000 100000 %u 1 1 1\n", pid, pages);
    write_file(path, text);
}

static void write_process(int pid)
{
    write_process_of(pid, 250);
}

static void write_census(unsigned forks, unsigned tasks)
{
    char text[128];
    snprintf(text, sizeof text,
             "cpu 1 1 1 1 1 1 1 1\ncpu0 1 1 1 1 1 1 1 1\nintr 1\nctxt 1\nbtime 1\nprocesses %u\n",
             forks);
    write_file("/proc/stat", text);
    snprintf(text, sizeof text, "0.00 0.00 0.00 1/%u 77\n", tasks);
    write_file("/proc/loadavg", text);
}

/* /proc is walked again when the kernel counted a birth or fewer tasks, else seldom. */
static void test_census_spares_walking_proc(void **state)
{
    (void)state;
    struct tree t;
    make_root();
    write_process(10);
    write_process(11);
    write_census(100, 2);
    tree_init_at(&t, root, NULL);
    tree_tick(&t, 9);
    assert_int_equal(t.processes->total, 2);
    write_process(12);
    tree_tick(&t, 3);
    assert_int_equal(t.processes->total, 2); /* nobody told */
    write_census(101, 3);
    tree_tick(&t, 3);
    assert_int_equal(t.processes->total, 3);
    write_process(13);
    write_census(101, 4);
    tree_tick(&t, 3);
    assert_int_equal(t.processes->total, 4);
    write_process(14);
    tree_tick(&t, 30); /* where the counts mean nothing, some day */
    assert_int_equal(t.processes->total, 5);
    write_process(15);
    write_file("/proc/loadavg", "0.00 0.00 0.00\n");
    tree_tick(&t, 3);
    assert_int_equal(t.processes->total, 6); /* not known: always */
    tree_done(&t);
    remove_root();
}

static void test_numbers_of_live_processes_are_told(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    assert_true(processes_any_lives((uint64_t)pid, (uint64_t)pid));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_false(processes_any_lives((uint64_t)pid, (uint64_t)pid));
    assert_true(processes_any_lives(1, (uint64_t)getpid()));
    assert_false(processes_any_lives(2, 1));
}

#define WEB_MEMORY "hydra_service_memory_bytes{service=\"docker/web\"}"

static void start_web(struct tree *t)
{
    make_root();
    write_file("/sys/fs/cgroup/cgroup.controllers", "cpu memory");
    write_file("/sys/fs/cgroup/docker/aa/cpu.stat", "usage_usec 7\n");
    write_file("/sys/fs/cgroup/docker/aa/memory.current", "1000\n");
    write_file("/sys/fs/cgroup/docker/aa/memory.stat", "anon 1\ninactive_file 100\n");
    write_file("/proc/10/cgroup", "0::/docker/aa\n");
    write_process(10);
    write_census(100, 1);
    tree_init_at(t, root, NULL);
    owners_set(t->c.owners, &(struct observed){.id = "docker/web", .cgroup = "/docker/aa"});
    tree_tick(t, 13); /* its process has settled */
}

/* A cgroup that used no CPU has changed nothing, except what the kernel took from it. */
static void test_memory_of_a_sleeping_service_is_read_seldom(void **state)
{
    (void)state;
    struct tree t;
    start_web(&t);
    assert_value(&t, WEB_MEMORY, 900);
    write_file("/sys/fs/cgroup/docker/aa/memory.current", "800\n");
    write_file("/sys/fs/cgroup/docker/aa/cpu.stat", "usage_usec 8\n");
    tree_tick(&t, 2);
    assert_value(&t, WEB_MEMORY, 700);
    for (unsigned bytes = 600, seen = 0; bytes < 610; bytes++) {
        char text[32];
        snprintf(text, sizeof text, "%u\n", bytes);
        write_file("/sys/fs/cgroup/docker/aa/memory.current", text);
        tree_tick(&t, 2);
        seen += fabs(tree_value(&t, WEB_MEMORY) - (bytes - 100)) < 0.5;
        if (bytes == 609)
            assert_int_equal(seen, 2); /* of ten looks */
    }
    write_file("/sys/fs/cgroup/docker/aa/memory.stat", "anon 1\ninactive_file 200\n");
    tree_tick(&t, 60);
    assert_value(&t, WEB_MEMORY, 409);
    tree_done(&t);
    remove_root();
}

static double memory_shown(const struct tree *t)
{
    assert_int_equal(t->processes->rows.n, 1);
    return (double)t->processes->rows.v[0].memory / (double)sysconf(_SC_PAGESIZE);
}

static void test_sleeping_processes_are_read_seldom(void **state)
{
    (void)state;
    struct tree t;
    start_web(&t);
    tree_tick(&t, 12);
    unsigned seen = 0;
    for (unsigned pages = 300; pages < 308; pages++) {
        write_process_of(10, pages);
        tree_tick(&t, 3);
        seen += memory_shown(&t) == pages;
    }
    assert_int_equal(seen, 2); /* of eight passes */
    for (unsigned pages = 400; pages < 404; pages++) {
        char text[32];
        snprintf(text, sizeof text, "usage_usec %u\n", pages);
        write_file("/sys/fs/cgroup/docker/aa/cpu.stat", text);
        write_process_of(10, pages);
        tree_tick(&t, 3);
        assert_true(memory_shown(&t) == pages); /* its service runs: in each */
    }
    owners_set(t.c.owners, &(struct observed){.id = "docker/web"});
    write_process_of(10, 500);
    tree_tick(&t, 3);
    assert_true(memory_shown(&t) == 500); /* of nobody: in each */
    tree_done(&t);
    remove_root();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steady_state_allocates_nothing),
        cmocka_unit_test(test_reads_as_often_as_asked),
        cmocka_unit_test(test_pauses_double),
        cmocka_unit_test(test_failure_while_running),
        cmocka_unit_test(test_absent_is_looked_for_each_minute),
        cmocka_unit_test(test_has_something_to_say),
        cmocka_unit_test(test_disks_come_and_go),
        cmocka_unit_test(test_counters_of_services_run_evenly),
        cmocka_unit_test(test_timesyncd_tells_where_the_kernel_may_not),
        cmocka_unit_test(test_census_spares_walking_proc),
        cmocka_unit_test(test_numbers_of_live_processes_are_told),
        cmocka_unit_test(test_memory_of_a_sleeping_service_is_read_seldom),
        cmocka_unit_test(test_sleeping_processes_are_read_seldom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
