#include "../test.h"

#include "node/command-log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], path[128];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/hydra-commands-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/commands.jsonl", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static struct command_log *open_log(void)
{
    struct command_log *l = NULL;
    struct err e = {0};
    if (command_log_open(dir, &e, &l) < 0)
        fail_msg("%s", e.text);
    return l;
}

static void begin(struct command_log *l, const char *id, uint64_t sequence)
{
    struct command c = {.verb = COMMAND_CONTAINER_UPDATE,
                        .user = (char *)"ada",
                        .target = (char *)"docker/\"plex\"\n",
                        .argument = (char *)"",
                        .secret = (char *)"ada\nlovelace",
                        .sequence = sequence};
    str_copy(c.id, sizeof c.id, id);
    assert_int_equal(command_log_begin(l, &c, "boot-1", 5, NULL), 0);
}

static void end(struct command_log *l, const char *id, const char *text)
{
    struct command_outcome o = {
        .state = OUTCOME_DONE, .time_ms = 9, .text = (char *)text, .output = (char *)"a\nb\n"};
    str_copy(o.id, sizeof o.id, id);
    assert_int_equal(command_log_end(l, &o, NULL), 0);
}

/* Neither in memory nor on disk. */
static void test_secret_is_not_kept(void **state)
{
    (void)state;
    char text[4096] = "";
    struct command_log *l = open_log();
    begin(l, "a", 1);
    assert_null(command_log_find(l, "a")->command.secret);
    command_log_free(l);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    assert_true(fread(text, 1, sizeof text - 1, f) > 0);
    fclose(f);
    assert_null(strstr(text, "lovelace"));
}

/* Another hub counts from where it likes. */
static void test_restart(void **state)
{
    (void)state;
    struct command_log *l = open_log();
    begin(l, "a", 900);
    end(l, "a", "done");
    assert_int_equal(command_log_restart(l, NULL), 0);
    assert_int_equal(command_log_sequence(l), 0);
    command_log_free(l);
    l = open_log();
    assert_int_equal(command_log_sequence(l), 0);
    assert_non_null(command_log_find(l, "a")); /* it is still not done again */
    begin(l, "b", 3);
    assert_int_equal(command_log_sequence(l), 3);
    command_log_free(l);
}

static void append(const char *text)
{
    FILE *f = fopen(path, "ae");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_comes_back(void **state)
{
    (void)state;
    struct command_log *l = open_log();
    begin(l, "a", 7);
    assert_int_equal(command_log_note(l, "a", "{\"old\":\"x\"}", NULL), 0);
    begin(l, "b", 0);
    end(l, "b", "Well.");
    command_log_free(l);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    for (int i = 0; i < 2; i++) { /* also after it was written anew */
        l = open_log();
        const struct command_record *a = command_log_find(l, "a"), *b = command_log_find(l, "b");
        assert_int_equal(command_log_sequence(l), 7);
        assert_ptr_equal(command_log_at(l, 0), a);
        assert_int_equal(a->outcome.state, OUTCOME_RUNNING);
        assert_int_equal(a->command.verb, COMMAND_CONTAINER_UPDATE);
        assert_string_equal(a->command.target, "docker/\"plex\"\n");
        assert_string_equal(a->note, "{\"old\":\"x\"}");
        assert_string_equal(a->boot, "boot-1");
        assert_int_equal(a->begun_ms, 5);
        assert_int_equal(b->outcome.state, OUTCOME_DONE);
        assert_string_equal(b->outcome.text, "Well.");
        assert_string_equal(b->outcome.output, "a\nb\n");
        assert_null(command_log_find(l, "c"));
        command_log_free(l);
    }
}

static void test_torn(void **state)
{
    (void)state;
    struct command_log *l = open_log();
    begin(l, "a", 7);
    command_log_free(l);
    append("{\"end\":\"a\",\"state\":\"do");
    l = open_log();
    assert_int_equal(command_log_find(l, "a")->outcome.state, OUTCOME_RUNNING);
    end(l, "a", "Well.");
    command_log_free(l);
    l = open_log();
    assert_int_equal(command_log_find(l, "a")->outcome.state, OUTCOME_DONE);
    command_log_free(l);
}

/* The disk takes no byte more than `size`. */
static void allow_bytes(rlim_t size)
{
    struct rlimit r;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
    r.rlim_cur = size == RLIM_INFINITY ? r.rlim_max : size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void test_full_disk(void **state)
{
    (void)state;
    struct command_outcome o = {.id = "a", .state = OUTCOME_DONE, .text = (char *)"Well."};
    struct command next = {
        .id = "b", .user = (char *)"", .target = (char *)"", .argument = (char *)""};
    struct stat st;
    struct err e = {0};
    signal(SIGXFSZ, SIG_IGN);
    struct command_log *l = open_log();
    begin(l, "a", 7);
    command_log_free(l);
    assert_int_equal(stat(path, &st), 0);
    allow_bytes(1); /* no new file, but the old one is there */
    l = open_log();
    assert_int_equal(command_log_find(l, "a")->outcome.state, OUTCOME_RUNNING);
    assert_true(command_log_end(l, &o, &e) < 0);
    assert_int_equal(command_log_find(l, "a")->outcome.state, OUTCOME_DONE);
    command_log_catch_up(l);
    assert_true(command_log_begin(l, &next, "boot-1", 6, &e) < 0); /* after what is lacking */
    allow_bytes(RLIM_INFINITY);
    command_log_catch_up(l);
    begin(l, "c", 8);
    command_log_free(l);
    l = open_log();
    assert_int_equal(command_log_find(l, "a")->outcome.state, OUTCOME_DONE);
    assert_null(command_log_find(l, "b"));
    assert_int_equal(command_log_find(l, "c")->outcome.state, OUTCOME_RUNNING);
    command_log_free(l);
}

static void test_broken(void **state)
{
    (void)state;
    struct command_log *l = NULL;
    struct err e = {0};
    append("{\"sequence\":3}\nnonsense\n");
    assert_int_equal(command_log_open(dir, &e, &l), -EINVAL);
    assert_non_null(strstr(e.text, "commands.jsonl line 2"));
}

static void test_bounded(void **state)
{
    (void)state;
    struct command_log *l = open_log();
    begin(l, "undone", 1);
    for (int i = 0; i < 4 * LIMIT_COMMANDS_KEPT; i++) {
        char id[24];
        snprintf(id, sizeof id, "c%d", i);
        begin(l, id, (uint64_t)i + 2);
        end(l, id,
            "This sentence is as long as outcomes are, so that the file grows and is "
            "written anew a few times while so many come and go, one after the other.");
    }
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_in_range(st.st_size, 1, 600000);
    assert_non_null(command_log_find(l, "undone"));
    assert_null(command_log_find(l, "c0"));
    command_log_free(l);
    l = open_log();
    size_t n = 0;
    while (command_log_at(l, n))
        n++;
    assert_int_equal(n, LIMIT_COMMANDS_KEPT);
    assert_non_null(command_log_find(l, "undone"));
    assert_int_equal(command_log_sequence(l), 4 * LIMIT_COMMANDS_KEPT + 1);
    command_log_free(l);
}

static void test_in_memory(void **state)
{
    (void)state;
    struct command_log *l = NULL;
    assert_int_equal(command_log_open(NULL, NULL, &l), 0);
    begin(l, "a", 1);
    end(l, "a", "Well.");
    assert_string_equal(command_log_find(l, "a")->outcome.text, "Well.");
    command_log_free(l);
}

/* Nothing may be done that is not written down. */
static void test_no_folder(void **state)
{
    (void)state;
    struct command_log *l = NULL;
    struct err e = {0};
    assert_true(command_log_open("/nowhere", &e, &l) < 0);
    assert_non_null(strstr(e.text, "/nowhere/commands.jsonl"));
}

static void test_who_was_here(void **state)
{
    (void)state;
    struct command_log *l = open_log();
    struct command c = {.id = "local-1",
                        .verb = COMMAND_UNIT_RESTART,
                        .user = (char *)"pia",
                        .target = (char *)"systemd/a.service",
                        .argument = (char *)"",
                        .is_local = true,
                        .uid = 1000};
    assert_int_equal(command_log_begin(l, &c, "boot-1", 5, NULL), 0);
    begin(l, "hub", 3);
    command_log_free(l);
    l = open_log();
    const struct command_record *here = command_log_find(l, "local-1");
    assert_true(here->command.is_local);
    assert_int_equal(here->command.uid, 1000);
    assert_string_equal(here->command.user, "pia");
    assert_false(command_log_find(l, "hub")->command.is_local);
    command_log_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_secret_is_not_kept, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_restart, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_comes_back, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_torn, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_full_disk, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_broken, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_bounded, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_who_was_here, make_dir, remove_dir),
        cmocka_unit_test(test_in_memory),
        cmocka_unit_test(test_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
