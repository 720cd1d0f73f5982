/* The whole node on this machine: what it tells in its first moments. */
#include "../test.h"
#include "probing.h"

#include "base/map.h"
#include "node/node-private.h"

#include <math.h>
#include <unistd.h>

struct heard {
    struct loop *loop;
    unsigned facts, frames, sources;
    unsigned frames_wanted;
    VEC(char *) series;
    double *values;
    struct node_facts facts_copy;
    char hostname[256];
    bool broken; /* a report that breaks the contract */
};

static void hear_series(struct heard *h, const struct series_defs *d)
{
    h->broken |= d->first != h->series.n;
    for (uint32_t i = 0; i < d->n; i++)
        *vec_add(&h->series) = mem_printf("%s{%s}", d->v[i].name, d->v[i].labels);
}

static void hear_frame(struct heard *h, const struct frame *f)
{
    h->broken |= f->n != h->series.n;
    h->values = mem_realloc(h->values, f->n * sizeof *h->values + 1);
    memcpy(h->values, f->values, f->n * sizeof *h->values);
    if (++h->frames == h->frames_wanted)
        loop_stop(h->loop);
}

static void on_report(void *arg, struct node_report *r)
{
    struct heard *h = arg;
    if (r->kind == REPORT_SERIES)
        hear_series(h, r->series);
    else if (r->kind == REPORT_FRAME)
        hear_frame(h, r->frame);
    else if (r->kind == REPORT_FACTS && ++h->facts)
        str_copy(h->hostname, sizeof h->hostname, r->facts->hostname);
    else if (r->kind == REPORT_SOURCE)
        h->sources++;
    node_report_free(r);
}

static double value_of(const struct heard *h, const char *series)
{
    for (size_t i = 0; i < h->series.n; i++)
        if (str_eq(h->series.v[i], series))
            return h->values[i];
    fail_msg("no series %s", series);
    return (double)NAN;
}

static void start(void *n)
{
    node_start(n);
}

static void run(struct heard *h, unsigned frames)
{
    struct loop *loop = h->loop = loop_new("node");
    h->frames_wanted = frames;
    struct node *n = node_new(
        loop,
        &(struct node_settings){.interval_ms = 50, .root = "", .report = on_report, .arg = h});
    loop_post(loop, start, n);
    loop_run(loop);
    node_free(n);
    loop_free(loop);
}

static void done(struct heard *h)
{
    for (size_t i = 0; i < h->series.n; i++)
        mem_free(h->series.v[i]);
    vec_done(&h->series);
    mem_free(h->values);
}

static void test_tells_of_this_machine(void **state)
{
    (void)state;
    struct heard h = {0};
    char name[256] = "";
    gethostname(name, sizeof name - 1);
    run(&h, 3);
    assert_false(h.broken);
    assert_int_equal(h.facts, 1);
    assert_string_equal(h.hostname, name);
    assert_true(h.sources >= 5);
    assert_true(value_of(&h, "node_memory_MemTotal_bytes{}") > 1e8);
    assert_true(value_of(&h, "node_memory_MemAvailable_bytes{}") <
                value_of(&h, "node_memory_MemTotal_bytes{}"));
    assert_true(value_of(&h, "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"}") > 0);
    assert_true(value_of(&h, "node_load1{}") >= 0);
    assert_true(value_of(&h, "node_network_receive_bytes_total{device=\"lo\"}") >= 0);
    done(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tells_of_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
