#include "../test.h"

#include "node/command.h"
#include "node/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct policy *parse(const char *text)
{
    struct policy *p = NULL;
    struct err e = {0};
    if (policy_parse("x.yaml", text, strlen(text), &e, &p) < 0)
        fail_msg("%s", e.text);
    return p;
}

static bool allows(const struct policy *p, const char *verb, const char *target)
{
    struct err e = {0};
    return policy_check(p, verb, target, &e) == 0;
}

static void test_default(void **state)
{
    (void)state;
    static const struct {
        const char *verb, *target;
        bool allowed;
    } cases[] = {
        {"unit.restart", "systemd/nginx.service", true},
        {"unit.stop", "systemd/nginx.service", true},
        {"unit.reset-failed", "systemd/nginx.service", true},
        {"unit.mask", "systemd/nginx.service", false},
        {"unit.stop", "systemd/dbus.service", false},
        {"unit.restart", "systemd/dbus.service", false},
        {"unit.restart", "systemd/hydra-agent.service", true},
        {"unit.stop", "systemd/hydra-agent.service", false},
        {"unit.stop", "systemd/systemd-journald.socket", false},
        {"unit.restart", "systemd/systemd-resolved.service", true},
        {"unit.stop", "systemd/sshd.service", false},
        {"unit.stop", "systemd/multi-user.target", false},
        {"unit.start", "systemd/reboot.target", false},
        {"unit.start", "systemd/runlevel6.target", false},
        {"unit.start", "systemd/systemd-poweroff.service", false},
        {"unit.start", "systemd/debug-shell.service", false},
        {"unit.start", "systemd/systemd-storagetm.service", false},
        {"unit.start", "systemd/storage-target-mode.target", false},
        {"unit.start", "systemd/factory-reset.target", false},
        {"unit.start", "systemd/initrd-switch-root.target", false},
        {"unit.start", "systemd/system-update.target", false},
        {"unit.restart", "systemd/debug-shell.service", false},
        {"unit.restart", "systemd/dbus-org.freedesktop.login1.service", false},
        {"container.restart", "docker/plex", true},
        {"container.unpause", "podman/plex", true},
        {"container.kill", "docker/plex", false},
        {"container.remove", "docker/plex", false},
        {"container.update", "docker/plex", false},
        {"project.restart", "docker/media", true},
        {"project.down", "docker/media", false},
        {"process.signal", "123:456", false},
        {"machine.reboot", "", false},
        {"machine.power-off", "", false},
        {"logs", "docker/plex", true},
    };
    AUTO(policy_freep) struct policy *p = policy_default();
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (allows(p, cases[i].verb, cases[i].target) != cases[i].allowed)
            fail_msg("%s on %s", cases[i].verb, cases[i].target);
}

static void test_file(void **state)
{
    (void)state;
    AUTO(policy_freep)
    struct policy *p = parse("allow:\n"
                             "  - do: [unit.*, container.*]\n"
                             "    on: [nginx, docker/*, backup-?.service]\n"
                             "  - {do: machine.reboot}\n"
                             "deny:\n"
                             "  - do: container.remove\n"
                             "  - do: '*'\n    on: docker/db\n");
    assert_true(allows(p, "unit.restart", "systemd/nginx.service"));
    assert_true(allows(p, "unit.mask", "systemd/backup-1.service"));
    assert_false(allows(p, "unit.restart", "systemd/backup-10.service"));
    assert_true(allows(p, "container.update", "docker/plex"));
    assert_false(allows(p, "container.update", "podman/plex"));
    assert_false(allows(p, "container.remove", "docker/plex"));
    assert_false(allows(p, "container.restart", "docker/db"));
    assert_true(allows(p, "machine.reboot", ""));
    assert_false(allows(p, "logs", "docker/plex"));
    assert_false(allows(p, "unit.stop", "systemd/dbus.service"));
    assert_true(policy_denies(p, "container.stop", "docker/db"));
    assert_false(policy_denies(p, "container.stop", "podman/x")); /* not allowed, but not denied */
    AUTO(policy_freep) struct policy *all = parse("allow: [{do: '*'}]");
    assert_false(allows(all, "unit.mask", "systemd/dbus.service"));
    assert_true(allows(all, "machine.power-off", ""));
    AUTO(policy_freep) struct policy *nothing = parse("");
    assert_false(allows(nothing, "unit.restart", "systemd/nginx.service"));
    AUTO(policy_freep) struct policy *copy = policy_copy(p);
    assert_int_equal(copy->rules.n, p->rules.n);
    assert_false(allows(copy, "container.restart", "docker/db"));
}

static void test_kept_container(void **state)
{
    (void)state;
    AUTO(policy_freep)
    struct policy *p = parse("allow: [{do: 'container.*', on: docker/*}]\n"
                             "deny: [{do: container.remove, on: db}]\n");
    assert_false(allows(p, "container.remove", "docker/db"));
    assert_false(allows(p, "container.remove", "docker/db-before-update"));
    assert_true(allows(p, "container.remove", "docker/web-before-update"));
}

static void test_rename(void **state)
{
    (void)state;
    static const struct {
        const char *id, *name, *why; /* NULL: it may be */
    } cases[] = {
        {"docker/web", "web2", NULL},
        {"docker/web-before-update", "web", NULL},
        {"docker/db", "free", "denies something for docker/db"},
        {"docker/web", "db", "denies something for docker/db"},
        {"docker/db-before-update", "x", "denies something"},
        {"docker/web", "db-before-update", "denies something"},
        {"docker/web", "cache", "allows container.kill on docker/cache, but not on docker/web"},
        {"docker/cache", "web", NULL},
    };
    AUTO(policy_freep)
    struct policy *p = parse("allow:\n  - do: [container.restart, container.rename]\n"
                             "  - {do: container.kill, on: docker/cache}\n"
                             "deny:\n  - {do: container.stop, on: db}\n"
                             "  - {do: unit.stop, on: web}\n");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err e = {0};
        int r = policy_check_rename(p, cases[i].id, cases[i].name, &e);
        if ((r == 0) != !cases[i].why || (r < 0 && !strstr(e.text, cases[i].why)))
            fail_msg("%s to %s: %s", cases[i].id, cases[i].name, e.text);
    }
}

static void test_sentences(void **state)
{
    (void)state;
    struct err e = {0};
    AUTO(policy_freep) struct policy *p = parse("deny: [{do: container.kill}]");
    assert_int_equal(policy_check(p, "container.update", "docker/plex", &e), -EACCES);
    assert_string_equal(e.text, "The policy of this node does not allow container.update on "
                                "docker/plex: add it to allow in x.yaml.");
    assert_int_equal(policy_check(p, "container.kill", "docker/plex", &e), -EACCES);
    assert_non_null(strstr(e.text, "it is under deny in x.yaml"));
    assert_int_equal(policy_check(p, "machine.reboot", "", &e), -EACCES);
    assert_non_null(strstr(e.text, "does not allow machine.reboot: add"));
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"alow: []", "line 1: there is no key \"alow\"; did you mean \"allow\"?"},
        {"allow:\n  - doo: unit.stop", "line 2: there is no key \"doo\"; did you mean \"do\"?"},
        {"allow:\n  - do: unit.restrat",
         "line 2: there is no action \"unit.restrat\"; did you mean "
         "\"unit.restart\"?"},
        {"allow:\n  - do: nonsense.*", "there is no action \"nonsense.*\""},
        {"allow:\n  - on: x", "line 2: the rule lacks do:"},
        {"allow:\n  - do: []", "the list is empty"},
        {"allow:\n  - do: [[logs]]", "expected a word"},
        {"allow:\n  - do: logs\n    do: logs", "line 3: the key stands here twice"},
        {"allow: []\nallow: []", "line 2: the key stands here twice"},
        {"allow: yes", "expected a list of rules"},
        {"allow: [logs]", "expected a rule like"},
        {"- allow", "expected allow: and deny:"},
        {"allow:\n  - do: logs\n    on: ''", "can't be empty"},
        {"allow: [", "not valid YAML"},
        {"allow: []\n---\ndeny: [{do: '*'}]\n", "a second document begins"},
        {"---\nallow: []\n---\n", "a second document begins"},
        {"allow: []\n---\n[", "not valid YAML"},
        {"allow: [{do: &a [*a]}]", "expected a word"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct policy *p = NULL;
        struct err e = {0};
        assert_true(policy_parse("x.yaml", cases[i].text, strlen(cases[i].text), &e, &p) < 0);
        if (!strstr(e.text, cases[i].why) || !str_starts(e.text, "x.yaml line "))
            fail_msg("%s: %s", cases[i].text, e.text);
    }
}

static void test_limits(void **state)
{
    (void)state;
    struct policy *p = NULL;
    struct err e = {0};
    struct str s = {0};
    str_add(&s, "allow:\n");
    for (int i = 0; i < LIMIT_POLICY_RULES; i++)
        str_add(&s, "  - do: logs\n");
    AUTO(policy_freep) struct policy *most = parse(s.p);
    assert_true(allows(most, "logs", "x/y"));
    str_add(&s, "  - do: logs\n");
    assert_int_equal(policy_parse("x.yaml", s.p, s.len, &e, &p), -EINVAL);
    assert_non_null(strstr(e.text, "more than 64 rules"));
    str_clear(&s);
    str_add(&s, "allow:\n  - do: [");
    for (int i = 0; i <= LIMIT_POLICY_WORDS; i++)
        str_add(&s, "logs,");
    str_add(&s, "]\n");
    assert_int_equal(policy_parse("x.yaml", s.p, s.len, &e, &p), -EINVAL);
    assert_non_null(strstr(e.text, "more than 64 words"));
    str_clear(&s);
    while (s.len <= LIMIT_POLICY_FILE)
        str_add(&s, "# nothing\n");
    assert_int_equal(policy_parse("x.yaml", s.p, s.len, &e, &p), -E2BIG);
    str_done(&s);
}

static void test_load(void **state)
{
    (void)state;
    char path[] = "/tmp/hydra-policy-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, "allow: [{do: logs}]\n", 20) == 20);
    close(fd);
    AUTO(policy_freep) struct policy *p = policy_load(path, false);
    assert_null(p->trouble);
    assert_string_equal(p->path, path);
    assert_false(allows(p, "unit.restart", "systemd/a.service"));
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs("allow: 1\n", f);
    fclose(f);
    AUTO(policy_freep) struct policy *broken = policy_load(path, false);
    struct err e = {0};
    assert_non_null(strstr(broken->trouble, "line 1"));
    assert_int_equal(policy_check(broken, "logs", "docker/a", &e), -EACCES);
    assert_non_null(strstr(e.text, "allows nothing until its policy is mended"));
    unlink(path);
    AUTO(policy_freep)
    struct policy *absent = policy_load(path, false), *unset = policy_load(NULL, false),
                  *named = policy_load(path, true);
    assert_non_null(strstr(named->trouble, "can't be read"));
    assert_false(allows(named, "logs", "docker/a"));
    assert_string_equal(absent->path, "");
    assert_true(allows(absent, "unit.restart", "systemd/a.service"));
    assert_true(allows(unset, "unit.restart", "systemd/a.service"));
}

/* What packages put into /etc/hydra says what holds without it. */
static void test_shipped(void **state)
{
    (void)state;
    static const char *const targets[] = {"",
                                          "systemd/nginx.service",
                                          "systemd/dbus.service",
                                          "systemd/hydrad.service",
                                          "docker/plex",
                                          "123:456"};
    AUTO(mem_freep) char *path = mem_printf("%s/../../deploy/agent.yaml", getenv("TEST_DATA"));
    AUTO(policy_freep) struct policy *shipped = policy_load(path, false), *usual = policy_default();
    if (shipped->trouble)
        fail_msg("%s", shipped->trouble);
    assert_string_equal(shipped->path, path);
    for (unsigned v = 0; v < COMMAND_COUNT; v++) {
        const char *verb = command_verb_name((enum command_verb)v);
        for (size_t i = 0; i < COUNT_OF(targets); i++)
            if (allows(shipped, verb, targets[i]) != allows(usual, verb, targets[i]))
                fail_msg("%s on %s", verb, targets[i]);
    }
    assert_true(allows(shipped, "logs", "docker/plex"));
}

static void test_verb(void **state)
{
    (void)state;
    char *few[] = {"x", "allows", "unit.stop"};
    char *no[] = {"x", "allows", "unit.stop", "systemd/dbus.service"};
    assert_int_equal(policy_main(COUNT_OF(few), few), 2);
    assert_int_equal(policy_main(COUNT_OF(no), no), 1); /* under any policy */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default),   cmocka_unit_test(test_file),
        cmocka_unit_test(test_sentences), cmocka_unit_test(test_kept_container),
        cmocka_unit_test(test_rename),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_load),
        cmocka_unit_test(test_shipped),   cmocka_unit_test(test_verb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
