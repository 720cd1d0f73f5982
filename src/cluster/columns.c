/* The columns of the window: which there are, and their values. */
#include "cluster/numbers.h"

#include <math.h>
#include <stdio.h>

typedef double column_fn(const struct numbers *m, const struct entity *e, unsigned field);

static double busy_percent(const struct numbers *m, const struct entity *e, unsigned field)
{
    double share = numbers_rate(m, e, field) * 100;
    return share > 100 ? 100 : share;
}

static double core_percent(const struct numbers *m, const struct entity *e, unsigned field)
{
    double idle = numbers_rate(m, e, field), wait = numbers_rate(m, e, CPU_IOWAIT);
    double busy = 100 - (idle + (isnan(wait) ? 0 : wait)) * 100;
    return busy < 0 ? 0 : busy;
}

static double cpu_busy(const struct numbers *m, const struct entity *e, unsigned field)
{
    (void)e, (void)field;
    return m->cpu.busy;
}
static double cpu_user(const struct numbers *m, const struct entity *e, unsigned field)
{
    (void)e, (void)field;
    return m->cpu.user;
}
static double cpu_system(const struct numbers *m, const struct entity *e, unsigned field)
{
    (void)e, (void)field;
    return m->cpu.system;
}
static double cpu_iowait(const struct numbers *m, const struct entity *e, unsigned field)
{
    (void)e, (void)field;
    return m->cpu.iowait;
}
static double cpu_steal(const struct numbers *m, const struct entity *e, unsigned field)
{
    (void)e, (void)field;
    return m->cpu.steal;
}

static double mem_used(const struct numbers *m, const struct entity *e, unsigned field)
{
    return numbers_value(m, e, field) - numbers_value(m, e, MACHINE_MEM_AVAILABLE);
}

static double swap_used(const struct numbers *m, const struct entity *e, unsigned field)
{
    return numbers_value(m, e, field) - numbers_value(m, e, MACHINE_SWAP_FREE);
}

static double mem_cache(const struct numbers *m, const struct entity *e, unsigned field)
{
    double buffers = numbers_value(m, e, MACHINE_BUFFERS);
    return numbers_value(m, e, field) + (isnan(buffers) ? 0 : buffers);
}

static double gpu_mem(const struct numbers *m, const struct entity *e, unsigned field)
{
    (void)field;
    return gpu_memory_used(m, e);
}

/* `name`: "%s" is the entity's name or key. `field` must be bound for the column to be. */
static const struct column_row {
    enum entity_kind kind;
    unsigned field;
    const char *name, *unit;
    int decimals;
    column_fn *value;
} rows[] = {
    {ENTITY_MACHINE, MACHINE_LOAD1, "load1", "", 2, numbers_value},
    {ENTITY_MACHINE, MACHINE_MEM_TOTAL, "cpu", "%", 1, cpu_busy},
    {ENTITY_MACHINE, MACHINE_MEM_TOTAL, "cpu.user", "%", 1, cpu_user},
    {ENTITY_MACHINE, MACHINE_MEM_TOTAL, "cpu.system", "%", 1, cpu_system},
    {ENTITY_MACHINE, MACHINE_MEM_TOTAL, "cpu.iowait", "%", 1, cpu_iowait},
    {ENTITY_MACHINE, MACHINE_MEM_TOTAL, "cpu.steal", "%", 1, cpu_steal},
    {ENTITY_MACHINE, MACHINE_MEM_TOTAL, "mem.used", "B", 0, mem_used},
    {ENTITY_MACHINE, MACHINE_CACHED, "mem.cache", "B", 0, mem_cache},
    {ENTITY_MACHINE, MACHINE_MEM_FREE, "mem.free", "B", 0, numbers_value},
    {ENTITY_MACHINE, MACHINE_SWAP_TOTAL, "swap.used", "B", 0, swap_used},
    {ENTITY_MACHINE, MACHINE_PSI_CPU, "psi.cpu", "%", 1, busy_percent},
    {ENTITY_MACHINE, MACHINE_PSI_MEM, "psi.memory", "%", 1, busy_percent},
    {ENTITY_MACHINE, MACHINE_PSI_IO, "psi.io", "%", 1, busy_percent},
    {ENTITY_CPU, CPU_IDLE, "core.%s", "%", 1, core_percent},
    {ENTITY_DISK, DISK_READ, "disk.%s.read", "B/s", 0, numbers_rate},
    {ENTITY_DISK, DISK_WRITTEN, "disk.%s.write", "B/s", 0, numbers_rate},
    {ENTITY_DISK, DISK_IO_TIME, "disk.%s.busy", "%", 1, busy_percent},
    {ENTITY_INTERFACE, NET_RX, "net.%s.rx", "B/s", 0, numbers_rate},
    {ENTITY_INTERFACE, NET_TX, "net.%s.tx", "B/s", 0, numbers_rate},
    {ENTITY_SENSOR, SENSOR_TEMP, "temp.%s", "°C", 1, numbers_value},
    {ENTITY_GPU, GPU_UTIL, "gpu.%s.util", "%", 0, numbers_value},
    {ENTITY_GPU, GPU_MEM_USED, "gpu.%s.mem", "B", 0, gpu_mem},
    {ENTITY_GPU, GPU_TEMP, "gpu.%s.temp", "°C", 0, numbers_value},
    {ENTITY_GPU, GPU_POWER, "gpu.%s.power", "W", 1, numbers_value},
    {ENTITY_GPU, GPU_FAN, "gpu.%s.fan", "%", 0, numbers_value},
    {ENTITY_GPU, GPU_CLOCK_SM, "gpu.%s.clock", "MHz", 0, numbers_value},
};
_Static_assert(COUNT_OF(rows) <= 32, "entity.columns has a bit for each");

static bool has_column(const struct numbers *m, const char *name)
{
    for (size_t i = 0; i < m->columns.n; i++)
        if (str_eq(m->columns.v[i].name, name))
            return true;
    return false;
}

/* Two sensors may bear one label: the second is told apart by its key. */
static char *column_name(const struct numbers *m, const struct column_row *r,
                         const struct entity *e)
{
    const char *mark = strstr(r->name, "%s");
    if (!mark)
        return mem_strdup(r->name);
    int head = (int)(mark - r->name);
    char *name = mem_printf("%.*s%s%s", head, r->name, e->name ? e->name : e->key, mark + 2);
    if (!has_column(m, name) || !e->name)
        return name;
    mem_free(name);
    return mem_printf("%.*s%s %s%s", head, r->name, e->key, e->name, mark + 2);
}

static void add_column(struct numbers *m, enum entity_kind kind, uint32_t entity, uint32_t row)
{
    if (m->columns.n >= LIMIT_COLUMNS)
        return;
    char *name = column_name(m, &rows[row], &m->entities[kind].v[entity]);
    struct column *c = vec_add(&m->columns);
    *c = (struct column){.name = name,
                         .unit = rows[row].unit,
                         .decimals = rows[row].decimals,
                         .kind = kind,
                         .entity = entity,
                         .row = row,
                         .ring = mem_array(WINDOW_POINTS, sizeof(float))};
    for (unsigned i = 0; i < WINDOW_POINTS; i++)
        c->ring[i] = NAN;
    m->schema++;
}

static bool is_worth_a_column(enum entity_kind kind, const struct entity *e)
{
    if (kind == ENTITY_DISK)
        return !str_starts(e->key, "loop") && !str_starts(e->key, "ram") &&
               !str_starts(e->key, "zram");
    return kind != ENTITY_INTERFACE || !str_eq(e->key, "lo");
}

void columns_make(struct numbers *m)
{
    for (uint32_t r = 0; r < COUNT_OF(rows); r++) {
        enum entity_kind kind = rows[r].kind;
        for (uint32_t i = 0; i < m->entities[kind].n; i++) {
            struct entity *e = &m->entities[kind].v[i];
            if (e->columns >> r & 1 || !e->at[rows[r].field] || !is_worth_a_column(kind, e))
                continue;
            e->columns |= 1u << r;
            add_column(m, kind, i, r);
        }
    }
}

static double column_value(const struct numbers *m, const struct column *c)
{
    const struct column_row *r = &rows[c->row];
    return r->value(m, &m->entities[c->kind].v[c->entity], r->field);
}

static void sample_into(struct numbers *m, unsigned slot)
{
    m->t[slot] = m->last->time_ms;
    for (size_t i = 0; i < m->columns.n; i++)
        m->columns.v[i].ring[slot] = (float)column_value(m, &m->columns.v[i]);
}

void columns_sample(struct numbers *m)
{
    sample_into(m, m->head);
    m->head = (m->head + 1) % WINDOW_POINTS;
    if (m->n_points < WINDOW_POINTS)
        m->n_points++;
}

/* The i-th oldest point. */
static unsigned slot_of(const struct numbers *m, unsigned i)
{
    return (m->head + WINDOW_POINTS - m->n_points + i) % WINDOW_POINTS;
}

static void move_point(struct numbers *m, unsigned from, unsigned to)
{
    m->t[slot_of(m, to)] = m->t[slot_of(m, from)];
    for (size_t i = 0; i < m->columns.n; i++)
        m->columns.v[i].ring[slot_of(m, to)] = m->columns.v[i].ring[slot_of(m, from)];
}

void columns_insert(struct numbers *m)
{
    unsigned at = m->n_points;
    while (at && m->t[slot_of(m, at - 1)] >= m->last->time_ms)
        at--;
    bool known = at < m->n_points && m->t[slot_of(m, at)] == m->last->time_ms;
    if (known || (at == 0 && m->n_points == WINDOW_POINTS))
        return;
    if (m->n_points < WINDOW_POINTS) {
        m->head = (m->head + 1) % WINDOW_POINTS;
        m->n_points++;
        for (unsigned i = m->n_points - 1; i > at; i--)
            move_point(m, i - 1, i);
    } else {
        at--; /* the oldest makes room */
        for (unsigned i = 0; i < at; i++)
            move_point(m, i + 1, i);
    }
    sample_into(m, slot_of(m, at));
}

/* Much faster than printf: a window has a hundred thousand of them. */
void str_add_fixed(struct str *out, double v, int decimals)
{
    static const int64_t scales[] = {1, 10, 100};
    if (!isfinite(v) || fabs(v) > 1e15) {
        str_add(out, "null");
        return;
    }
    int64_t scale = scales[decimals], n = llround(v * (double)scale);
    if (n < 0)
        str_add_char(out, '-');
    uint64_t a = (uint64_t)(n < 0 ? -n : n), rest = a % (uint64_t)scale;
    str_add_u64(out, a / (uint64_t)scale);
    if (rest == 0)
        return;
    str_add_char(out, '.');
    if (decimals == 2 && rest < 10)
        str_add_char(out, '0');
    str_add_u64(out, decimals == 2 && rest % 10 == 0 ? rest / 10 : rest);
}

void columns_json(struct jw *w, const struct numbers *m)
{
    jw_array(w);
    for (size_t i = 0; i < m->columns.n; i++) {
        jw_object(w);
        jw_key_str(w, "name", m->columns.v[i].name);
        jw_key_str(w, "unit", m->columns.v[i].unit);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void add_points(struct str *out, const struct column *c, unsigned from, unsigned n)
{
    str_add_char(out, '[');
    for (unsigned i = 0; i < n; i++) {
        if (i)
            str_add_char(out, ',');
        str_add_fixed(out, (double)c->ring[(from + i) % WINDOW_POINTS], c->decimals);
    }
    str_add_char(out, ']');
}

void columns_json_now(struct jw *w, const struct numbers *m)
{
    struct str v = {0};
    unsigned at = (m->head + WINDOW_POINTS - 1) % WINDOW_POINTS;
    str_add_char(&v, '[');
    for (size_t i = 0; i < m->columns.n; i++) {
        if (i)
            str_add_char(&v, ',');
        str_add_fixed(&v, (double)m->columns.v[i].ring[at], m->columns.v[i].decimals);
    }
    str_add_char(&v, ']');
    jw_key(w, "v");
    jw_raw(w, v.p, v.len);
    str_done(&v);
}

void columns_json_window(struct jw *w, const struct numbers *m)
{
    unsigned from = (m->head + WINDOW_POINTS - m->n_points) % WINDOW_POINTS;
    jw_key(w, "t");
    jw_array(w);
    for (unsigned i = 0; i < m->n_points; i++)
        jw_int(w, m->t[(from + i) % WINDOW_POINTS]);
    jw_end_array(w);
    jw_key(w, "columns");
    columns_json(w, m);
    jw_key(w, "values");
    jw_array(w);
    struct str column = {0};
    for (size_t i = 0; i < m->columns.n; i++) {
        str_clear(&column);
        add_points(&column, &m->columns.v[i], from, m->n_points);
        jw_raw(w, column.p, column.len);
    }
    jw_end_array(w);
    str_done(&column);
}
