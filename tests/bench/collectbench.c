/* collectbench: what reading this machine's state costs, without anything around it.
 *
 *   collectbench SECONDS metrics|processes|all|schedule
 *
 * Runs the house's collectors once a second: all but the process table, the process table with what
 * tells it that nobody came or went, or all, each in every tick; `schedule` runs all as often as
 * they ask for. Prints CPU microseconds and reads a tick to stderr, and the files that are open to
 * stdout: the list for readfloor. */
#include "base/str.h"
#include "node/collector.h"
#include "node/gpu.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { COLLECTORS_MAX = 64, WARM_TICKS = 3 };

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Calls of read() and pread() so far. */
static double reads(void)
{
    char text[512];
    uint64_t n = 0;
    const char *at =
        kfile_text(text, sizeof text, "", "/proc/self/io") < 0 ? NULL : strstr(text, "syscr: ");
    if (at) {
        struct scan s = {at + strlen("syscr: "), text + strlen(text)};
        scan_u64(&s, &n);
    }
    return (double)n;
}

static void on_source(void *arg, const char *name, enum source_state state, const char *text,
                      const char *hint)
{
    (void)arg;
    (void)hint;
    if (state == SOURCE_FAILED || state == SOURCE_DENIED)
        fprintf(stderr, "%s: %s\n", name, text);
}

static void on_processes(void *arg, struct process_table *t)
{
    (void)arg;
    node_report_free(&(struct node_report){.kind = REPORT_PROCESSES, .processes = t});
}

static bool is_chosen(const struct collector *c, const char *what)
{
    bool processes = str_eq(c->name, "processes");
    if (str_eq(what, "metrics"))
        return !processes;
    if (str_eq(what, "processes"))
        return processes || str_eq(c->name, "cpu") || str_eq(c->name, "load");
    return true;
}

static size_t choose(const char *what, struct collector copies[COLLECTORS_MAX],
                     const struct collector *table[COLLECTORS_MAX])
{
    size_t n_house, n = 0;
    const struct collector *const *house = collectors_house(&n_house);
    for (size_t i = 0; i < n_house && n < COLLECTORS_MAX; i++) {
        if (!is_chosen(house[i], what))
            continue;
        copies[n] = *house[i];
        if (!str_eq(what, "schedule"))
            copies[n].every = 1;
        table[n] = &copies[n];
        n++;
    }
    return n;
}

/* Files of this process by a name that is as good in another. */
static const char *lasting_name(const char *file)
{
    static char name[KFILE_PATH_MAX + 8];
    char own[32];
    snprintf(own, sizeof own, "/proc/%d/", (int)getpid());
    if (!str_starts(file, own))
        return file;
    snprintf(name, sizeof name, "/proc/self/%s", file + strlen(own));
    return name;
}

static void print_file(void *arg, const char *name)
{
    char file[KFILE_PATH_MAX];
    (void)arg;
    if (kfile_link(file, sizeof file, "", "/proc/self/fd/%s", name) == 0 &&
        (str_starts(file, "/proc/") || str_starts(file, "/sys/")) && !str_eq(file, "/proc"))
        puts(lasting_name(file));
}

int main(int argc, char **argv)
{
    static struct gpus gpus;
    static struct collector copies[COLLECTORS_MAX];
    const struct collector *table[COLLECTORS_MAX];
    uint64_t seconds;
    if (argc != 3 || str_to_u64(argv[1], &seconds) < 0 || seconds == 0) {
        fputs("usage: collectbench SECONDS metrics|processes|all|schedule\n", stderr);
        return 2;
    }
    struct collect c = {.series = series_new(),
                        .owners = owners_new(),
                        .root = "",
                        .gpus = &gpus,
                        .on_processes = on_processes};
    struct collectors *cs =
        collectors_new_of(&c, table, choose(argv[2], copies, table), on_source, NULL);
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    double before = 0, reads_before = 0;
    for (uint64_t i = 0; i < seconds + WARM_TICKS; i++) {
        if (i == WARM_TICKS) {
            reads_before = reads();
            before = cpu_us();
        }
        collectors_tick(cs, next.tv_sec * 1000 + next.tv_nsec / 1000000);
        mem_free(series_frame(c.series, 0));
        next.tv_sec++;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
    double spent = cpu_us() - before;
    fprintf(stderr, "%.1f us CPU a tick, %.1f reads a tick, %u series\n", spent / (double)seconds,
            (reads() - reads_before) / (double)seconds, c.series->n);
    kfile_list("", "/proc/self/fd", print_file, NULL);
    collectors_free(cs);
    series_free(c.series);
    owners_free(c.owners);
    gpus_done(&gpus);
    kbuf_done(&c.buf);
    return 0;
}
