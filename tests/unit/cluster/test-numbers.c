/* Series to things, rates, vitals, the window. */
#include "rig.h"

#include <errno.h>

#include <math.h>
#include <stdio.h>

static void frame(struct rig *r, int64_t t, const char *values)
{
    char *line =
        mem_printf("{\"node\":\"n\",\"report\":\"frame\",\"time_ms\":%lld,\"values\":{%s}}",
                   (long long)t, values);
    rig_line(r, line);
    mem_free(line);
}

static const struct numbers *numbers(struct rig *r)
{
    return &model_node(r->c, "n")->numbers;
}

static void test_series_label(void **state)
{
    static const struct {
        const char *labels, *name, *value;
    } cases[] = {
        {"cpu=\"0\",mode=\"idle\"", "mode", "idle"},
        {"cpu=\"0\",mode=\"idle\"", "cpu", "0"},
        {"cpu=\"0\"", "mode", NULL},
        {"", "cpu", NULL},
        {"a=\"x\\\"y\",b=\"2\"", "a", "x\"y"},
        {"a=\"x\\\"y\",b=\"2\"", "b", "2"},
        {"a=\"c:\\\\d\\n\"", "a", "c:\\d\n"},
        {"a=\"\"", "a", ""},
        {"mode", "mode", NULL},
        {"a=\"1\",\"", "b", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char value[32];
        bool has = series_label(cases[i].labels, cases[i].name, value, sizeof value);
        if (has != (cases[i].value != NULL) || (has && !str_eq(value, cases[i].value)))
            fail_msg("%s of %s", cases[i].name, cases[i].labels);
    }
}

static void test_cpu(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    frame(r, 1000,
          "\"node_cpu_seconds_total{cpu=\\\"0\\\",mode=\\\"user\\\"}\":10,"
          "\"node_cpu_seconds_total{cpu=\\\"0\\\",mode=\\\"idle\\\"}\":90,"
          "\"node_memory_MemTotal_bytes\":1000");
    assert_true(isnan(numbers(r)->cpu.busy));
    frame(r, 2000,
          "\"node_cpu_seconds_total{cpu=\\\"0\\\",mode=\\\"user\\\"}\":10.25,"
          "\"node_cpu_seconds_total{cpu=\\\"0\\\",mode=\\\"idle\\\"}\":90.75,"
          "\"node_memory_MemTotal_bytes\":1000");
    assert_true(fabs(numbers(r)->cpu.busy - 25) < 0.01);
    assert_true(fabs(numbers(r)->cpu.user - 25) < 0.01);
    json_t *j = rig_json(cluster_window(r->c, "n"));
    size_t i;
    json_t *column;
    bool seen = false;
    json_array_foreach (json_object_get(j, "columns"), i, column) {
        const json_t *values = json_array_get(json_object_get(j, "values"), i);
        assert_int_equal(json_array_size(values), 2);
        if (!str_eq(json_get_str(column, "name", ""), "core.0"))
            continue;
        seen = true;
        assert_true(json_is_null(json_array_get(values, 0)));
        assert_true(fabs(json_number_value(json_array_get(values, 1)) - 25) < 0.01);
    }
    assert_true(seen);
    json_decref(j);
    rig_free(r);
}

static double rate(struct rig *r)
{
    const struct entity *e = &numbers(r)->entities[ENTITY_INTERFACE].v[0];
    return numbers_rate(numbers(r), e, NET_RX);
}

#define RX "\"node_network_receive_bytes_total{device=\\\"eth0\\\"}\":"

static void test_rates(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    frame(r, 1000, RX "1000");
    assert_true(isnan(rate(r)));
    frame(r, 1500, RX "1600");
    assert_true(fabs(rate(r) - 1200) < 0.01);
    frame(r, 2500, RX "5"); /* began anew */
    assert_true(isnan(rate(r)));
    frame(r, 3500, RX "105");
    assert_true(fabs(rate(r) - 100) < 0.01);
    frame(r, 3500 + RATE_GAP_MS + 1, RX "200"); /* who knows what was between */
    assert_true(isnan(rate(r)));
    frame(r, 3000, RX "300"); /* the clock stepped back */
    assert_true(isnan(rate(r)));
    frame(r, 4000, "");
    assert_true(isnan(rate(r)));
    rig_free(r);
}

static void test_window_turns(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    char value[64];
    for (int i = 0; i < WINDOW_POINTS + 10; i++) {
        snprintf(value, sizeof value, "\"node_load1\":%d", i);
        frame(r, i * 1000, value);
    }
    json_t *j = rig_json(cluster_window(r->c, "n"));
    const json_t *t = json_object_get(j, "t");
    const json_t *v = json_array_get(json_object_get(j, "values"), 0);
    assert_int_equal(json_array_size(t), WINDOW_POINTS);
    assert_int_equal(json_integer_value(json_array_get(t, 0)), 10000);
    assert_int_equal(json_integer_value(json_array_get(v, 0)), 10);
    assert_int_equal(json_integer_value(json_array_get(v, WINDOW_POINTS - 1)), WINDOW_POINTS + 9);
    json_decref(j);
    rig_free(r);
}

static void test_new_column_grows_the_schema(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    frame(r, 1000, "\"node_load1\":1");
    uint32_t schema = numbers(r)->schema;
    frame(r, 2000, "\"node_load1\":1," RX "1");
    assert_int_equal(numbers(r)->schema, schema + 1);
    frame(r, 3000, "\"node_load1\":1," RX "1");
    assert_int_equal(numbers(r)->schema, schema + 1);
    rig_free(r);
}

static void test_announcement_out_of_order(void **state)
{
    (void)state;
    struct numbers m = {0};
    struct series_defs defs = {.first = 5, .n = 0};
    assert_int_equal(numbers_announce(&m, &defs), -EINVAL);
    numbers_done(&m);
}

static void announce(struct numbers *m, uint32_t first, const char *name)
{
    struct series_def def = {
        .name = mem_strdup(name), .labels = mem_strdup(""), .help = "", .kind = SERIES_GAUGE};
    struct series_defs defs = {.first = first, .n = 1, .v = &def};
    assert_int_equal(numbers_announce(m, &defs), 0);
    mem_free(def.name);
    mem_free(def.labels);
}

static void feed(struct numbers *m, int64_t t, double a, double b)
{
    struct frame *f = mem_alloc(sizeof *f + 2 * sizeof a);
    *f = (struct frame){.time_ms = t, .n = 2};
    f->values[0] = a;
    f->values[1] = b;
    numbers_feed(m, f);
}

static void feed_past(struct numbers *m, int64_t t, double v)
{
    struct frame *f = mem_alloc(sizeof *f + sizeof v);
    *f = (struct frame){.time_ms = t, .n = 1};
    f->values[0] = v;
    numbers_feed_past(m, f);
}

static float point(const struct numbers *m, unsigned i)
{
    return m->columns.v[0].ring[(m->head + WINDOW_POINTS - m->n_points + i) % WINDOW_POINTS];
}

static void test_what_comes_late_fills_the_gap(void **state)
{
    (void)state;
    struct numbers m = {0};
    announce(&m, 0, "node_load1");
    feed(&m, 1000, 1, 0);
    feed(&m, 9000, 9, 0);
    for (int t = 2; t < 9; t++)
        feed_past(&m, t * 1000, t);
    feed_past(&m, 4000, 44); /* known already */
    feed_past(&m, 9000, 99); /* the newest, too */
    assert_int_equal(m.n_points, 9);
    for (unsigned i = 0; i < 9; i++)
        assert_true(point(&m, i) == (float)(i + 1));
    assert_true(numbers_value(&m, numbers_machine(&m), MACHINE_LOAD1) == 9);
    for (int t = 10; t <= WINDOW_POINTS + 5; t++)
        feed(&m, t * 2000, t, 0);
    assert_int_equal(m.n_points, WINDOW_POINTS);
    float oldest = point(&m, 0), second = point(&m, 1);
    feed_past(&m, 500, 0.5); /* older than all */
    assert_true(point(&m, 0) == oldest);
    feed_past(&m, 2000 * (WINDOW_POINTS + 5) - 1, 77); /* the oldest makes room */
    assert_true(point(&m, 0) == second);
    assert_true(point(&m, WINDOW_POINTS - 2) == 77);
    assert_int_equal(m.n_points, WINDOW_POINTS);
    numbers_done(&m);
}

static void test_series_numbered_anew_replace_the_old(void **state)
{
    (void)state;
    struct numbers m = {0};
    announce(&m, 0, "node_load1");
    announce(&m, 1, "node_load5");
    feed(&m, 1000, 7, 8);
    assert_true(numbers_value(&m, numbers_machine(&m), MACHINE_LOAD1) == 7);
    announce(&m, 0, "node_load1"); /* told again: nothing changes */
    assert_int_equal(m.defs.n, 2);
    announce(&m, 0, "node_load15");
    assert_int_equal(m.defs.n, 1);
    assert_true(isnan(numbers_value(&m, numbers_machine(&m), MACHINE_LOAD1)));
    announce(&m, 1, "node_load1");
    feed(&m, 2000, 9, 11);
    assert_true(numbers_value(&m, numbers_machine(&m), MACHINE_LOAD1) == 11);
    assert_int_equal(m.columns.n, 1); /* the same column goes on */
    assert_int_equal(m.n_points, 2);
    numbers_done(&m);
}

#define FS(what, device, mount)                                                                    \
    "\"node_filesystem_" what "{device=\\\"" device                                                \
    "\\\",fstype=\\\"ext4\\\",mountpoint=\\\"" mount "\\\"}\":"

static void test_filesystems_are_counted_once(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    frame(r, 1000,
          FS("size_bytes", "sda1", "/") "1000," FS("free_bytes", "sda1", "/") "400," FS(
              "avail_bytes", "sda1", "/") "300," FS("size_bytes", "sda1",
                                                    "/nix/store") "1000," FS("free_bytes", "sda1",
                                                                             "/nix/store") "400");
    struct vitals v;
    vitals_read(numbers(r), &v);
    assert_true(fabs(v.disk_total - 1000) < 0.01);
    assert_true(fabs(v.disk_used - 600) < 0.01);
    assert_true(fabs(v.disk_available - 300) < 0.01);
    assert_string_equal(v.disk_worst_mount, "/");
    assert_true(fabs(v.disk_worst - 66.67) < 0.01); /* as df says it: 600 of 900 */
    rig_free(r);
}

static void test_became_read_only(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    frame(r, 1000, FS("size_bytes", "sda1", "/") "1000," FS("readonly", "sda1", "/") "1");
    rig_after(r, 2000);
    assert_null(strstr(r->c->attention.p, "read-only")); /* mounted so: meant so */
    frame(r, 3000, FS("size_bytes", "sda1", "/") "1000," FS("readonly", "sda1", "/") "0");
    frame(r, 4000, FS("size_bytes", "sda1", "/") "1000," FS("readonly", "sda1", "/") "1");
    rig_after(r, 2000);
    assert_non_null(strstr(r->c->attention.p, "/ on n has become read-only"));
    rig_free(r);
}

static void test_usage_of_services(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    rig_line(r, "{\"node\":\"n\",\"report\":\"service\",\"id\":\"docker/a\",\"engine\":\"docker\","
                "\"kind\":\"container\",\"name\":\"a\"}");
    frame(r, 1000,
          "\"hydra_service_cpu_seconds_total{service=\\\"docker/a\\\"}\":1,"
          "\"hydra_service_memory_bytes{service=\\\"docker/a\\\"}\":4096");
    frame(r, 2000,
          "\"hydra_service_cpu_seconds_total{service=\\\"docker/a\\\"}\":1.5,"
          "\"hydra_service_memory_bytes{service=\\\"docker/a\\\"}\":8192");
    json_t *j = rig_json(cluster_service(r->c, "n/docker/a"));
    assert_true(fabs(json_get_num(j, "cpu", 0) - 50) < 0.01);
    assert_int_equal(json_get_int(j, "memory", 0), 8192);
    json_decref(j);
    rig_free(r);
}

static void test_metrics_text(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    frame(r, 1000, "\"node_load1\":0.5," RX "7");
    rig_line(r, "{\"node\":\"m\",\"report\":\"frame\",\"values\":{\"node_load1\":2}}");
    struct str out = {0};
    cluster_metrics(r->c, &out);
    assert_string_equal(out.p, "# HELP node_load1 Recorded.\n"
                               "# TYPE node_load1 gauge\n"
                               "node_load1{node=\"n\"} 0.5\n"
                               "node_load1{node=\"m\"} 2\n"
                               "# HELP node_network_receive_bytes_total Recorded.\n"
                               "# TYPE node_network_receive_bytes_total counter\n"
                               "node_network_receive_bytes_total{node=\"n\",device=\"eth0\"} 7\n");
    str_done(&out);
    rig_free(r);
}

static void test_fixed_numbers(void **state)
{
    static const struct {
        double v;
        int decimals;
        const char *text;
    } cases[] = {{1.25, 1, "1.3"},   {1.0, 1, "1"},
                 {-0.55, 1, "-0.6"}, {0.05, 2, "0.05"},
                 {0.5, 2, "0.5"},    {-0.001, 1, "0"},
                 {3.999, 2, "4"},    {1e14, 0, "100000000000000"},
                 {1e300, 0, "null"}, {(double)NAN, 1, "null"}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str out = {0};
        str_add_fixed(&out, cases[i].v, cases[i].decimals);
        assert_string_equal(out.p, cases[i].text);
        str_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_series_label),
        cmocka_unit_test(test_cpu),
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_window_turns),
        cmocka_unit_test(test_new_column_grows_the_schema),
        cmocka_unit_test(test_announcement_out_of_order),
        cmocka_unit_test(test_series_numbered_anew_replace_the_old),
        cmocka_unit_test(test_what_comes_late_fills_the_gap),
        cmocka_unit_test(test_filesystems_are_counted_once),
        cmocka_unit_test(test_became_read_only),
        cmocka_unit_test(test_usage_of_services),
        cmocka_unit_test(test_metrics_text),
        cmocka_unit_test(test_fixed_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
