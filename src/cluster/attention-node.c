#include "cluster/attention.h"

#include <math.h>

enum {
    FULL_WARN = 90,
    FULL_BAD = 95,
    GPU_WARN_C = 85,
    GPU_BAD_C = 90,
    MEMORY_LEAST = 4,     /* percent available */
    PRESSURE_MOST = 25,   /* percent of the time that some task waits for memory */
    TIGHT_MS = 30 * 1000, /* for so long before it is said */
};

struct attention *attention_add(struct attention_list *l, enum attention_rank rank, char *id,
                                char *title)
{
    struct attention *a = vec_add(&l->v);
    a->rank = rank;
    a->id = id;
    a->title = title;
    return a;
}

/* "1.4 TB", at most three digits. */
static char *bytes_text(double v)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
    unsigned u = 0;
    while (v >= 1000 && u + 1 < COUNT_OF(units)) {
        v /= 1000;
        u++;
    }
    return mem_printf("%.*f %s", v < 10 && u ? 1 : 0, v, units[u]);
}

static bool is_stalled(const struct numbers *m, const struct entity *e)
{
    return numbers_value(m, e, FS_STALLED) > 0;
}

static void stalled(struct attention_list *l, struct live_node *n, const struct entity *e)
{
    char device[256] = "";
    numbers_label(&n->numbers, e, "device", device, sizeof device);
    struct attention *a = attention_add(l, RANK_BAD, mem_printf("filesystem:%s:%s", n->id, e->key),
                                        mem_printf("%s on %s does not answer", e->key, n->id));
    a->node = n;
    a->text = mem_printf("%s hangs: programs that touch it hang with it",
                         device[0] ? device : "The filesystem");
    a->hint =
        mem_printf("See whether its server is there; then remount it: hydra node remount %s %s",
                   n->id, e->key);
    a->mount = mem_strdup(e->key);
}

/* Percent as df says it: of what ordinary users may fill. */
static double used_percent(const struct numbers *m, const struct entity *e)
{
    double used = numbers_value(m, e, FS_SIZE) - numbers_value(m, e, FS_FREE);
    double avail = numbers_value(m, e, FS_AVAIL);
    return used + avail > 0 ? 100 * used / (used + avail) : (double)NAN;
}

static void full(struct attention_list *l, struct live_node *n, const struct entity *e)
{
    double percent = used_percent(&n->numbers, e);
    if (!(percent >= FULL_WARN))
        return;
    char *left = bytes_text(numbers_value(&n->numbers, e, FS_AVAIL));
    struct attention *a =
        attention_add(l, percent >= FULL_BAD ? RANK_BAD : RANK_WARN,
                      mem_printf("filesystem:%s:%s", n->id, e->key),
                      mem_printf("%s on %s is %d %% full", e->key, n->id, (int)percent));
    a->node = n;
    a->text = mem_printf("%s left", left);
    a->hint = mem_strdup(strstr(e->key, "docker")
                             ? "Docker keeps images and layers there: docker system df shows what "
                               "takes the room"
                             : "Free some room, or make it larger");
    mem_free(left);
}

static void read_only(struct attention_list *l, struct live_node *n, const struct entity *e)
{
    struct attention *a = attention_add(l, RANK_BAD, mem_printf("readonly:%s:%s", n->id, e->key),
                                        mem_printf("%s on %s has become read-only", e->key, n->id));
    a->node = n;
    a->text = mem_strdup("Nothing can be written there; Linux does so after an error of the disk");
    a->hint = mem_strdup("Look at the kernel's log (dmesg), and at the disk");
}

static void filesystem(struct attention_list *l, struct live_node *n, const struct entity *e)
{
    const struct numbers *m = &n->numbers;
    bool locked = numbers_value(m, e, FS_READONLY) > 0;
    if (is_stalled(m, e))
        stalled(l, n, e);
    else if (filesystem_counts(m, e) && locked && e->was_writable)
        read_only(l, n, e);
    else if (filesystem_counts(m, e) && !locked)
        full(l, n, e);
}

static bool told_before(const struct numbers *m, size_t at)
{
    char device[256], other[256];
    const struct entity *v = m->entities[ENTITY_FILESYSTEM].v;
    if (!numbers_label(m, &v[at], "device", device, sizeof device))
        return false;
    for (size_t i = 0; i < at; i++)
        if (numbers_label(m, &v[i], "device", other, sizeof other) && str_eq(device, other) &&
            (filesystem_counts(m, &v[i]) || is_stalled(m, &v[i])))
            return true;
    return false;
}

static void gpu(struct attention_list *l, struct live_node *n, const struct entity *e)
{
    double temp = numbers_value(&n->numbers, e, GPU_TEMP);
    double ecc = numbers_value(&n->numbers, e, GPU_ECC);
    if (temp >= GPU_WARN_C) {
        struct attention *a = attention_add(l, temp >= GPU_BAD_C ? RANK_BAD : RANK_WARN,
                                            mem_printf("gpu-hot:%s:%s", n->id, e->key),
                                            mem_printf("GPU %s on %s is hot", e->key, n->id));
        a->node = n;
        a->text = mem_printf("%d °C: it slows down or switches off above its limit", (int)temp);
        a->hint = mem_strdup("Look at fans and dust, or lower its power limit");
    }
    if (ecc > 0) {
        struct attention *a =
            attention_add(l, RANK_BAD, mem_printf("gpu-ecc:%s:%s", n->id, e->key),
                          mem_printf("GPU %s on %s has memory errors", e->key, n->id));
        a->node = n;
        a->text = mem_printf("%.0f uncorrectable ECC errors since the driver started", ecc);
        a->hint = mem_strdup("Reboot the node; if they come back the card is failing");
    }
}

static bool memory_is_tight(const struct numbers *m, double *ret_available)
{
    const struct entity *e = numbers_machine(m);
    double total = numbers_value(m, e, MACHINE_MEM_TOTAL);
    double psi = numbers_value(m, e, MACHINE_PSI_AVG + 4);
    *ret_available = numbers_value(m, e, MACHINE_MEM_AVAILABLE);
    return *ret_available / total * 100 < MEMORY_LEAST || psi >= PRESSURE_MOST;
}

static void memory(struct attention_list *l, struct live_node *n, struct cluster_now now)
{
    double available;
    if (!memory_is_tight(&n->numbers, &available)) {
        n->tight_mono_ms = 0;
        return;
    }
    if (!n->tight_mono_ms)
        n->tight_mono_ms = now.mono_ms;
    if (now.mono_ms - n->tight_mono_ms < TIGHT_MS)
        return;
    char *left = bytes_text(available);
    struct attention *a = attention_add(l, RANK_WARN, mem_printf("memory:%s", n->id),
                                        mem_printf("%s is short of memory", n->id));
    a->node = n;
    a->text = mem_printf("%s available: programs wait, and the kernel may kill one", left);
    a->hint = mem_strdup("Its page lists what uses most");
    mem_free(left);
}

static void reboot(struct attention_list *l, struct live_node *n)
{
    if (!n->facts || !n->facts->pending_reboot)
        return;
    struct attention *a = attention_add(l, RANK_INFO, mem_printf("reboot:%s", n->id),
                                        mem_printf("%s waits for a reboot", n->id));
    a->node = n;
    a->text = mem_strdup(n->facts->pending_reboot);
}

static void sources(struct attention_list *l, struct live_node *n)
{
    for (size_t i = 0; i < n->sources.n; i++) {
        const struct live_source *s = &n->sources.v[i];
        bool lost = s->state == SOURCE_FAILED && s->listed;
        if (s->state != SOURCE_DENIED && !lost)
            continue;
        struct attention *a = attention_add(
            l, lost ? RANK_WARN : RANK_INFO, mem_printf("source:%s:%s", n->id, s->name),
            mem_printf(lost ? "%s on %s can't be asked" : "%s on %s may not be read", s->name,
                       n->id));
        a->node = n;
        a->text = mem_strdup(s->text ? s->text : "What it knows is missing here");
        a->hint = mem_strdup(s->hint);
        a->since_ms = s->since_ms;
    }
}

static void silence(struct attention_list *l, struct live_node *n)
{
    struct attention *a =
        attention_add(l, n->state == NODE_AWAY ? RANK_BAD : RANK_WARN, mem_printf("node:%s", n->id),
                      mem_printf("%s is %s", n->id, node_state_name(n->state)));
    a->node = n;
    a->text = mem_strdup("Nothing is heard from it: what runs on it is unknown");
    a->hint = mem_strdup("See whether the machine is on and its network works");
    a->since_ms = n->seen_wall_ms;
}

void attention_of_node(struct attention_list *l, struct live_node *n, struct cluster_now now)
{
    const struct numbers *m = &n->numbers;
    if (n->state != NODE_ONLINE) {
        silence(l, n); /* the rest is not known */
        return;
    }
    for (size_t i = 0; i < m->entities[ENTITY_FILESYSTEM].n; i++)
        if (!told_before(m, i))
            filesystem(l, n, &m->entities[ENTITY_FILESYSTEM].v[i]);
    for (size_t i = 0; i < m->entities[ENTITY_GPU].n; i++)
        gpu(l, n, &m->entities[ENTITY_GPU].v[i]);
    memory(l, n, now);
    reboot(l, n);
    sources(l, n);
}
