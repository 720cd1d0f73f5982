/* Every kind of report must come back as it was: printed again it gives the same bytes. */
#include "../test.h"

#include "node/wire.h"

#include <errno.h>

static PB(FromAgent) * unpack(const struct str *bytes)
{
    PB(FromAgent) *m =
        hydra__agent__v1__from_agent__unpack(NULL, bytes->len, (const uint8_t *)bytes->p);
    assert_non_null(m);
    return m;
}

/* Frees what `r` points to. */
static void there_and_back(struct node_report r)
{
    struct wire_values up = {0}, down = {0}, again = {0};
    struct str first = {0}, second = {0};
    struct node_report back;
    struct err e = {0};
    wire_report_print(&up, &r, 7, true, &first);
    PB(FromAgent) *m = unpack(&first);
    assert_int_equal(m->sequence, 7);
    assert_true(m->replayed);
    assert_int_equal(wire_report_take(&down, m, &e, &back), 1);
    assert_int_equal(back.kind, r.kind);
    wire_report_print(&again, &back, 7, true, &second);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.p, second.p, first.len);
    hydra__agent__v1__from_agent__free_unpacked(m, NULL);
    node_report_free(&r);
    node_report_free(&back);
    str_done(&first);
    str_done(&second);
    wire_values_done(&up);
    wire_values_done(&down);
    wire_values_done(&again);
}

static char *t(const char *s)
{
    return mem_strdup(s);
}

static struct observed *container(void)
{
    struct observed *o = mem_alloc(sizeof *o);
    *o = (struct observed){.id = t("docker/plex"),
                           .kind = OBSERVED_CONTAINER,
                           .engine = t("docker"),
                           .name = t("plex"),
                           .run = RUN_FAILED,
                           .run_text = t("Exited (137) 3 minutes ago"),
                           .health = HEALTH_UNHEALTHY,
                           .health_text = t("no answer — é"),
                           .started_ms = 1,
                           .ended_ms = 2,
                           .has_exit = true,
                           .exit_code = -1,
                           .oom_killed = true,
                           .on_purpose = true,
                           .why = t("OOM"),
                           .restarts = 4,
                           .image = t("plex:1"),
                           .main_pid = 77,
                           .cgroup = t("/docker/x")};
    *vec_add(&o->ports) = (struct observed_port){t("0.0.0.0"), 65535, 80, true, 5, t("plex")};
    *vec_add(&o->ports) = (struct observed_port){t("::"), 1, 0, false, 0, NULL};
    *vec_add(&o->labels) = (struct label){t("a"), t("b")};
    *vec_add(&o->labels) = (struct label){t("c"), t("")};
    str_list_add(&o->depends_on, "docker/db");
    str_list_add(&o->mounts, "/mnt/a");
    str_list_add(&o->networks, "bridge");
    return o;
}

static void test_services(void **state)
{
    (void)state;
    there_and_back((struct node_report){.kind = REPORT_SERVICE, .service = container()});
    there_and_back((struct node_report){.kind = REPORT_SERVICE_GONE, .gone = t("docker/plex")});
}

static void test_facts(void **state)
{
    (void)state;
    struct node_facts *f = mem_alloc(sizeof *f);
    *f = (struct node_facts){.hostname = t("tower"),
                             .os_name = t("Unraid"),
                             .os_id = t("unraid"),
                             .kernel = t("6.1"),
                             .arch = t("x86_64"),
                             .cpu_model = t("i5"),
                             .cpu_sockets = 1,
                             .cpu_cores = 4,
                             .cpu_threads = 8,
                             .memory_total = 1ull << 40,
                             .swap_total = 3,
                             .boot_id = t("b"),
                             .machine_id = t("m"),
                             .virtualization = t(""),
                             .time_zone = t("UTC"),
                             .boot_ms = -5,
                             .pending_reboot = t("kernel"),
                             .agent_version = t("1")};
    str_list_add(&f->addresses, "eth0 10.0.0.1/24");
    str_list_add(&f->macs, "eth0 aa:bb:cc:dd:ee:ff");
    *vec_add(&f->gpus) =
        (struct gpu_facts){t("0"), t("GPU-1"), t("RTX"), t("NVIDIA"), t("550"), 24ull << 30};
    there_and_back((struct node_report){.kind = REPORT_FACTS, .facts = f});
}

static void test_numbers(void **state)
{
    (void)state;
    struct series_defs *s = mem_alloc(sizeof *s);
    s->first = 5;
    s->n = 2;
    s->v = mem_array(2, sizeof *s->v);
    s->v[0] = (struct series_def){t("node_load1"), t(""), SERIES_GAUGE, "1 minute"};
    s->v[1] = (struct series_def){t("x_total"), t("a=\"b\""), SERIES_COUNTER, NULL};
    there_and_back((struct node_report){.kind = REPORT_SERIES, .series = s});
    struct frame *f = mem_alloc(sizeof *f + 3 * sizeof(double));
    f->time_ms = 123456;
    f->n = 3;
    f->values[1] = 1.25;
    there_and_back((struct node_report){.kind = REPORT_FRAME, .frame = f});
}

static void test_the_rest(void **state)
{
    (void)state;
    struct process_table *p = mem_alloc(sizeof *p);
    *p = (struct process_table){.time_ms = 9, .total = 3, .running = 1, .threads = 7};
    *vec_add(&p->rows) = (struct process_row){.pid = 1,
                                              .user = t("root"),
                                              .name = t("init"),
                                              .command = t("/sbin/init"),
                                              .state = 'S',
                                              .cpu_percent = 1.5F,
                                              .memory = 5,
                                              .service = t("systemd/init")};
    *vec_add(&p->gpu_rows) = (struct gpu_process_row){t("0"), 5, t("tabby"), 1 << 30, NULL};
    there_and_back((struct node_report){.kind = REPORT_PROCESSES, .processes = p});
    struct source_report *s = mem_alloc(sizeof *s);
    *s = (struct source_report){t("docker"), SOURCE_DENIED, t("no"), t("usermod"), true};
    there_and_back((struct node_report){.kind = REPORT_SOURCE, .source = s});
    struct check_result *c = mem_alloc(sizeof *c);
    *c = (struct check_result){t("manual/x"), CHECK_DOWN, 5, 1200, 503, t("HTTP 503"), 77};
    there_and_back((struct node_report){.kind = REPORT_CHECK, .check = c});
    struct command_outcome *o = mem_alloc(sizeof *o);
    *o = (struct command_outcome){
        "local-1", OUTCOME_REFUSED, 9, t(""), t("The policy does not allow it."), t("")};
    struct local_action *a = mem_alloc(sizeof *a);
    *a = (struct local_action){t("pia"), 1000, t("unit.restart"), t("systemd/a.service"), t(""),
                               o,        false};
    there_and_back((struct node_report){.kind = REPORT_LOCAL, .local = a});
}

static void test_checks(void **state)
{
    (void)state;
    struct check_spec specs[] = {
        {.service = (char *)"manual/router",
         .kind = CHECK_HTTP,
         .target = (char *)"http://10.0.0.1",
         .interval_ms = 1000,
         .timeout_ms = 500,
         .expect_body = (char *)"Router",
         .tls_verify = true},
        {.service = (char *)"a", .kind = CHECK_PROCESS, .target = (char *)"b"}};
    struct str out = {0};
    struct check_spec *back = NULL;
    size_t n = 0;
    wire_checks_print(specs, COUNT_OF(specs), &out);
    PB(FromHub) *m = hydra__agent__v1__from_hub__unpack(NULL, out.len, (const uint8_t *)out.p);
    assert_int_equal(m->body_case, HYDRA__AGENT__V1__FROM_HUB__BODY_CHECKS);
    assert_int_equal(wire_checks_take(m->checks, NULL, &back, &n), 0);
    assert_int_equal(n, 2);
    assert_string_equal(back[0].expect_body, "Router");
    assert_null(back[0].expect_status);
    assert_int_equal(back[1].kind, CHECK_PROCESS);
    assert_true(back[0].tls_verify);
    for (size_t i = 0; i < n; i++)
        check_spec_done(&back[i]);
    mem_free(back);
    hydra__agent__v1__from_hub__free_unpacked(m, NULL);
    str_done(&out);
}

static int take(PB(FromAgent) * m)
{
    struct wire_values v = {0};
    struct node_report r;
    struct err e = {0};
    int got = wire_report_take(&v, m, &e, &r);
    if (got > 0)
        node_report_free(&r);
    else if (got < 0)
        assert_non_null(strstr(e.text, "makes no sense"));
    wire_values_done(&v);
    return got;
}

/* One that never ends, or has no number, could be given again for ever. */
static void test_command_can_not_be_repeated(void **state)
{
    (void)state;
    PB(Command) m = HYDRA__AGENT__V1__COMMAND__INIT;
    struct command c;
    m.id = (char *)"c1";
    m.node = (char *)"tower";
    m.verb = (char *)"unit.start";
    m.target = (char *)"systemd/a.service";
    const int64_t expires[] = {0, -1, 0, 5};
    const uint64_t sequences[] = {7, 7, 0, 0};
    for (size_t i = 0; i < COUNT_OF(expires); i++) {
        struct err e = {0};
        m.expires_ms = expires[i];
        m.sequence = sequences[i];
        assert_int_equal(wire_command_take(&m, "tower", &e, &c), -EBADMSG);
        assert_non_null(strstr(e.text, "repeated"));
    }
    m.expires_ms = 5;
    m.sequence = 7;
    assert_int_equal(wire_command_take(&m, "tower", NULL, &c), 0);
    assert_null(c.secret);
    command_done(&c);
    m.secret = (char *)"ada\nlovelace";
    assert_int_equal(wire_command_take(&m, "tower", NULL, &c), 0);
    assert_string_equal(c.secret, "ada\nlovelace");
    command_done(&c);
}

static void test_a_secret_is_wiped(void **state)
{
    (void)state;
    static const char nothing[sizeof "ada\nlovelace"];
    struct command c = {.expires_ms = 5,
                        .sequence = 7,
                        .user = t("ada"),
                        .target = t("bmc/10.0.0.9"),
                        .argument = t("off nas"),
                        .secret = t("ada\nlovelace")};
    struct str out = {0};
    wire_command_print(&c, "tower", &out);
    PB(FromHub) *m = hydra__agent__v1__from_hub__unpack(NULL, out.len, (uint8_t *)out.p);
    assert_string_equal(m->command->secret, "ada\nlovelace");
    wire_secrets_wipe(m);
    assert_memory_equal(m->command->secret, nothing, sizeof nothing);
    assert_string_equal(m->command->target, "bmc/10.0.0.9");
    wire_secrets_wipe(m); /* nothing left, and no harm */
    hydra__agent__v1__from_hub__free_unpacked(m, NULL);
    PB(FromHub) other = HYDRA__AGENT__V1__FROM_HUB__INIT;
    wire_secrets_wipe(&other);
    str_done(&out);
    command_done(&c);
}

/* Odd bytes of an older agent cost a character, not the node. */
static void test_odd_bytes(void **state)
{
    (void)state;
    PB(FromAgent) m = HYDRA__AGENT__V1__FROM_AGENT__INIT;
    PB(Service) s = HYDRA__AGENT__V1__SERVICE__INIT;
    struct wire_values v = {0};
    struct node_report r;
    m.body_case = HYDRA__AGENT__V1__FROM_AGENT__BODY_SERVICE;
    m.service = &s;
    s.id = (char *)"docker/x";
    s.name = (char *)"caf\xe9-x";
    s.health_text = (char *)"cut \xe2\x82";
    assert_int_equal(wire_report_take(&v, &m, NULL, &r), 1);
    assert_string_equal(r.service->name, "caf?-x");
    assert_string_equal(r.service->health_text, "cut ");
    node_report_free(&r);
    PB(Outcome) o = HYDRA__AGENT__V1__OUTCOME__INIT;
    m.body_case = HYDRA__AGENT__V1__FROM_AGENT__BODY_OUTCOME;
    m.outcome = &o;
    o.id = (char *)"o-\xff";
    o.text = (char *)"\xff ended";
    assert_int_equal(wire_report_take(&v, &m, NULL, &r), 1);
    assert_string_equal(r.outcome->id, "o-?");
    assert_string_equal(r.outcome->text, "? ended");
    node_report_free(&r);
    wire_values_done(&v);
}

static void test_nonsense(void **state)
{
    (void)state;
    PB(FromAgent) m = HYDRA__AGENT__V1__FROM_AGENT__INIT;
    PB(Service) s = HYDRA__AGENT__V1__SERVICE__INIT;
    PB(Service__Port) port = HYDRA__AGENT__V1__SERVICE__PORT__INIT, *ports[] = {&port};
    PB(SeriesTable) table = HYDRA__AGENT__V1__SERIES_TABLE__INIT;
    PB(Frame) frame = HYDRA__AGENT__V1__FRAME__INIT;
    assert_int_equal(take(&m), 0);
    m.body_case = HYDRA__AGENT__V1__FROM_AGENT__BODY_SERVICE;
    m.service = &s;
    assert_int_equal(take(&m), -EBADMSG);
    s.id = (char *)"docker/x";
    assert_int_equal(take(&m), 1);
    s.run = (PB(Service__Run))99;
    assert_int_equal(take(&m), -EBADMSG);
    s.run = (PB(Service__Run))0;
    s.name = mem_alloc(LIMIT_WIRE_TEXT + 2);
    memset(s.name, 'x', LIMIT_WIRE_TEXT + 1);
    assert_int_equal(take(&m), -EMSGSIZE);
    mem_free(s.name);
    s.name = (char *)"x";
    s.n_ports = 1;
    s.ports = ports;
    port.port = 65536;
    assert_int_equal(take(&m), -EBADMSG);
    s.n_ports = LIMIT_WIRE_LIST + 1;
    assert_int_equal(take(&m), -EMSGSIZE);
    m.body_case = HYDRA__AGENT__V1__FROM_AGENT__BODY_SERIES;
    m.series = &table;
    table.first = UINT32_MAX;
    assert_int_equal(take(&m), -EMSGSIZE);
    m.body_case = HYDRA__AGENT__V1__FROM_AGENT__BODY_FRAME;
    m.frame = &frame;
    frame.n = LIMIT_WIRE_SERIES + 1;
    assert_int_equal(take(&m), -EMSGSIZE);
}

static void test_policy(void **state)
{
    (void)state;
    struct policy *p = policy_default();
    there_and_back((struct node_report){.kind = REPORT_POLICY, .policy = p});
    p = mem_alloc(sizeof *p);
    p->path = t("/etc/hydra/agent.yaml");
    p->trouble = t("line 3: é");
    there_and_back((struct node_report){.kind = REPORT_POLICY, .policy = p});
}

/* The worst that a row can be: two bytes. */
static size_t empty_rows(struct str *out, size_t rows)
{
    PB(Processes__Row) row = HYDRA__AGENT__V1__PROCESSES__ROW__INIT;
    PB(Processes) p = HYDRA__AGENT__V1__PROCESSES__INIT;
    PB(FromAgent) m = HYDRA__AGENT__V1__FROM_AGENT__INIT;
    AUTO(mem_freep) PB(Processes__Row) **list = mem_array(rows, sizeof *list);
    for (size_t i = 0; i < rows; i++)
        list[i] = &row;
    p.rows = list;
    p.n_rows = rows;
    m.body_case = HYDRA__AGENT__V1__FROM_AGENT__BODY_PROCESSES;
    m.processes = &p;
    str_clear(out);
    wire_print(&m.base, out);
    return out->len;
}

static void unpacked_within_bounds(void **state)
{
    static const struct {
        size_t rows;
        bool taken;
    } cases[] = {{1, true}, {1000, true}, {LIMIT_WIRE_LIST, false}, {2000000, false}};
    struct str out = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        empty_rows(&out, cases[i].rows);
        PB(FromAgent) *m = WIRE_UNPACK(from_agent, out.p, out.len);
        assert_int_equal(m != NULL, cases[i].taken);
        if (m)
            hydra__agent__v1__from_agent__free_unpacked(m, NULL);
    }
    assert_null(WIRE_UNPACK(from_agent, "\xff\xff", 2));
    str_done(&out);
}

/* The least that the kernel's threads, the shortest of real rows, say of themselves. */
static void as_many_as_there_may_be_real_ones(void **state)
{
    struct process_table *table = mem_alloc(sizeof *table);
    struct wire_values up = {0}, down = {0};
    struct str out = {0};
    struct node_report r = {.kind = REPORT_PROCESSES, .processes = table}, back;
    (void)state;
    for (int i = 0; i < LIMIT_WIRE_LIST; i++)
        *vec_add(&table->rows) = (struct process_row){.pid = 1000 + i,
                                                      .parent = 2,
                                                      .user = t("root"),
                                                      .name = t("kworker/0:1"),
                                                      .command = t(""),
                                                      .state = 'S',
                                                      .threads = 1,
                                                      .started_ms = 1764000000000,
                                                      .start_ticks = 100 + (uint64_t)i};
    wire_report_print(&up, &r, 1, false, &out);
    PB(FromAgent) *m = WIRE_UNPACK(from_agent, out.p, out.len);
    assert_non_null(m);
    assert_int_equal(wire_report_take(&down, m, NULL, &back), 1);
    hydra__agent__v1__from_agent__free_unpacked(m, NULL);
    node_report_free(&r);
    node_report_free(&back);
    str_done(&out);
    wire_values_done(&up);
    wire_values_done(&down);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(unpacked_within_bounds),
                                       cmocka_unit_test(as_many_as_there_may_be_real_ones),
                                       cmocka_unit_test(test_policy),
                                       cmocka_unit_test(test_services),
                                       cmocka_unit_test(test_facts),
                                       cmocka_unit_test(test_numbers),
                                       cmocka_unit_test(test_the_rest),
                                       cmocka_unit_test(test_checks),
                                       cmocka_unit_test(test_odd_bytes),
                                       cmocka_unit_test(test_command_can_not_be_repeated),
                                       cmocka_unit_test(test_a_secret_is_wiped),
                                       cmocka_unit_test(test_nonsense)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
