#include "cluster/numbers.h"

#include "cluster/numbers-bind.h"

#include <errno.h>
#include <math.h>

static void done_entity(struct entity *e)
{
    mem_free(e->key);
    mem_free(e->name);
}

void numbers_done(struct numbers *m)
{
    for (size_t i = 0; i < m->defs.n; i++) {
        mem_free(m->defs.v[i].name);
        mem_free(m->defs.v[i].labels);
    }
    vec_done(&m->defs);
    for (unsigned k = 0; k < ENTITY_KINDS; k++) {
        for (size_t i = 0; i < m->entities[k].n; i++)
            done_entity(&m->entities[k].v[i]);
        vec_done(&m->entities[k]);
    }
    for (size_t i = 0; i < m->columns.n; i++) {
        mem_free(m->columns.v[i].name);
        mem_free(m->columns.v[i].ring);
    }
    vec_done(&m->columns);
    mem_free(m->last);
    mem_free(m->before);
    mem_free(m->past);
    *m = (struct numbers){0};
}

/* Reads the value of one label from `p` (after `name="`), undoing the text format's escapes. */
static void read_value(const char *p, char *ret, size_t size)
{
    size_t n = 0;
    for (; *p && *p != '"' && n + 1 < size; p++) {
        if (*p == '\\' && p[1])
            p++;
        ret[n++] = p[-1] == '\\' && *p == 'n' ? '\n' : *p;
    }
    ret[n] = '\0';
}

bool series_label(const char *labels, const char *name, char *ret, size_t size)
{
    size_t n = strlen(name);
    for (const char *p = labels; *p;) {
        size_t key = strcspn(p, "=");
        if (p[key] != '=' || p[key + 1] != '"')
            return false;
        const char *value = p + key + 2;
        if (key == n && !strncmp(p, name, n)) {
            read_value(value, ret, size);
            return true;
        }
        for (p = value; *p && *p != '"'; p++)
            if (*p == '\\' && p[1])
                p++;
        p += strspn(p, "\",");
    }
    return false;
}

bool numbers_label(const struct numbers *m, const struct entity *e, const char *name, char *ret,
                   size_t size)
{
    return e->labels && series_label(m->defs.v[e->labels - 1].labels, name, ret, size);
}

static struct entity *entity_of(struct numbers *m, enum entity_kind kind, const char *key)
{
    for (size_t i = m->entities[kind].n; i-- > 0;)
        if (str_eq(m->entities[kind].v[i].key, key))
            return &m->entities[kind].v[i];
    if (m->entities[kind].n >= LIMIT_ENTITIES)
        return NULL;
    struct entity *e = vec_add(&m->entities[kind]);
    e->key = mem_strdup(key);
    return e;
}

static bool binding_fits(const struct binding *b, const struct series_def *d)
{
    char value[64];
    if (!str_eq(b->name, d->name))
        return false;
    if (b->exact)
        return str_eq(b->exact, d->labels);
    if (!b->select)
        return true;
    return series_label(d->labels, b->select, value, sizeof value) &&
           str_eq(value, b->select_value);
}

/* "coretemp/temp1": the values of the key labels. */
static void key_of(const struct binding *b, const struct series_def *d, char *ret, size_t size)
{
    char part[256];
    ret[0] = '\0';
    size_t n = 0;
    for (unsigned i = 0; i < COUNT_OF(b->key) && b->key[i]; i++) {
        if (!series_label(d->labels, b->key[i], part, sizeof part))
            part[0] = '\0';
        int added = snprintf(ret + n, size - n, "%s%s", i ? "/" : "", part);
        n += added > 0 && (size_t)added < size - n ? (size_t)added : size - n - 1;
    }
}

static void bind(struct numbers *m, uint32_t number)
{
    const struct series_def *d = &m->defs.v[number];
    char key[512], name[128];
    for (size_t i = 0; i < bindings_n; i++) {
        const struct binding *b = &bindings[i];
        if (!binding_fits(b, d))
            continue;
        key_of(b, d, key, sizeof key);
        struct entity *e = entity_of(m, b->kind, key);
        if (!e)
            return;
        if (b->field != FIELD_NONE)
            e->at[b->field] = number + 1;
        if (!e->labels || b->says_most)
            e->labels = number + 1;
        if (b->label && series_label(d->labels, b->label, name, sizeof name) && name[0])
            mem_set_str(&e->name, name);
        return;
    }
}

/* The node numbers its series anew from `first` on: what was bound to the old numbers is not known
 * any more. Things and their past stay, and are met again by their names. */
static void forget_from(struct numbers *m, uint32_t first)
{
    for (unsigned k = 0; k < ENTITY_KINDS; k++)
        for (size_t i = 0; i < m->entities[k].n; i++) {
            struct entity *e = &m->entities[k].v[i];
            e->labels = e->labels > first ? 0 : e->labels;
            for (unsigned f = 0; f < ENTITY_FIELDS; f++)
                e->at[f] = e->at[f] > first ? 0 : e->at[f];
        }
    struct frame *frames[] = {m->last, m->before, m->past};
    for (size_t i = 0; i < COUNT_OF(frames); i++)
        if (frames[i] && frames[i]->n > first)
            frames[i]->n = first;
    for (size_t i = first; i < m->defs.n; i++) {
        mem_free(m->defs.v[i].name);
        mem_free(m->defs.v[i].labels);
    }
    m->defs.n = first;
}

/* So many things that have gone: with a new table all begins anew, the past, too. */
static bool is_full(const struct numbers *m)
{
    bool full = m->columns.n >= LIMIT_COLUMNS;
    for (unsigned k = 0; k < ENTITY_KINDS; k++)
        full = full || m->entities[k].n >= LIMIT_ENTITIES;
    return full;
}

static void begin_anew(struct numbers *m)
{
    uint32_t schema = m->schema;
    numbers_done(m);
    m->schema = schema;
}

/* How many of the definitions are those that are known. */
static uint32_t count_known(const struct numbers *m, const struct series_defs *defs)
{
    uint32_t i = 0;
    while (i < defs->n && defs->first + i < m->defs.n &&
           str_eq(m->defs.v[defs->first + i].name, defs->v[i].name) &&
           str_eq(m->defs.v[defs->first + i].labels, defs->v[i].labels))
        i++;
    return i;
}

int numbers_announce(struct numbers *m, struct series_defs *defs)
{
    if (defs->first == 0 && is_full(m))
        begin_anew(m);
    if (defs->first > m->defs.n)
        return -EINVAL;
    uint32_t known = count_known(m, defs);
    if (known < defs->n && defs->first + known < m->defs.n)
        forget_from(m, defs->first + known);
    for (uint32_t i = known; i < defs->n; i++) {
        *vec_add(&m->defs) = defs->v[i];
        defs->v[i] = (struct series_def){0};
        bind(m, defs->first + i);
    }
    columns_make(m);
    return 0;
}

static double at(const struct frame *f, uint32_t number)
{
    return f && number && number <= f->n ? f->values[number - 1] : (double)NAN;
}

double numbers_value(const struct numbers *m, const struct entity *e, unsigned field)
{
    return e ? at(m->last, e->at[field]) : (double)NAN;
}

static double seconds_between(const struct numbers *m)
{
    if (!m->last || !m->before)
        return (double)NAN;
    int64_t ms = m->last->time_ms - m->before->time_ms;
    return ms > 0 && ms <= RATE_GAP_MS ? (double)ms / 1000 : (double)NAN;
}

static double delta(const struct numbers *m, const struct entity *e, unsigned field)
{
    double d = at(m->last, e->at[field]) - at(m->before, e->at[field]);
    return d < 0 ? (double)NAN : d; /* the counter began anew */
}

double numbers_rate(const struct numbers *m, const struct entity *e, unsigned field)
{
    return e ? delta(m, e, field) / seconds_between(m) : (double)NAN;
}

const struct entity *numbers_machine(const struct numbers *m)
{
    return m->entities[ENTITY_MACHINE].n ? &m->entities[ENTITY_MACHINE].v[0] : NULL;
}

bool numbers_is_live(const struct numbers *m, const struct entity *e)
{
    for (unsigned i = 0; i < ENTITY_FIELDS; i++)
        if (!isnan(at(m->last, e->at[i])))
            return true;
    return false;
}

/* A core's clock may step back a tick (idle, iowait): that core then counts as not having moved. */
static double forward(const struct numbers *m, const struct entity *e, unsigned field)
{
    double d = delta(m, e, field);
    return isnan(d) ? 0 : d;
}

static struct cpu_split split_cpu(const struct numbers *m)
{
    double sum[CPU_FIELDS] = {0}, all = 0;
    for (size_t i = 0; i < m->entities[ENTITY_CPU].n; i++)
        for (unsigned f = 0; f < CPU_FIELDS; f++) {
            double d = forward(m, &m->entities[ENTITY_CPU].v[i], f);
            sum[f] += d;
            all += d;
        }
    double share = all > 0 && !isnan(seconds_between(m)) ? 100 / all : (double)NAN;
    return (struct cpu_split){
        .busy = (all - sum[CPU_IDLE] - sum[CPU_IOWAIT]) * share,
        .user = (sum[CPU_USER] + sum[CPU_NICE]) * share,
        .system = (sum[CPU_SYSTEM] + sum[CPU_IRQ] + sum[CPU_SOFTIRQ]) * share,
        .iowait = sum[CPU_IOWAIT] * share,
        .steal = sum[CPU_STEAL] * share,
    };
}

static void note_writable(struct numbers *m)
{
    for (size_t i = 0; i < m->entities[ENTITY_FILESYSTEM].n; i++) {
        struct entity *e = &m->entities[ENTITY_FILESYSTEM].v[i];
        e->was_writable |= at(m->last, e->at[FS_READONLY]) == 0;
    }
}

void numbers_feed(struct numbers *m, struct frame *f)
{
    mem_free(m->before);
    m->before = m->last;
    m->last = f;
    m->cpu = split_cpu(m);
    m->schema += m->filled;
    m->filled = false;
    note_writable(m);
    columns_sample(m);
    struct vitals now;
    vitals_read(m, &now);
    trend_add(&m->trend, &now);
}

void numbers_recall(struct numbers *m, struct frame *f)
{
    mem_free(m->last);
    m->last = f;
    m->cpu = split_cpu(m);
    note_writable(m);
}

void numbers_feed_past(struct numbers *m, struct frame *f)
{
    if (!m->last || f->time_ms > m->last->time_ms) {
        numbers_feed(m, f);
        return;
    }
    if (f->time_ms == m->last->time_ms) { /* told twice */
        mem_free(f);
        return;
    }
    struct frame *last = m->last, *before = m->before;
    struct cpu_split cpu = m->cpu;
    m->before = m->past;
    m->last = f;
    m->cpu = split_cpu(m);
    columns_insert(m);
    mem_free(m->past);
    m->past = f;
    m->filled = true;
    m->last = last;
    m->before = before;
    m->cpu = cpu;
}
