/* Docker's json-file logs: their lines, and files that rotate. */
#include "../test.h"

#include "node/logs-private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIME "2026-11-24T14:53:11.000000007Z"

static bool parse(const char *line, struct str *scratch, struct log_json_entry *e)
{
    return log_json_parse(line, strlen(line), scratch, e);
}

static void test_reads_lines(void **state)
{
    static const struct {
        const char *line, *text;
        unsigned stream;
        bool ended;
    } cases[] = {
        {"{\"log\":\"hello\\n\",\"stream\":\"stdout\",\"time\":\"" TIME "\"}", "hello", 1, true},
        {"{\"log\":\"a part\",\"stream\":\"stderr\",\"time\":\"" TIME "\"}", "a part", 2, false},
        {"{\"log\":\"no end\\\\n\",\"stream\":\"stdout\",\"time\":\"" TIME "\"}", "no end\\n", 1,
         false},
        {"{\"log\":\"\\n\",\"stream\":\"stdout\",\"time\":\"" TIME "\"}", "", 1, true},
        {"{\"log\":\"{\\\"stream\\\":\\\"stdout\\\"} \\u003cb\\u003e\\t\\/\\r\\n\",\"stream\":"
         "\"stdout\",\"time\":\"" TIME "\"}",
         "{\"stream\":\"stdout\"} <b>\t/\r", 1, true},
        {"{\"log\":\"\\u00fc \\u20ac \\ud83d\\ude00 \\ud83d \\uzzzz\\n\",\"stream\":\"stdout\","
         "\"time\":\"" TIME "\"}",
         "ü € 😀 \uFFFD \uFFFDzzzz", 1, true},
        {"{\"log\":\"x\\n\",\"stream\":\"stdout\",\"attrs\":{\"time\":\"noon\"},\"time\":\"" TIME
         "\"}",
         "x", 1, true},
    };
    (void)state;
    AUTO(str_done) struct str scratch = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct log_json_entry e;
        assert_true(parse(cases[i].line, &scratch, &e));
        AUTO(mem_freep) char *text = mem_strndup(e.text, e.len);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(e.stream, cases[i].stream);
        assert_int_equal(e.ended, cases[i].ended);
        assert_int_equal(e.time_ns % 10, 7);
    }
}

static void test_refuses_what_is_no_line(void **state)
{
    static const char *const lines[] = {
        "",
        "2026-11-24T14:53:11.0Z stdout F hello",
        "{\"log\":\"hello\\n\",\"stream\":\"stdin\",\"time\":\"" TIME "\"}",
        "{\"log\":\"hello\\n\",\"stream\":\"stdout\",\"time\":\"noon\"}",
        "{\"log\":\"hello\\n\",\"stream\":\"stdout\",\"emit\":\"" TIME "\"}",
        "{\"log\":\"hello\\n\",\"stream\":\"stdout\"}",
        "{\"log\":\"hello\\n\",\"stream\":\"std",
        "{\"log\":\"",
    };
    (void)state;
    AUTO(str_done) struct str scratch = {0};
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct log_json_entry e;
        assert_false(parse(lines[i], &scratch, &e));
    }
}

/* --- files --- */

static char folder[64];

static void path_of(const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", folder, name);
}

/* Lines [from, to): second by second. */
static void write_log(const char *name, int from, int to)
{
    char path[128];
    path_of(name, path);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    for (int i = from; i < to; i++)
        fprintf(
            f,
            "{\"log\":\"line %d\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-24T%02d:%02d:%02d."
            "5Z\"}\n",
            i, i / 3600, i / 60 % 60, i % 60);
    fclose(f);
}

static int set_up(void **state)
{
    (void)state;
    str_copy(folder, sizeof folder, "/tmp/hydra-logs-json-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"log", "log.1", "log.2", "log.2.gz"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char path[128];
        path_of(names[i], path);
        unlink(path);
    }
    return rmdir(folder);
}

struct read {
    int first, last;
    bool stop;
    int stop_at; /* -1 = never */
};

static void on_line(void *arg, unsigned stream, int64_t time_ns, const char *text, size_t n,
                    bool cut)
{
    struct read *r = arg;
    int number = 0;
    (void)stream;
    (void)time_ns;
    (void)n;
    (void)cut;
    assert_int_equal(sscanf(text, "line %d", &number), 1);
    if (r->first < 0)
        r->first = number;
    else
        assert_int_equal(number, r->last + 1);
    r->last = number;
    r->stop = number == r->stop_at;
}

static struct read read_on(struct log_json *j, int stop_at)
{
    struct read r = {.first = -1, .last = -1, .stop_at = stop_at};
    struct log_frames f = {.on_line = on_line, .arg = &r};
    atomic_bool cancelled = false;
    assert_int_equal(log_json_read(j, &f, &cancelled, &r.stop), 0);
    log_frames_done(&f);
    return r;
}

static int open_log(struct log_json *j)
{
    char path[128];
    path_of("log", path);
    return log_json_open(path, j);
}

static void test_goes_back_over_rotated_files(void **state)
{
    struct log_json j;
    (void)state;
    write_log("log.2", 0, 20000);
    write_log("log.1", 20000, 40000);
    write_log("log", 40000, 40010);
    assert_int_equal(open_log(&j), 0);
    assert_int_equal(j.n, 3);
    assert_true(log_json_back(&j, 100));
    struct read r = read_on(&j, -1);
    assert_int_equal(r.first, 40009);
    assert_int_equal(r.last, 40009);
    assert_true(log_json_back(&j, 1 << 20)); /* to the beginning of the newest */
    r = read_on(&j, -1);
    assert_int_equal(r.first, 40000);
    assert_true(log_json_back(&j, 100000));
    r = read_on(&j, -1);
    assert_in_range(r.first, 38000, 39999);
    assert_int_equal(r.last, 40009);
    /* Where a time is. */
    log_json_seek(&j, ((int64_t)1795478400 + 30000) * 1000000000);
    r = read_on(&j, 30001 + 5000);
    assert_in_range(r.first, 30000, 31500);
    log_json_seek(&j, 1);
    assert_false(log_json_back(&j, 1));
    r = read_on(&j, 5);
    assert_int_equal(r.first, 0);
    assert_int_equal(r.last, 5);
    log_json_close(&j);
}

static void test_outlives_rotation_and_emptying(void **state)
{
    struct log_json j;
    char path[128], older[128];
    (void)state;
    write_log("log", 0, 100);
    assert_int_equal(open_log(&j), 0);
    path_of("log", path);
    path_of("log.1", older);
    assert_int_equal(rename(path, older), 0);
    write_log("log", 100, 200);
    assert_false(log_json_back(&j, 1 << 20));
    struct read r = read_on(&j, -1);
    assert_int_equal(r.last, 99);
    assert_int_equal(truncate(older, 0), 0);
    r = read_on(&j, -1);
    assert_int_equal(r.last, -1);
    log_json_close(&j);
}

static void test_leaves_the_rest_to_the_engine(void **state)
{
    struct log_json j;
    char path[128], packed[128];
    (void)state;
    assert_int_equal(open_log(&j), -ENOENT);
    path_of("log", path);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(open_log(&j), -ELOOP);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(open_log(&j), -EINVAL);
    unlink(path);
    FILE *f = fopen(path, "we");
    fputs("2026-11-24T14:53:11.0Z stdout F Podman's\n", f);
    fclose(f);
    assert_int_equal(open_log(&j), -EBADMSG);
    write_log("log", 10, 20);
    write_log("log.1", 0, 10);
    path_of("log.2.gz", packed);
    close(open(packed, O_CREAT | O_CLOEXEC | O_WRONLY, 0600));
    assert_int_equal(open_log(&j), -EOPNOTSUPP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_lines),
        cmocka_unit_test(test_refuses_what_is_no_line),
        cmocka_unit_test_setup_teardown(test_goes_back_over_rotated_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_outlives_rotation_and_emptying, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_leaves_the_rest_to_the_engine, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
