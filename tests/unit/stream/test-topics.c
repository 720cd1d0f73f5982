#include "../test.h"

#include "base/str.h"
#include "stream/topics-private.h"

#include <stdio.h>

enum {
    STATE = 1 << EVENT_CLASS_STATE,
    VITALS = 1 << EVENT_CLASS_VITALS,
    METRICS = 1 << EVENT_CLASS_METRICS,
    FEED = 1 << EVENT_CLASS_FEED,
    ACCESS = 1 << EVENT_CLASS_ACCESS,
    CUSTOM = 1 << EVENT_CLASS_CUSTOM,
    JOBS = 1 << EVENT_CLASS_JOBS,
    USUAL = STATE | VITALS | FEED | ACCESS | CUSTOM | JOBS,
};

static void texts_become_sets(void **state)
{
    (void)state;
    const struct {
        const char *text;
        uint32_t classes;
        unsigned n;
    } rows[] = {
        {NULL, USUAL, 0},
        {"", USUAL, 0},
        {"state", STATE, 0},
        {"state,feed", STATE | FEED, 0},
        {" state ,\tfeed ", STATE | FEED, 0},
        {"state,,feed,", STATE | FEED, 0},
        {"custom,custom", CUSTOM, 0},
        {"state,vitals,metrics,feed,access,jobs,custom", USUAL | METRICS, 0},
        {"jobs", JOBS, 0},
        {"jobs/01kcy4", 0, 1},
        {"metrics/hydra-ai", 0, 1},
        {"metrics/a,metrics/b,metrics/a", 0, 2},
        {"state/debian/docker/plex,feed", FEED, 1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct event_topics t;
        assert_int_equal(event_topics_parse(rows[i].text, &t, NULL), 0);
        assert_int_equal(t.classes, rows[i].classes);
        assert_int_equal(t.n, rows[i].n);
    }
}

static void errors_say_what_to_do(void **state)
{
    (void)state;
    const struct {
        const char *text, *says;
    } rows[] = {
        {"stat", "Did you mean \"state\"?"},
        {"zzzzzzzzzz", "Topics are state, vitals, metrics, feed, access, jobs, custom."},
        {"state,nothing/like", "\"nothing\""},
        {"State", "Did you mean \"state\"?"},
        {"metrics/", "names no resource"},
        {",", "No topic is named"},
        {" ", "No topic is named"},
        {"state feed", "There is no topic"},
        {"state/0,state/1,state/2,state/3,state/4,state/5,state/6,state/7,state/8,state/9,state/a,"
         "state/b,state/c,state/d,state/e,state/f,state/g",
         "at most 16"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct event_topics t = {.classes = 12345};
        struct err e = {0};
        assert_int_equal(event_topics_parse(rows[i].text, &t, &e), -EINVAL);
        assert_non_null(strstr(e.text, rows[i].says));
        assert_int_equal(t.classes, 12345);
    }
    char text[400];
    struct event_topics t;
    snprintf(text, sizeof text, "metrics/%0350d", 1);
    assert_int_equal(event_topics_parse(text, &t, NULL), -EINVAL);
}

static void filters_match(void **state)
{
    (void)state;
    const struct {
        const char *topics;
        enum event_class topic;
        const char *resource;
        bool has;
    } rows[] = {
        {"", EVENT_CLASS_STATE, NULL, true},
        {"", EVENT_CLASS_METRICS, "a", false},
        {"metrics", EVENT_CLASS_METRICS, "a", true},
        {"metrics", EVENT_CLASS_METRICS, NULL, true},
        {"metrics/a", EVENT_CLASS_METRICS, "a", true},
        {"metrics/a", EVENT_CLASS_METRICS, "b", false},
        {"metrics/a", EVENT_CLASS_METRICS, NULL, false},
        {"metrics/a", EVENT_CLASS_STATE, "a", false},
        {"state/a,metrics/b", EVENT_CLASS_METRICS, "b", true},
        {"state/a,metrics/b", EVENT_CLASS_METRICS, "a", false},
        {"metrics/a,metrics", EVENT_CLASS_METRICS, "b", true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct event_topics t;
        struct topic_filter f;
        assert_int_equal(event_topics_parse(rows[i].topics, &t, NULL), 0);
        topic_filter_init(&f, &t);
        uint64_t resource = rows[i].resource ? event_topics_hash(rows[i].resource) : 0;
        assert_int_equal(topic_filter_has(&f, rows[i].topic, resource), rows[i].has);
        topic_filter_done(&f);
    }
}

static void classes_have_names(void **state)
{
    (void)state;
    assert_string_equal(event_class_name(EVENT_CLASS_STATE), "state");
    assert_string_equal(event_class_name(EVENT_CLASS_CUSTOM), "custom");
    assert_string_equal(event_class_name(EVENT_CLASS_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_sets),
        cmocka_unit_test(errors_say_what_to_do),
        cmocka_unit_test(filters_match),
        cmocka_unit_test(classes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
