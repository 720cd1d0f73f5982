/* A report of logs, what an engine answers, and which file is ever emptied. */
#include "../test.h"

#include "node/container-logs.h"
#include "node/engine-ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void reports_read_back(void **state)
{
    (void)state;
    static const char report[] = "plex 4096 0\nweb-1 8192 1048576\n";
    AUTO(container_logs_done) struct container_logs l = {0};
    AUTO(str_done) struct str again = {0};
    assert_int_equal(container_logs_parse(report, &l), 0);
    assert_int_equal(l.v.n, 2);
    container_logs_print(&l, &again);
    assert_string_equal(again.p, report);
    container_logs_sort(&l);
    assert_string_equal(l.v.v[0].name, "web-1");
    assert_int_equal(l.v.v[0].older, 1048576);
    AUTO(str_done) struct str json = {0};
    struct jw w = jw_begin(&json);
    AUTO(policy_freep) struct policy *usual = policy_default();
    container_logs_tell(&l, usual, &w);
    assert_non_null(strstr(json.p, "\"count\":2,\"bytes\":1060864,\"cut\":false"));
    assert_non_null(strstr(json.p, "\"target\":\"docker/web-1\""));
    assert_non_null(strstr(json.p, "\"allowed\":false,\"why\":\"The policy of this node does not "
                                   "allow container.truncate-log on docker/web-1: add it"));
    static const char *const bad[] = {"plex",     "plex 1",    "plex 1 2 3",
                                      "../x 1 2", "plex -1 2", "plex 1 x"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct container_logs none = {0};
        assert_int_equal(container_logs_parse(bad[i], &none), -EINVAL);
        assert_int_equal(none.v.n, 0);
    }
}

static void answers_of_engines(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int result;
        const char *says;
    } cases[] = {
        {"HTTP/1.0 200 OK\r\nServer: Docker\r\n\r\n{\"Id\":\"a\"}", 0, NULL},
        {"HTTP/1.1 404 Not Found\r\n\r\n{\"message\":\"No such container: x\"}", -ENOENT,
         "Docker refused: No such container: x."},
        {"HTTP/1.0 500 Oops\r\n\r\nhalf", -EIO, "it does not say why"},
        {"HTTP/1.0 200 OK\r\n\r\n{\"Id\":", -EINVAL, NULL},
        {"HTTP/1.0 200 OK\r\n", -EINVAL, "does not speak HTTP"},
        {"HTTP/1.0 ", -EINVAL, "does not speak HTTP"},
        {"SSH-2.0-x\r\n\r\n", -EINVAL, "does not speak HTTP"},
        {"", -EINVAL, "does not speak HTTP"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err e = {0};
        AUTO(json_decrefp) json_t *v = NULL;
        int r = engine_answer_parse(cases[i].text, strlen(cases[i].text), &e, &v);
        if (r != cases[i].result || (cases[i].says && !strstr(e.text, cases[i].says)))
            fail_msg("%s: %d %s", cases[i].text, r, e.text);
        assert_int_equal(v != NULL, r == 0);
    }
}

/* --- files --- */

struct place {
    char root[32];
    char *folder, *log;
};

static void fill(const char *path)
{
    AUTO(mem_freep) char *bytes = mem_alloc(100000);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, 100000), 100000);
    close(fd);
}

static off_t size_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void make(struct place *p)
{
    str_copy(p->root, sizeof p->root, "/tmp/hydra-logs-XXXXXX");
    assert_non_null(mkdtemp(p->root));
    AUTO(mem_freep) char *containers = mem_printf("%s/containers", p->root);
    p->folder = mem_printf("%s/" ID, containers);
    p->log = mem_printf("%s/" ID "-json.log", p->folder);
    assert_int_equal(mkdir(containers, 0700), 0);
    assert_int_equal(mkdir(p->folder, 0700), 0);
    fill(p->log);
}

static void drop(struct place *p)
{
    AUTO(mem_freep) char *line = mem_printf("rm -rf %s", p->root);
    assert_int_equal(system(line), 0);
    mem_free(p->folder);
    mem_free(p->log);
}

static int empty(const struct place *p, const char *said, struct err *e, uint64_t *ret_won)
{
    return container_log_empty_at(p->root, ID, said, e, ret_won);
}

static void a_log_is_emptied(void **state)
{
    (void)state;
    struct place p;
    struct err e = {0};
    uint64_t won = 0;
    make(&p);
    int writer = open(p.log, O_WRONLY | O_APPEND | O_CLOEXEC); /* as the engine has it */
    assert_int_equal(empty(&p, p.log, &e, &won), 0);
    assert_true(won >= 100000);
    assert_int_equal(size_of(p.log), 0);
    assert_int_equal(write(writer, "on\n", 3), 3);
    assert_int_equal(size_of(p.log), 3);
    close(writer);
    drop(&p);
}

static void refuse(struct place *p, const char *said, int want, const char *why)
{
    struct err e = {0};
    uint64_t won = 7;
    int r = empty(p, said, &e, &won);
    if (r != want || !strstr(e.text, why))
        fail_msg("%d %s", r, e.text);
    assert_int_equal(won, 7);
}

static void nothing_else_is(void **state)
{
    (void)state;
    struct place p;
    make(&p);
    AUTO(mem_freep) char *aside = mem_printf("%s/aside", p.root);
    AUTO(mem_freep)
    char *dots = mem_printf("%s/containers/../containers/" ID "/" ID "-json.log", p.root);
    refuse(&p, "/etc/passwd", -EINVAL, "/etc/passwd is left alone");
    refuse(&p, dots, -EINVAL, "is left alone");
    refuse(&p, "", -EINVAL, "is left alone");

    assert_int_equal(link(p.log, aside), 0);
    refuse(&p, p.log, -EIO, "second name");
    assert_int_equal(unlink(p.log), 0);
    assert_int_equal(symlink(aside, p.log), 0);
    refuse(&p, p.log, -EIO, "symbolic link");
    assert_int_equal(size_of(aside), 100000);

    assert_int_equal(unlink(p.log), 0);
    refuse(&p, p.log, -ENOENT, "can't be opened");
    assert_int_equal(mkfifo(p.log, 0600), 0);
    refuse(&p, p.log, -EIO, "");
    assert_int_equal(unlink(p.log), 0);

    fill(p.log); /* below a folder that is a link */
    AUTO(mem_freep) char *moved = mem_printf("%s/moved", p.root);
    assert_int_equal(rename(p.folder, moved), 0);
    assert_int_equal(symlink(moved, p.folder), 0);
    refuse(&p, p.log, -EIO, "symbolic link");
    drop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_read_back),
        cmocka_unit_test(answers_of_engines),
        cmocka_unit_test(a_log_is_emptied),
        cmocka_unit_test(nothing_else_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
