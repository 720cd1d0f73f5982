/* /proc/stat: time per core and mode, and what the kernel counts since boot. Clock frequencies,
 * which cost an interrupt on the other core, are read seldom. */
#include "node/collector.h"

#include <errno.h>

enum {
    MODES = 8,
    FREQUENCY_EVERY = 10, /* ticks */
};
static const double TICK_S = 0.01; /* USER_HZ is 100 on every architecture we run on */

#define CPU_HELP "Seconds the CPUs spent in each mode."
#define MODE(m)                                                                                    \
    {                                                                                              \
        "node_cpu_seconds_total", SERIES_COUNTER, CPU_HELP, "mode=\"" m "\""                       \
    }
/* In the order of the columns. */
static const struct series_tmpl cpu_series[MODES] = {
    MODE("user"),   MODE("nice"), MODE("system"),  MODE("idle"),
    MODE("iowait"), MODE("irq"),  MODE("softirq"), MODE("steal"),
};

static const struct series_tmpl frequency_series[] = {
    {"node_cpu_scaling_frequency_hertz", SERIES_GAUGE, "Current frequency of the core in hertz.",
     NULL},
};

enum { KERNEL_FORKS = 3 };
/* Keys of the lines after the cores, in the order of `kernel_series`. */
static const char *const kernel_keys[] = {"intr ",      "ctxt ",          "btime ",
                                          "processes ", "procs_running ", "procs_blocked "};
static const struct series_tmpl kernel_series[] = {
    {"node_intr_total", SERIES_COUNTER, "Total number of interrupts serviced.", NULL},
    {"node_context_switches_total", SERIES_COUNTER, "Total number of context switches.", NULL},
    {"node_boot_time_seconds", SERIES_GAUGE, "Node boot time, in unixtime.", NULL},
    {"node_forks_total", SERIES_COUNTER, "Total number of forks.", NULL},
    {"node_procs_running", SERIES_GAUGE, "Number of processes in runnable state.", NULL},
    {"node_procs_blocked", SERIES_GAUGE, "Number of processes blocked waiting for I/O.", NULL},
};

struct core {
    uint64_t number;
    uint32_t first;     /* its MODES series */
    uint32_t frequency; /* its series; SERIES_NONE = not offered */
    int frequency_fd;
    unsigned round;
};

struct cpu {
    int fd;
    uint32_t kernel;
    VEC(struct core) cores;
    unsigned round;
    unsigned reads;
};

static void add_core(struct cpu *cpu, struct collect *c, uint64_t number)
{
    char labels[32];
    snprintf(labels, sizeof labels, "cpu=\"%u\"", (unsigned)number);
    struct core *k = vec_add(&cpu->cores);
    k->number = number;
    k->first = series_add(c->series, cpu_series, MODES, labels);
    k->frequency = SERIES_NONE;
    k->frequency_fd = kfile_open(c->root, "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_cur_freq",
                                 (unsigned)number);
    if (k->frequency_fd >= 0)
        k->frequency = series_add(c->series, frequency_series, 1, labels);
}

/* Cores that are switched off leave the file: the others keep their order. */
static struct core *core_at(struct cpu *cpu, struct collect *c, size_t *at, uint64_t number)
{
    if (*at >= cpu->cores.n || cpu->cores.v[*at].number != number) {
        for (*at = 0; *at < cpu->cores.n && cpu->cores.v[*at].number != number;)
            ++*at;
        if (*at == cpu->cores.n)
            add_core(cpu, c, number);
    }
    struct core *k = &cpu->cores.v[(*at)++];
    k->round = cpu->round;
    return k;
}

static void read_cores(struct cpu *cpu, struct collect *c, struct scan *s)
{
    size_t at = 0;
    while (scan_text(s, "cpu")) {
        uint64_t number, v[MODES];
        if (*s->p != ' ' && scan_u64(s, &number) && scan_numbers(s, v, MODES) == MODES) {
            double *to = series_at(c->series, core_at(cpu, c, &at, number)->first);
            for (unsigned i = 0; i < MODES; i++)
                to[i] = (double)v[i] * TICK_S;
        }
        scan_next_line(s);
    }
    for (size_t i = 0; i < cpu->cores.n; i++)
        if (cpu->cores.v[i].round != cpu->round)
            series_lose(c->series, cpu->cores.v[i].first, MODES);
}

static void read_kernel(struct cpu *cpu, struct collect *c, struct scan *s)
{
    double *to = series_at(c->series, cpu->kernel);
    for (unsigned i = 0; i < COUNT_OF(kernel_keys) && s->p < s->end;) {
        uint64_t v;
        if (scan_text(s, kernel_keys[i]) && scan_u64(s, &v)) {
            if (i == KERNEL_FORKS)
                c->census.forks = v;
            to[i++] = (double)v;
        }
        scan_next_line(s);
    }
}

static void read_frequencies(struct cpu *cpu, struct collect *c)
{
    for (size_t i = 0; i < cpu->cores.n; i++) {
        struct core *k = &cpu->cores.v[i];
        int64_t khz;
        if (k->frequency == SERIES_NONE)
            continue;
        if (kfile_i64(k->frequency_fd, &khz) == 0)
            *series_at(c->series, k->frequency) = (double)khz * 1000;
        else
            series_lose(c->series, k->frequency, 1);
    }
}

static int cpu_open(void *state, struct collect *c)
{
    struct cpu *cpu = state;
    cpu->fd = kfile_open(c->root, "/proc/stat");
    if (cpu->fd < 0)
        return cpu->fd;
    cpu->kernel = series_add(c->series, kernel_series, COUNT_OF(kernel_series), "");
    return 0;
}

static int cpu_read(void *state, struct collect *c)
{
    struct cpu *cpu = state;
    struct scan s;
    int r = kfile_read(&c->buf, cpu->fd, &s);
    if (r < 0)
        return r;
    cpu->round++;
    read_cores(cpu, c, &s);
    if (cpu->cores.n == 0)
        return -EBADMSG;
    read_kernel(cpu, c, &s);
    if (cpu->reads++ % FREQUENCY_EVERY == 0)
        read_frequencies(cpu, c);
    return 0;
}

static void cpu_close(void *state, struct collect *c)
{
    struct cpu *cpu = state;
    (void)c;
    kfile_close(&cpu->fd);
    for (size_t i = 0; i < cpu->cores.n; i++)
        kfile_close(&cpu->cores.v[i].frequency_fd);
    vec_done(&cpu->cores);
}

extern const struct collector collector_cpu;
const struct collector collector_cpu = {"cpu",    1,        sizeof(struct cpu),
                                        cpu_open, cpu_read, cpu_close};
