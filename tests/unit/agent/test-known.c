#include "agent/known.h"

#include "node/wire.h"

#include "../test.h"

static enum known_news take(struct known *k, struct node_report r)
{
    AUTO(str_done) struct str m = {0};
    wire_report_print(NULL, &r, 0, false, &m);
    enum known_news news = known_take(k, &r, &m);
    node_report_free(&r);
    return news;
}

static enum known_news service(struct known *k, const char *id, enum observed_run run)
{
    struct observed *o = mem_alloc(sizeof *o);
    o->id = mem_strdup(id);
    o->engine = mem_strdup("docker");
    o->name = mem_strdup(id);
    o->run_text = mem_strdup("");
    o->run = run;
    return take(k, (struct node_report){.kind = REPORT_SERVICE, .service = o});
}

static enum known_news gone(struct known *k, const char *id)
{
    return take(k, (struct node_report){.kind = REPORT_SERVICE_GONE, .gone = mem_strdup(id)});
}

static enum known_news source(struct known *k, const char *name, enum source_state state,
                              bool complete)
{
    struct source_report *s = mem_alloc(sizeof *s);
    *s = (struct source_report){mem_strdup(name), state, NULL, NULL, complete};
    return take(k, (struct node_report){.kind = REPORT_SOURCE, .source = s});
}

static void note(void *arg, const char *bytes, size_t len)
{
    struct str *out = arg;
    PB(FromAgent) *m = hydra__agent__v1__from_agent__unpack(NULL, len, (const uint8_t *)bytes);
    assert_non_null(m);
    if (m->body_case == HYDRA__AGENT__V1__FROM_AGENT__BODY_SERVICE)
        str_addf(out, "%s %d\n", m->service->id, (int)m->service->run);
    else if (m->body_case == HYDRA__AGENT__V1__FROM_AGENT__BODY_SOURCE)
        str_addf(out, "%s %d%s\n", m->source->name, (int)m->source->state,
                 m->source->services_complete ? " complete" : "");
    else
        str_add(out,
                m->body_case == HYDRA__AGENT__V1__FROM_AGENT__BODY_POLICY ? "policy\n" : "facts\n");
    hydra__agent__v1__from_agent__free_unpacked(m, NULL);
}

static void expect(const struct known *k, const char *text)
{
    AUTO(str_done) struct str out = {0};
    known_tell(k, note, &out);
    assert_string_equal(str_text(&out), text);
}

static void tells_the_last_of_everything(void **state)
{
    struct known k = {0};
    (void)state;
    expect(&k, "");
    assert_int_equal(service(&k, "docker/a", RUN_RUNNING), KNOWN_FIRST);
    assert_int_equal(service(&k, "docker/b", RUN_RUNNING), KNOWN_FIRST);
    assert_int_equal(service(&k, "docker/a", RUN_RUNNING), KNOWN_SAME);
    assert_int_equal(service(&k, "docker/a", RUN_FAILED), KNOWN_CHANGED);
    assert_int_equal(gone(&k, "docker/b"), KNOWN_CHANGED);
    assert_int_equal(gone(&k, "docker/b"), KNOWN_SAME);
    struct node_facts *f = mem_alloc(sizeof *f);
    assert_int_equal(take(&k, (struct node_report){.kind = REPORT_FACTS, .facts = f}), KNOWN_FIRST);
    assert_int_equal(
        take(&k, (struct node_report){.kind = REPORT_POLICY, .policy = policy_default()}),
        KNOWN_FIRST);
    expect(&k, "facts\npolicy\ndocker/a 4\n");
    known_done(&k);
}

/* Services come before the word that their list is complete. */
static void a_list_that_was_complete_is_told_as_complete(void **state)
{
    struct known k = {0};
    (void)state;
    assert_int_equal(source(&k, "docker", SOURCE_OK, false), KNOWN_FIRST);
    service(&k, "docker/a", RUN_RUNNING);
    expect(&k, "docker/a 0\ndocker 0\n");
    assert_int_equal(source(&k, "docker", SOURCE_OK, true), KNOWN_CHANGED);
    assert_int_equal(source(&k, "docker", SOURCE_OK, false), KNOWN_SAME);
    expect(&k, "docker/a 0\ndocker 0 complete\n");
    assert_int_equal(source(&k, "docker", SOURCE_FAILED, false), KNOWN_CHANGED);
    expect(&k, "docker/a 0\ndocker 3\n");
    known_done(&k);
}

/* What a source does not tell again after it was lost has gone; others' services stay. */
static void a_new_list_drops_what_is_not_in_it(void **state)
{
    struct known k = {0};
    (void)state;
    source(&k, "docker", SOURCE_OK, false);
    service(&k, "docker/a", RUN_RUNNING);
    service(&k, "docker/b", RUN_RUNNING);
    service(&k, "systemd/c", RUN_RUNNING);
    source(&k, "docker", SOURCE_OK, true);
    source(&k, "docker", SOURCE_FAILED, false);
    service(&k, "docker/b", RUN_STOPPED);
    source(&k, "docker", SOURCE_OK, true);
    expect(&k, "docker/b 3\nsystemd/c 0\ndocker 0 complete\n");
    known_done(&k);
}

static void series_add_up_until_they_begin_anew(void **state)
{
    struct known k = {0};
    (void)state;
    for (uint32_t round = 0; round < 3; round++) {
        struct series_defs *d = mem_alloc(sizeof *d);
        *d = (struct series_defs){round < 2 ? round : 0, 1, mem_array(1, sizeof *d->v)};
        d->v[0] = (struct series_def){mem_printf("s%u", round), mem_strdup(""), SERIES_GAUGE, ""};
        known_series(&k, d);
        assert_int_equal(k.series.n, round == 1 ? 2 : 1);
    }
    assert_string_equal(k.series.v[0].name, "s2");
    known_done(&k);
}

static void note_service(void *arg, const struct observed *o)
{
    str_addf(arg, "%s %d\n", o->id, (int)o->run);
}

static void shows_its_services(void **state)
{
    struct known k = {0};
    AUTO(str_done) struct str out = {0};
    (void)state;
    service(&k, "docker/a", RUN_RUNNING);
    service(&k, "docker/a", RUN_FAILED);
    service(&k, "docker/b", RUN_RUNNING);
    gone(&k, "docker/b");
    known_each_service(&k, note_service, &out);
    assert_string_equal(str_text(&out), "docker/a 4\n");
    known_done(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_last_of_everything),
        cmocka_unit_test(a_list_that_was_complete_is_told_as_complete),
        cmocka_unit_test(a_new_list_drops_what_is_not_in_it),
        cmocka_unit_test(shows_its_services),
        cmocka_unit_test(series_add_up_until_they_begin_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
