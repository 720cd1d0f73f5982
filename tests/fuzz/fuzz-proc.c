/* What the kernel, or whoever writes process titles, mount points and host names, lets us read. The
 * first byte chooses the parser, the rest is the text of its file. */
#include "fuzz.h"

#include "base/str.h"
#include "node/collector.h"
#include "node/facts.h"
#include "node/kernel-log.h"
#include "node/keyed.h"
#include "node/mask.h"
#include "node/mounts.h"
#include "node/processes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct scan scan_of(const char *text, size_t n)
{
    return (struct scan){text, text + n};
}

static void fuzz_scan(char *text, size_t n)
{
    struct scan s = scan_of(text, n);
    const char *word;
    uint64_t u, many[4];
    int64_t i;
    double d;
    do {
        scan_word(&s, ':', &word);
        scan_u64(&s, &u);
        scan_i64(&s, &i);
        scan_decimal(&s, &d);
        scan_text(&s, "cpu");
        scan_numbers(&s, many, COUNT_OF(many));
        FUZZ_CHECK(s.p <= s.end);
    } while (scan_next_line(&s));
}

static void fuzz_mounts(char *text, size_t n)
{
    struct mount_list l;
    mounts_parse(&l, scan_of(text, n));
    for (size_t i = 0; i < l.v.n; i++)
        FUZZ_CHECK(l.v.v[i].point[0] == '/');
    mounts_done(&l);
}

/* A record of /dev/kmsg. */
static void fuzz_kmsg(char *text, size_t n)
{
    struct kernel_log l = {0};
    struct kmsg m;
    if (kmsg_parse(text, n, &m) < 0)
        return;
    FUZZ_CHECK(m.text >= text && m.text + m.len <= text + n && m.level <= 7);
    kernel_log_add(&l, 1, m.level, m.text, m.len);
    kernel_log_add(&l, 2, m.level, m.text, m.len);
    FUZZ_CHECK(l.v.n <= 1 && (!l.v.n || l.v.v[0].count == 2));
    kernel_log_done(&l);
}

static void fuzz_cpuinfo(char *text, size_t n)
{
    struct node_facts f = {0};
    bool guest;
    facts_parse_cpuinfo(&f, scan_of(text, n), &guest);
    FUZZ_CHECK(f.cpu_sockets >= 1);
    mem_free(f.cpu_model);
}

static void fuzz_os_release(char *text, size_t n)
{
    (void)n;
    mem_free(facts_os_release(text, "PRETTY_NAME"));
}

static void fuzz_process(char *text, size_t n)
{
    struct process_stat p;
    if (process_stat_parse(scan_of(text, n), &p) == 0)
        FUZZ_CHECK(strlen(p.name) < sizeof p.name);
}

static void fuzz_mask(char *text, size_t n)
{
    char shown[COMMAND_MAX];
    command_mask(text, n, shown);
    FUZZ_CHECK(strlen(shown) < COMMAND_MAX);
    for (const char *p = shown; *p; p++)
        FUZZ_CHECK((unsigned char)*p >= 0x20);
}

static void fuzz_cgroup(char *text, size_t n)
{
    (void)n;
    FUZZ_CHECK(cgroup_parse(text)[0] == '/');
}

static void fuzz_label(char *text, size_t n)
{
    struct str labels = {0};
    (void)n;
    label_add(&labels, "x", text);
    FUZZ_CHECK(str_is_utf8(labels.p, labels.len));
    str_done(&labels);
}

/* --- whole collectors, on a tree of one file --- */

extern const struct collector collector_cpu, collector_load, collector_meminfo, collector_pressure,
    collector_diskstats, collector_netdev, collector_sockstat, collector_limits, collector_vmstat;

static const struct target {
    char letter;
    void (*parse)(char *text, size_t n);
    const struct collector *collector;
    const char *path;
} targets[] = {
    {'s', fuzz_scan, NULL, NULL},
    {'m', fuzz_mounts, NULL, NULL},
    {'r', fuzz_kmsg, NULL, NULL},
    {'i', fuzz_cpuinfo, NULL, NULL},
    {'o', fuzz_os_release, NULL, NULL},
    {'p', fuzz_process, NULL, NULL},
    {'k', fuzz_mask, NULL, NULL},
    {'g', fuzz_cgroup, NULL, NULL},
    {'x', fuzz_label, NULL, NULL},
    {'C', NULL, &collector_cpu, "/proc/stat"},
    {'L', NULL, &collector_load, "/proc/loadavg"},
    {'M', NULL, &collector_meminfo, "/proc/meminfo"},
    {'V', NULL, &collector_vmstat, "/proc/vmstat"},
    {'D', NULL, &collector_diskstats, "/proc/diskstats"},
    {'N', NULL, &collector_netdev, "/proc/self/net/dev"},
    {'S', NULL, &collector_sockstat, "/proc/self/net/sockstat"},
    {'F', NULL, &collector_limits, "/proc/sys/fs/file-nr"},
};

static char root[] = "/dev/shm/hydra-fuzz-proc-XXXXXX";

static void remove_root(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", root);
    FUZZ_CHECK(system(command) == 0);
}

static void write_file(const char *path, const char *text, size_t n)
{
    char full[256];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
        *p = 0;
        mkdir(full, 0700);
    }
    int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    FUZZ_CHECK(fd >= 0 && write(fd, text, n) == (ssize_t)n);
    close(fd);
}

static void run_collector(const struct target *t, const char *text, size_t n)
{
    struct collect c = {.series = series_new(), .root = root};
    void *state = mem_alloc(t->collector->size);
    write_file(t->path, text, n);
    if (t->collector->open(state, &c) == 0) {
        int r = t->collector->read(state, &c);
        write_file(t->path, text, n / 2); /* what was there is gone, or cut */
        int again = t->collector->read(state, &c);
        FUZZ_CHECK(r <= 0 && again <= 0);
    }
    t->collector->close(state, &c);
    mem_free(state);
    series_free(c.series);
    kbuf_done(&c.buf);
}

static void run(const struct target *t, const uint8_t *data, size_t n)
{
    char *text = mem_alloc(n + 1); /* of the exact size, for the sanitizer */
    if (n)
        memcpy(text, data, n);
    if (t->parse)
        t->parse(text, n);
    else
        run_collector(t, text, n);
    mem_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static bool ready;
    if (!ready) {
        FUZZ_CHECK(mkdtemp(root) != NULL);
        atexit(remove_root);
        ready = true;
    }
    for (size_t i = 0; n > 0 && i < COUNT_OF(targets); i++)
        if (data[0] == (uint8_t)targets[i].letter)
            run(&targets[i], data + 1, n - 1);
    return 0;
}
