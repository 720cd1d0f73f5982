/* What is pushed to Loki: labels, places, batches and their folder. The bytes on the wire are
 * judged by tests/system/loki.test.mjs. */
#include "test.h"

#include "node/loki-private.h"
#include "node/snappy-library.h"

#include "push.pb-c.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void names_are_few(void **state)
{
    static const struct {
        const char *name, *label;
    } cases[] = {
        {"nginx.service", "nginx.service"},
        {"user@1000.service", "user@1000.service"},
        {"getty@tty1.service", "getty@tty1.service"},
        {"session-12.scope", "session-*.scope"},
        {"run-r0a1b2c3d.service", "run-*.service"},
        {"run-u42.scope", "run-*.scope"},
        {"sshd@7-10.0.0.1:22-10.0.0.9:5123.service", "sshd@*.service"},
        {"systemd-coredump@12-3456-0.service", "systemd-coredump@*.service"},
        {"docker-0123456789abcdef0123.scope", "docker-*.scope"},
        {"deadbeef.service", "deadbeef.service"},
        {"", ""},
    };
    struct map seen = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(loki_name(&seen, cases[i].name), cases[i].label);
    for (int i = 0; i < 1000; i++) {
        char name[32];
        snprintf(name, sizeof name, "made-up-%d.service", i);
        loki_name(&seen, name);
    }
    assert_int_equal(map_count(&seen), LIMIT_LOKI_NAMES);
    assert_string_equal(loki_name(&seen, "one-more.service"), "other");
    assert_string_equal(loki_name(&seen, "nginx.service"), "nginx.service");
    loki_names_done(&seen);
}

static void a_long_name_is_cut(void **state)
{
    struct map seen = {0};
    char name[1000];
    (void)state;
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = 0;
    assert_int_equal(strlen(loki_name(&seen, name)), LIMIT_LOKI_NAME);
    loki_names_done(&seen);
}

static void labels_are_quoted(void **state)
{
    struct str s = {0};
    (void)state;
    loki_labels(&s, "to\"w\\er", NULL, "plex", LINE_ERR);
    assert_string_equal(s.p, "{container=\"plex\", host=\"to\\\"w\\\\er\", level=\"err\"}");
    str_clear(&s);
    loki_labels(&s, "tower", "nginx.service", NULL, LINE_NO_LEVEL);
    assert_string_equal(s.p, "{host=\"tower\", level=\"unknown\", unit=\"nginx.service\"}");
    str_done(&s);
}

static void equal_times_are_told_apart(void **state)
{
    struct loki_source s = {0};
    (void)state;
    assert_int_equal(loki_place_next_ns(&s, 5000000), 5000000);
    assert_int_equal(loki_place_next_ns(&s, 5000000), 5000001);
    assert_int_equal(loki_place_next_ns(&s, 5000000), 5000002);
    assert_int_equal(loki_place_next_ns(&s, 5001000), 5001000);
    assert_int_equal(loki_place_next_ns(&s, 4000000), 4000000); /* the clock went back */
}

static void places_come_back(void **state)
{
    struct loki_places p = {.begun_us = 77}, q = {0};
    struct str text = {0};
    (void)state;
    mem_set_str(&loki_place_add(&p, "")->cursor, "s=1;i=2");
    loki_place_find(&p, "")->ns = 9;
    loki_place_add(&p, "docker/never-wrote");
    mem_set_str(&loki_place_add(&p, "docker/plex")->cursor, "12.0.1");
    loki_places_print(&p, &text);
    assert_int_equal(loki_places_parse(&q, text.p, text.len), 0);
    assert_int_equal(q.begun_us, 77);
    assert_int_equal(q.v.n, 2);
    assert_string_equal(loki_place_find(&q, "")->cursor, "s=1;i=2");
    assert_int_equal(loki_place_find(&q, "")->ns, 9);
    assert_string_equal(loki_place_find(&q, "docker/plex")->cursor, "12.0.1");
    loki_places_done(&p);
    loki_places_done(&q);
    assert_int_equal(loki_places_parse(&q, "[]", 2), -EINVAL);
    assert_int_equal(loki_places_parse(&q, "x", 1), -EINVAL);
    for (int i = 0; i < LIMIT_LOKI_SOURCES + 10; i++) {
        char id[32];
        snprintf(id, sizeof id, "docker/%d", i);
        struct loki_source *s = loki_place_add(&q, id);
        assert_int_equal(s != NULL, i < LIMIT_LOKI_SOURCES);
        if (s)
            s->here = true;
    }
    loki_places_done(&q);
    str_done(&text);
}

static void places_of_containers_that_are_gone_make_room(void **state)
{
    struct loki_places p = {.begun_us = 1};
    (void)state;
    assert_non_null(loki_place_add(&p, ""));
    for (int i = 1; i < LIMIT_LOKI_SOURCES; i++) {
        char id[32];
        snprintf(id, sizeof id, "docker/%d", i);
        struct loki_source *s = loki_place_add(&p, id);
        s->ns = 1000 - i;
        s->here = i != 7 && i != 8 && i != 9;
        s->read = i == 9; /* not to its end yet */
    }
    assert_non_null(loki_place_add(&p, "docker/new"));
    assert_null(loki_place_find(&p, "docker/8")); /* the older one of two */
    assert_non_null(loki_place_find(&p, "docker/7"));
    loki_place_find(&p, "docker/new")->here = true;
    assert_non_null(loki_place_add(&p, "docker/newer"));
    assert_null(loki_place_find(&p, "docker/7"));
    loki_place_find(&p, "docker/newer")->here = true;
    assert_null(loki_place_add(&p, "docker/newest"));
    assert_non_null(loki_place_find(&p, ""));
    assert_non_null(loki_place_find(&p, "docker/9"));
    loki_places_done(&p);
}

static void add(struct loki_lines *l, const char *service, const char *container, const char *text,
                int64_t ns)
{
    *vec_add(&l->v) = (struct loki_line){
        .line = {.text = mem_strdup(text),
                 .service = mem_strdup(service),
                 .container = mem_strdup(container),
                 .level = LINE_INFO},
        .ns = ns,
    };
}

static void lines_become_streams(void **state)
{
    struct loki_lines l = {0};
    struct map units = {0}, containers = {0};
    struct str out = {0};
    (void)state;
    add(&l, "systemd/a.service", NULL, "one", 1500000000);
    add(&l, NULL, "plex", "two", 2000000000);
    add(&l, "systemd/a.service", NULL, "three", 3000000001);
    add(&l, NULL, "by-journal", "kernel", 4);
    loki_pack(&l, "tower", &units, &containers, &out);
    Loki__PushRequest *m = loki__push_request__unpack(NULL, out.len, (const uint8_t *)out.p);
    assert_non_null(m);
    assert_int_equal(m->n_streams, 3);
    assert_string_equal(m->streams[0]->labels,
                        "{host=\"tower\", level=\"info\", unit=\"a.service\"}");
    assert_int_equal(m->streams[0]->n_entries, 2);
    assert_string_equal(m->streams[0]->entries[1]->line, "three");
    assert_int_equal(m->streams[0]->entries[1]->timestamp->seconds, 3);
    assert_int_equal(m->streams[0]->entries[1]->timestamp->nanos, 1);
    assert_string_equal(m->streams[1]->labels,
                        "{container=\"plex\", host=\"tower\", level=\"info\"}");
    assert_string_equal(m->streams[2]->labels,
                        "{container=\"by-journal\", host=\"tower\", level=\"info\"}");
    loki__push_request__free_unpacked(m, NULL);
    loki_lines_done(&l);
    loki_names_done(&units);
    loki_names_done(&containers);
    str_done(&out);
}

static void snappy_compresses(void **state)
{
    struct str in = {0}, out = {0};
    struct err e;
    (void)state;
    for (int i = 0; i < 1000; i++)
        str_add(&in, "the same again and again ");
    assert_int_equal(snappy_library_check(&e), 0); /* ./dev installs it */
    str_add(&out, "before");
    assert_int_equal(snappy_library_compress(in.p, in.len, &e, &out), 0);
    assert_memory_equal(out.p, "before\xa8\xc3\x01", 9); /* 25,000 as a varint */
    assert_true(out.len < in.len / 10);
    str_done(&in);
    str_done(&out);
}

/* --- the folder --- */

static char dir[64];

static int make_folder(void **state)
{
    (void)state;
    str_copy(dir, sizeof dir, "/tmp/hydra-test-loki-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    AUTO(mem_freep) char *command = mem_printf("rm -rf %s", dir);
    return system(command);
}

static struct loki_file batch(uint64_t number, const char *places, const char *body)
{
    struct loki_file f = {.number = number, .lines = 3};
    str_add(&f.places, places);
    str_add(&f.body, body);
    return f;
}

static void write_batch(uint64_t number, const char *places)
{
    struct loki_file f = batch(number, places, "bytes");
    assert_true(loki_file_write(dir, &f) > 0);
    loki_file_done(&f);
}

static void files_are_whole_or_none(void **state)
{
    struct loki_file f = batch(7, "{}", "body"), g = {0};
    struct str bytes = {0};
    (void)state;
    loki_file_print(&f, &bytes);
    for (size_t n = 0; n < bytes.len; n++)
        assert_int_equal(loki_file_parse(bytes.p, n, &g), -EBADMSG);
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.p[i] = (char)(bytes.p[i] ^ 1);
        assert_int_equal(loki_file_parse(bytes.p, bytes.len, &g), -EBADMSG);
        bytes.p[i] = (char)(bytes.p[i] ^ 1);
    }
    str_add(&bytes, "of a longer one before");
    assert_int_equal(loki_file_parse(bytes.p, bytes.len, &g), 0);
    assert_int_equal(g.number, 7);
    assert_int_equal(g.lines, 3);
    assert_string_equal(g.places.p, "{}");
    assert_string_equal(g.body.p, "body");
    loki_file_done(&f);
    loki_file_done(&g);
    str_done(&bytes);
}

static void finds(const char *places, size_t waiting, uint64_t last)
{
    struct loki_found f;
    assert_int_equal(loki_file_find(dir, NULL, &f), 0);
    assert_string_equal(str_text(&f.places), places);
    assert_int_equal(f.waiting.n, waiting);
    assert_int_equal(f.last, last);
    loki_found_done(&f);
}

static void keep(uint64_t number, const char *places, bool lasting)
{
    struct str s = {0};
    str_add(&s, places);
    assert_int_equal(loki_file_keep_places(dir, number, &s, lasting), 0);
    str_done(&s);
}

static void the_newest_places_count(void **state)
{
    (void)state;
    finds("", 0, 0);
    keep(1, "one", true);
    finds("one", 0, 1);
    keep(2, "two and longer", false);
    keep(3, "3", false);
    keep(4, "4", false);
    finds("4", 0, 4);
    write_batch(5, "five");
    write_batch(6, "six");
    finds("six", 2, 6);
    loki_file_remove(dir, 5); /* was pushed, its places were not kept any more */
    finds("six", 1, 6);
}

static void tear(const char *name)
{
    AUTO(mem_freep) char *path = mem_printf("%s/%s", dir, name);
    assert_int_equal(truncate(path, 20), 0);
}

static void what_is_torn_is_read_again_at_the_source(void **state)
{
    (void)state;
    keep(1, "one", true);
    keep(2, "two", false);
    keep(3, "three", false);
    tear("places.1");
    finds("two", 0, 2);
    tear("places.0");
    finds("one", 0, 1);
    write_batch(2, "two");
    write_batch(3, "three");
    write_batch(4, "four");
    tear("0000000000000003.push");
    finds("two", 1, 2); /* and what follows it is gone */
    finds("two", 1, 2);
}

static void what_was_pushed_is_not_pushed_again(void **state)
{
    (void)state;
    write_batch(1, "one");
    write_batch(2, "two");
    keep(1, "one", false); /* killed before its file was removed */
    finds("two", 1, 2);
    struct loki_file f = {0};
    assert_true(loki_file_read(dir, 1, &f) < 0);
    assert_int_equal(loki_file_read(dir, 2, &f), 0);
    assert_string_equal(f.body.p, "bytes");
    loki_file_done(&f);
}

static void a_folder_that_can_not_be_written_says_so(void **state)
{
    struct err e;
    struct loki_found f;
    struct loki_file b = batch(1, "x", "y");
    (void)state;
    assert_true(loki_file_find("/proc/nothing/here", &e, &f) < 0);
    assert_non_null(strstr(e.text, "/proc/nothing/here"));
    assert_true(loki_file_write("/proc/nothing/here", &b) < 0);
    loki_file_done(&b);
}

static void pauses_grow_and_differ(void **state)
{
    (void)state;
    assert_int_equal(loki_pause_ms(1, 0), 250);
    assert_int_equal(loki_pause_ms(1, UINT32_MAX), 500);
    assert_int_equal(loki_pause_ms(4, UINT32_MAX), 4000);
    assert_int_equal(loki_pause_ms(50, 0), 30000);
    assert_int_equal(loki_pause_ms(50, UINT32_MAX), 60000);
}

static void only_loki_says_that_a_batch_is_bad(void **state)
{
    static const char *const proxies[] = {
        "Client sent an HTTP request to an HTTPS server.\n",
        "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head>",
        "<label>entry for stream</label>", "", NULL};
    static const char *const lokis[] = {
        "entry for stream '{host=\"a\"}' has timestamp too old: 2020-01-01T00:00:00Z",
        "error at least one label pair is required per stream",
        "max entry size '262144' bytes exceeded for stream '{}'"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(proxies); i++) {
        assert_false(loki_is_bad_batch(400, proxies[i], false));
        assert_true(loki_is_bad_batch(400, proxies[i], true));
    }
    for (size_t i = 0; i < COUNT_OF(lokis); i++)
        assert_true(loki_is_bad_batch(400, lokis[i], false));
    assert_true(loki_is_bad_batch(413, NULL, true));
    assert_true(loki_is_bad_batch(422, NULL, true));
    assert_false(loki_is_bad_batch(500, lokis[0], true));
    assert_false(loki_is_bad_batch(204, lokis[0], true));
}

/* --- the queue --- */

struct pushing {
    struct loop *loop;
    struct loki_queue *queue;
    atomic_bool tried_to_read, tried_to_push;
};

static void on_changed(void *arg)
{
    (void)arg;
    fail_msg("a batch was let go of");
}

static void on_trouble(void *arg, const char *text, const char *hint)
{
    struct pushing *p = arg;
    (void)hint;
    atomic_store(text && strstr(text, "can't be read") ? &p->tried_to_read : &p->tried_to_push,
                 true);
}

static void on_queue_ended(void *arg)
{
    (void)arg;
}

static void begin_pushing(void *arg)
{
    struct pushing *p = arg;
    struct loki_found found = {.last = 5};
    *vec_add(&found.waiting) = (struct loki_waiting){.number = 5, .size = 10, .lines = 3};
    p->queue =
        loki_queue_new(p->loop, &(struct node_loki){.url = "http://127.0.0.1:1/", .spool_mib = 4},
                       dir, &(struct loki_queue_hooks){on_changed, on_trouble, on_queue_ended, p});
    loki_queue_load(p->queue, &found);
    loki_found_done(&found);
}

static void end_pushing(void *arg)
{
    struct pushing *p = arg;
    loki_queue_stop(p->queue);
    loki_queue_free(p->queue);
}

static void wait_until(const atomic_bool *what)
{
    for (int i = 0; i < 60000 && !atomic_load(what); i++)
        usleep(1000);
    assert_true(atomic_load(what));
}

static void what_can_not_be_read_now_is_read_later(void **state)
{
    struct pushing p = {0};
    AUTO(mem_freep) char *path = mem_printf("%s/%016x.push", dir, 5);
    (void)state;
    assert_int_equal(mkdir(path, 0700), 0); /* opens, and can't be read */
    p.loop = loop_new("loki");
    loop_start_thread(p.loop);
    loop_call(p.loop, begin_pushing, &p);
    wait_until(&p.tried_to_read);
    assert_int_equal(rmdir(path), 0);
    write_batch(5, "places");
    wait_until(&p.tried_to_push);
    loop_call(p.loop, end_pushing, &p);
    loop_stop(p.loop);
    loop_join(p.loop);
    loop_free(p.loop);
}

static void addresses(void **state)
{
    static const struct {
        const char *text, *url;
    } cases[] = {
        {"http://loki:3100", "http://loki:3100/loki/api/v1/push"},
        {"https://loki.example.org/", "https://loki.example.org/loki/api/v1/push"},
        {"http://gateway/loki/api/v1/push", "http://gateway/loki/api/v1/push"},
        {"http://gateway/other?x=1", "http://gateway/other?x=1"},
        {"loki:3100", NULL},
        {"http://", NULL},
        {"http:///push", NULL},
        {"http://a b", NULL},
        {"http://ada:secret@loki", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(mem_freep) char *url = NULL;
        struct err e = {0};
        int r = node_loki_url(cases[i].text, &e, &url);
        assert_int_equal(r, cases[i].url ? 0 : -EINVAL);
        if (cases[i].url)
            assert_string_equal(url, cases[i].url);
        else
            assert_true(*e.text && !strstr(e.text, "ada:secret"));
    }
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_few),
        cmocka_unit_test(a_long_name_is_cut),
        cmocka_unit_test(labels_are_quoted),
        cmocka_unit_test(equal_times_are_told_apart),
        cmocka_unit_test(places_come_back),
        cmocka_unit_test(places_of_containers_that_are_gone_make_room),
        cmocka_unit_test(lines_become_streams),
        cmocka_unit_test(snappy_compresses),
        cmocka_unit_test(files_are_whole_or_none),
        IN_FOLDER(the_newest_places_count),
        IN_FOLDER(what_is_torn_is_read_again_at_the_source),
        IN_FOLDER(what_was_pushed_is_not_pushed_again),
        cmocka_unit_test(a_folder_that_can_not_be_written_says_so),
        cmocka_unit_test(pauses_grow_and_differ),
        cmocka_unit_test(only_loki_says_that_a_batch_is_bad),
        IN_FOLDER(what_can_not_be_read_now_is_read_later),
        cmocka_unit_test(addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
