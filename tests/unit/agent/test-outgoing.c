/* What a hub sees: the messages are taken apart as it does, over links that break. */
#include "agent/outgoing.h"

#include "folder.h"
#include "node/wire.h"

#include <unistd.h>

#include "../test.h"

struct room {
    char dir[FOLDER_SIZE];
    struct spool *spool;
    struct outgoing *o;
    bool is_full; /* the hub takes nothing */
    size_t backlog;
    /* the hub */
    struct wire_values values;
    struct str told; /* one line for each message */
    uint64_t last;   /* number */
    uint32_t n_series;
};

static int take(void *arg, const void *bytes, size_t len)
{
    struct room *m = arg;
    struct node_report r;
    if (m->is_full)
        return -ENOBUFS;
    PB(FromAgent) *f = hydra__agent__v1__from_agent__unpack(NULL, len, bytes);
    assert_non_null(f);
    assert_int_equal(wire_report_take(&m->values, f, NULL, &r), 1);
    if (f->sequence) {
        assert_true(f->sequence > m->last); /* on one connection numbers grow */
        m->last = f->sequence;
    }
    str_addf(&m->told, "%llu%s ", (unsigned long long)f->sequence, f->replayed ? "r" : "");
    if (r.kind == REPORT_FRAME)
        str_addf(&m->told, "frame %lld", (long long)r.frame->time_ms);
    for (uint32_t i = 0; r.kind == REPORT_FRAME && i < r.frame->n; i++)
        str_addf(&m->told, " %g", r.frame->values[i]);
    if (r.kind == REPORT_SERIES)
        str_addf(&m->told, "series %u", r.series->first);
    for (uint32_t i = 0; r.kind == REPORT_SERIES && i < r.series->n; i++)
        str_addf(&m->told, " %s", r.series->v[i].name);
    if (r.kind == REPORT_SERVICE)
        str_addf(&m->told, "service %s %d", r.service->id, (int)r.service->run);
    if (r.kind == REPORT_SERVICE_GONE)
        str_addf(&m->told, "gone %s", r.gone);
    if (r.kind == REPORT_OUTCOME)
        str_addf(&m->told, "outcome %s", r.outcome->id);
    if (r.kind == REPORT_LOCAL)
        str_addf(&m->told, "local %s %s|%s", r.local->outcome->id, r.local->outcome->text,
                 r.local->outcome->output);
    if (r.kind == REPORT_PROCESSES)
        str_add(&m->told, "processes");
    str_add_char(&m->told, '\n');
    node_report_free(&r);
    hydra__agent__v1__from_agent__free_unpacked(f, NULL);
    return 0;
}

static size_t backlog(void *arg)
{
    return ((struct room *)arg)->backlog;
}

static void start(struct room *m)
{
    struct err e = {0};
    assert_int_equal(spool_open(&(struct spool_settings){.dir = m->dir}, &e, &m->spool), 0);
    m->o = outgoing_new(&(struct outgoing_settings){m->spool, take, backlog, m});
}

static void stop(struct room *m)
{
    outgoing_free(m->o);
    spool_close(m->spool);
}

static int set_up(void **state)
{
    struct room *m = mem_alloc(sizeof *m);
    folder_make(m->dir);
    start(m);
    *state = m;
    return 0;
}

static int tear_down(void **state)
{
    struct room *m = *state;
    stop(m);
    wire_values_done(&m->values);
    str_done(&m->told);
    folder_remove(m->dir);
    mem_free(m);
    return 0;
}

/* What the hub was told since the last look. */
static void expect(struct room *m, const char *text)
{
    assert_string_equal(str_text(&m->told), text);
    str_clear(&m->told);
}

static void up(struct room *m)
{
    wire_values_done(&m->values);
    m->last = 0;
    outgoing_up(m->o);
}

static void series(struct room *m, uint32_t first, const char *names)
{
    struct str_list l = {0};
    struct series_defs *d = mem_alloc(sizeof *d);
    str_list_split(&l, names, ' ');
    *d = (struct series_defs){first, (uint32_t)l.n, mem_array(l.n, sizeof *d->v)};
    for (size_t i = 0; i < l.n; i++)
        d->v[i] = (struct series_def){mem_strdup(l.v[i]), mem_strdup(""), SERIES_GAUGE, ""};
    str_list_done(&l);
    outgoing_report(m->o, &(struct node_report){.kind = REPORT_SERIES, .series = d});
}

static void frame(struct room *m, int64_t time, uint32_t n)
{
    struct frame *f = mem_alloc(sizeof *f + n * sizeof f->values[0]);
    f->time_ms = time;
    f->n = n;
    for (uint32_t i = 0; i < n; i++)
        f->values[i] = (double)time + (double)i / 10;
    outgoing_report(m->o, &(struct node_report){.kind = REPORT_FRAME, .frame = f});
}

static void service(struct room *m, const char *id, enum observed_run run)
{
    struct observed *o = mem_alloc(sizeof *o);
    o->id = mem_strdup(id);
    o->engine = mem_strdup("docker");
    o->name = mem_strdup(id);
    o->run_text = mem_strdup("");
    o->run = run;
    outgoing_report(m->o, &(struct node_report){.kind = REPORT_SERVICE, .service = o});
}

static void gone(struct room *m, const char *id)
{
    outgoing_report(m->o,
                    &(struct node_report){.kind = REPORT_SERVICE_GONE, .gone = mem_strdup(id)});
}

static void outcome(struct room *m, const char *id)
{
    struct command_outcome *o = mem_alloc(sizeof *o);
    str_copy(o->id, sizeof o->id, id);
    o->step = mem_strdup("");
    o->text = mem_strdup("");
    o->output = mem_strdup("");
    outgoing_report(m->o, &(struct node_report){.kind = REPORT_OUTCOME, .outcome = o});
}

static void local(struct room *m, enum outcome_state state, bool again)
{
    struct command_outcome *o = mem_alloc(sizeof *o);
    struct local_action *a = mem_alloc(sizeof *a);
    *o = (struct command_outcome){.id = "local-1",
                                  .state = state,
                                  .step = mem_strdup(""),
                                  .text = mem_strdup("Restarted."),
                                  .output = mem_strdup("what it said")};
    *a = (struct local_action){.user = mem_strdup("ada"),
                               .verb = mem_strdup("unit.restart"),
                               .target = mem_strdup("systemd/a.service"),
                               .argument = mem_strdup(""),
                               .outcome = o,
                               .again = again};
    outgoing_report(m->o, &(struct node_report){.kind = REPORT_LOCAL, .local = a});
}

static void processes(struct room *m)
{
    outgoing_report(m->o,
                    &(struct node_report){.kind = REPORT_PROCESSES,
                                          .processes = mem_alloc(sizeof(struct process_table))});
}

static void a_fresh_link_begins_with_everything_that_lasts(void **state)
{
    struct room *m = *state;
    series(m, 0, "a b");
    service(m, "docker/x", RUN_RUNNING);
    processes(m);
    expect(m, "");
    up(m);
    expect(m, "0 series 0 a b\n0 service docker/x 0\n");
    service(m, "docker/x", RUN_FAILED);
    gone(m, "docker/x");
    processes(m);
    expect(m, "1 service docker/x 4\n2 gone docker/x\n0 processes\n");
    series(m, 2, "c");
    expect(m, "0 series 2 c\n");
    outgoing_down(m->o);
    outgoing_acknowledge(m->o, 2);
    up(m);
    expect(m, "0 series 0 a b c\n");
}

static void live_frames_are_numbered_now_and_then(void **state)
{
    struct room *m = *state;
    series(m, 0, "a");
    up(m);
    str_clear(&m->told);
    for (int i = 1; i <= 6; i++)
        frame(m, i, 1);
    expect(m, "1 frame 1 1\n0 frame 2 2\n0 frame 3 3\n0 frame 4 4\n0 frame 5 5\n2 frame 6 6\n");
}

static void what_was_missed_comes_in_order(void **state)
{
    struct room *m = *state;
    series(m, 0, "a b");
    up(m);
    service(m, "docker/x", RUN_RUNNING); /* 1 */
    frame(m, 10, 2);                     /* 2 */
    frame(m, 11, 2);
    outgoing_acknowledge(m->o, 1);
    outgoing_acknowledge(m->o, 2); /* 11 may be lost */
    outgoing_down(m->o);           /* 3: frame 11 */
    frame(m, 12, 2);
    service(m, "docker/x", RUN_FAILED);
    service(m, "docker/y", RUN_RUNNING); /* new: the full picture tells it */
    frame(m, 13, 2);
    outcome(m, "c");
    str_clear(&m->told);
    up(m);
    expect(m, "0 series 0 a b\n0 service docker/x 4\n0 service docker/y 0\n"
              "3r frame 11 11 11.1\n4r frame 12 12 12.1\n5r service docker/x 4\n"
              "6r frame 13 13 13.1\n7r outcome c\n");
    outgoing_down(m->o); /* none of it was acknowledged */
    up(m);
    expect(m, "0 series 0 a b\n0 service docker/x 4\n0 service docker/y 0\n"
              "3r frame 11 11 11.1\n4r frame 12 12 12.1\n5r service docker/x 4\n"
              "6r frame 13 13 13.1\n7r outcome c\n");
    outgoing_acknowledge(m->o, 7);
    outgoing_down(m->o);
    up(m);
    expect(m, "0 series 0 a b\n0 service docker/x 4\n0 service docker/y 0\n");
}

static void live_reports_do_not_wait_for_what_was_missed(void **state)
{
    struct room *m = *state;
    series(m, 0, "a");
    up(m);
    outgoing_down(m->o);
    frame(m, 1, 1);
    outcome(m, "old");
    str_clear(&m->told);
    m->backlog = 100 << 10; /* the link is busy */
    up(m);
    frame(m, 2, 1);
    outcome(m, "new");
    expect(m, "0 series 0 a\n0 frame 2 2\n0 outcome new\n");
    m->backlog = 0;
    outgoing_go_on(m->o);
    expect(m, "1r frame 1 1\n2r outcome old\n3r outcome new\n");
    outcome(m, "last");
    expect(m, "4 outcome last\n");
}

static void a_hub_that_takes_nothing_loses_nothing(void **state)
{
    struct room *m = *state;
    series(m, 0, "a");
    up(m);
    str_clear(&m->told);
    m->is_full = true;
    outcome(m, "o");
    m->is_full = false;
    m->backlog = 2 << 20;
    frame(m, 1, 1);
    expect(m, "");
    m->backlog = 0;
    outgoing_go_on(m->o);
    expect(m, "1r outcome o\n2r frame 1 1\n");
}

static void another_hub_is_told_nothing_of_what_was_missed(void **state)
{
    struct room *m = *state;
    series(m, 0, "a");
    service(m, "docker/x", RUN_RUNNING);
    up(m);
    frame(m, 1, 1);
    outgoing_down(m->o);
    frame(m, 2, 1);
    outcome(m, "o");
    str_clear(&m->told);
    outgoing_forget(m->o);
    up(m);
    expect(m, "0 series 0 a\n0 service docker/x 0\n");
    frame(m, 3, 1);
    assert_non_null(strstr(m->told.p, "frame 3 3"));
}

static void a_full_memory_of_frames_forgets_the_oldest(void **state)
{
    struct room *m = *state;
    series(m, 0, "a");
    up(m);
    for (int i = 0; i < 100; i++)
        frame(m, i, 1);
    outgoing_down(m->o);
    str_clear(&m->told);
    up(m);
    assert_null(strstr(m->told.p, "frame 35 "));
    assert_non_null(strstr(m->told.p, "frame 36 "));
    assert_non_null(strstr(m->told.p, "frame 99 "));
}

/* The series of then and now: b is no more, a has another number. */
static void frames_of_an_earlier_run_keep_their_names(void **state)
{
    struct room *m = *state;
    series(m, 0, "a b");
    frame(m, 1, 2);
    frame(m, 2, 2);
    stop(m);
    start(m);
    series(m, 0, "c a");
    up(m);
    expect(m, "0 series 0 c a\n0 series 2 b\n1r frame 1 nan 1 1.1\n2r frame 2 nan 2 2.1\n");
    frame(m, 3, 2);
    expect(m, "3 frame 3 3 3.1 nan\n");
    series(m, 2, "d");
    frame(m, 4, 3);
    expect(m, "0 series 3 d\n0 frame 4 4 4.1 nan 4.2\n");
}

static void series_that_begin_anew_do_not_confuse_frames_in_the_spool(void **state)
{
    struct room *m = *state;
    series(m, 0, "a b");
    frame(m, 1, 2);
    series(m, 0, "b");
    frame(m, 2, 1);
    up(m);
    expect(m, "0 series 0 b\n0 series 1 a\n1r frame 1 1.1 1\n2r frame 2 2 nan\n");
    series(m, 0, "z");
    frame(m, 3, 1);
    expect(m, "0 series 0 z\n3 frame 3 3\n");
}

static void what_was_done_here_is_told_once_and_briefly(void **state)
{
    struct room *m = *state;
    local(m, OUTCOME_RUNNING, false);
    local(m, OUTCOME_DONE, false);
    for (int i = 0; i < 3; i++)
        local(m, OUTCOME_DONE, true);
    up(m);
    expect(m, "1r local local-1 Restarted.|\n");
}

/* Somebody orders in vain without end: the spool keeps room for the hub's own outcomes. */
static void a_flood_of_local_orders_is_counted(void **state)
{
    struct room *m = *state;
    up(m);
    for (int i = 0; i < 3000; i++)
        local(m, OUTCOME_REFUSED, false);
    unsigned told = 0;
    for (const char *p = str_text(&m->told); (p = strstr(p, "local local-1 ")); p++)
        told++;
    assert_in_range(told, 500, 1500);
    while (!strstr(str_text(&m->told), "orders given on this machine are not told of.|")) {
        usleep(20000);
        local(m, OUTCOME_REFUSED, false);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_fresh_link_begins_with_everything_that_lasts),
        TEST(live_frames_are_numbered_now_and_then),
        TEST(what_was_missed_comes_in_order),
        TEST(live_reports_do_not_wait_for_what_was_missed),
        TEST(a_hub_that_takes_nothing_loses_nothing),
        TEST(another_hub_is_told_nothing_of_what_was_missed),
        TEST(a_full_memory_of_frames_forgets_the_oldest),
        TEST(frames_of_an_earlier_run_keep_their_names),
        TEST(series_that_begin_anew_do_not_confuse_frames_in_the_spool),
        TEST(what_was_done_here_is_told_once_and_briefly),
        TEST(a_flood_of_local_orders_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
