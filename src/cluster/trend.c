#include "cluster/trend.h"

#include "cluster/numbers.h"

#include <math.h>

static const char *const names[TREND_SERIES] = {"cpu", "mem", "disk", "net", "psi", "temp"};

static double share(double part, double whole)
{
    return whole > 0 ? part / whole * 100 : (double)NAN;
}

/* Unknown only when both are. */
static double total(double a, double b)
{
    return isnan(a) ? b : isnan(b) ? a : a + b;
}

static void read_sample(const struct vitals *v, double ret[TREND_SERIES])
{
    ret[0] = v->cpu;
    ret[1] = share(v->mem_used, v->mem_total);
    ret[2] = share(v->disk_used, v->disk_used + v->disk_available);
    ret[3] = total(v->net_rx, v->net_tx);
    ret[4] = fmax(v->psi[0], fmax(v->psi[1], v->psi[2]));
    ret[5] = v->temp;
}

static struct trend_point *newest(struct trend *t)
{
    return t->n ? &t->points[(t->head + TREND_POINTS - 1) % TREND_POINTS] : NULL;
}

static struct trend_point *next_point(struct trend *t, int64_t start)
{
    struct trend_point *p = &t->points[t->head];
    *p = (struct trend_point){.t = start};
    t->head = (t->head + 1) % TREND_POINTS;
    if (t->n < TREND_POINTS)
        t->n++;
    return p;
}

/* A clock that was set back must not leave points in the future. */
void trend_add(struct trend *t, const struct vitals *v)
{
    double sample[TREND_SERIES];
    int64_t start = v->t - v->t % TREND_STEP_MS;
    struct trend_point *p = newest(t);
    if (p && start < p->t)
        *t = (struct trend){0}, p = NULL;
    if (!p || start > p->t)
        p = next_point(t, start);
    read_sample(v, sample);
    for (unsigned i = 0; i < TREND_SERIES; i++) {
        if (isnan(sample[i]))
            continue;
        p->sum[i] += sample[i];
        p->n[i]++;
    }
}

static const struct trend_point *point_at(const struct trend *t, unsigned i)
{
    return &t->points[(t->head + TREND_POINTS - t->n + i) % TREND_POINTS];
}

static void add_series(struct jw *w, const struct trend *t, unsigned series)
{
    jw_key(w, names[series]);
    jw_array(w);
    for (unsigned i = 0; i < t->n; i++) {
        const struct trend_point *p = point_at(t, i);
        jw_decimal(w, p->n[series] ? p->sum[series] / p->n[series] : (double)NAN, 1);
    }
    jw_end_array(w);
}

void trend_json(struct jw *w, const struct trend *t)
{
    jw_key(w, "t");
    jw_array(w);
    for (unsigned i = 0; i < t->n; i++)
        jw_int(w, point_at(t, i)->t);
    jw_end_array(w);
    for (unsigned s = 0; s < TREND_SERIES; s++)
        add_series(w, t, s);
}
