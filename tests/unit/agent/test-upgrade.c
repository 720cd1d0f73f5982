#include "agent/upgrade-private.h"

#include "folder.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../test.h"

#define PB(name) Hydra__Agent__V1__##name

struct offer {
    char *key;
    struct pins pins;
    unsigned char raw[KEY_RAW_SIZE], sum[32], signature[KEY_SIGNATURE_SIZE];
    PB(ProgramManifest) m;
};

static void sign(struct offer *o, const char *version, uint64_t size)
{
    AUTO(mem_freep) char *text = upgrade_signed_text(version, "x86_64", size, o->sum);
    assert_int_equal(key_sign(o->key, text, strlen(text), NULL, o->signature), 0);
}

static void make(struct offer *o)
{
    static const unsigned char head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                         0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    unsigned char spki[sizeof head + KEY_RAW_SIZE];
    *o = (struct offer){.pins.n = 1};
    assert_int_equal(key_make(NULL, &o->key), 0);
    assert_int_equal(key_public(o->key, NULL, o->raw), 0);
    memcpy(spki, head, sizeof head);
    memcpy(spki + sizeof head, o->raw, sizeof o->raw);
    crypto_hash_sha256(o->pins.v[0], spki, sizeof spki);
    memset(o->sum, 7, sizeof o->sum);
    sign(o, "1.2.3", 1000);
    hydra__agent__v1__program_manifest__init(&o->m);
    o->m.version = (char *)"1.2.3";
    o->m.arch = (char *)"x86_64";
    o->m.size = 1000;
    o->m.sha256 = (ProtobufCBinaryData){sizeof o->sum, o->sum};
    o->m.key = (ProtobufCBinaryData){sizeof o->raw, o->raw};
    o->m.signature = (ProtobufCBinaryData){sizeof o->signature, o->signature};
}

static int check(const struct offer *o)
{
    struct err e = {0};
    return upgrade_check_manifest(&o->m, "1.2.3", "x86_64", &o->pins, &e);
}

static void takes_what_its_hub_has_signed(void **state)
{
    struct offer o;
    (void)state;
    make(&o);
    assert_int_equal(check(&o), 0);
    mem_free(o.key);
}

static void refuses_everything_else(void **state)
{
    struct offer o;
    (void)state;
    make(&o);
    o.sum[3] ^= 1; /* another program under that signature */
    assert_int_equal(check(&o), -EKEYREJECTED);
    o.sum[3] ^= 1;
    o.m.size = 1001;
    assert_int_equal(check(&o), -EKEYREJECTED);
    o.m.size = 0;
    assert_int_equal(check(&o), -EBADMSG);
    o.m.size = (uint64_t)LIMIT_PROGRAM + 1;
    assert_int_equal(check(&o), -EBADMSG);
    o.m.size = 1000;
    o.m.version = (char *)"1.2.2"; /* an older one, though signed */
    assert_int_equal(check(&o), -EBADMSG);
    o.m.version = (char *)"1.2.3";
    o.m.arch = (char *)"aarch64";
    assert_int_equal(check(&o), -EBADMSG);
    o.m.arch = (char *)"x86_64";
    o.m.signature.len = 10;
    assert_int_equal(check(&o), -EKEYREJECTED);
    o.m.signature.len = sizeof o.signature;
    o.pins.v[0][0] ^= 1; /* signed by a key that is not pinned */
    assert_int_equal(check(&o), -EKEYREJECTED);
    o.pins.v[0][0] ^= 1;
    sign(&o, "1.2.4", 1000);
    assert_int_equal(check(&o), -EKEYREJECTED);
    mem_free(o.key);
}

static void takes_only_what_is_newer(void **state)
{
    static const struct {
        const char *version, *own;
        int result;
    } cases[] = {
        {"1.2.4", "1.2.3", 0},       {"1.10.0", "1.9.9", 0},       {"1.2.3", "1.2.3", -EALREADY},
        {"1.2.2", "1.2.3", -EINVAL}, {"1.9.9", "1.10.0", -EINVAL}, {"", "1.2.3", -EINVAL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err e = {0};
        assert_int_equal(upgrade_check_version(cases[i].version, cases[i].own, &e),
                         cases[i].result);
        assert_true(cases[i].result == 0 || *e.text);
    }
}

/* --- the trial --- */

/* A program that is well on trial, and while it is being ended has its judge told to end, too. */
static const char new_program[] = "#!/bin/sh\n"
                                  "[ -n \"$HYDRA_AGENT_TRIAL_FD\" ] || exit 99\n"
                                  "trap 'kill -TERM $PPID; sleep 0.3; exit 0' TERM\n"
                                  "eval \"printf 1 >&$HYDRA_AGENT_TRIAL_FD\"\n"
                                  "while :; do sleep 0.05; done\n";

/* The judge is a process of its own: it may become the program. */
static int judge(char *program, char *fresh)
{
    struct upgrade u = {.program = program, .fresh = fresh, .version = (char *)"9.9.9"};
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        _exit(upgrade_try(&u, 30000));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void told_to_end_after_a_good_trial_it_ends(void **state)
{
    char dir[FOLDER_SIZE];
    AUTO(str_done) struct str now = {0};
    (void)state;
    folder_make(dir);
    AUTO(mem_freep) char *program = mem_printf("%s/program", dir);
    AUTO(mem_freep) char *fresh = mem_printf("%s/program.new", dir);
    folder_write(dir, "program", "old", 3);
    folder_write(dir, "program.new", new_program, strlen(new_program));
    assert_int_equal(chmod(fresh, 0700), 0);
    assert_int_equal(judge(program, fresh), 0);
    folder_read(dir, "program", &now);
    assert_string_equal(now.p, new_program); /* it is what the machine starts next */
    folder_remove(dir);
}

/* The tests lie in a folder that they may write to. */
static void knows_where_it_may_be_replaced(void **state)
{
    char text[UPGRADE_OBSTACLE_SIZE];
    (void)state;
    assert_null(upgrade_obstacle(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_its_hub_has_signed),
        cmocka_unit_test(refuses_everything_else),
        cmocka_unit_test(takes_only_what_is_newer),
        cmocka_unit_test(told_to_end_after_a_good_trial_it_ends),
        cmocka_unit_test(knows_where_it_may_be_replaced),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
