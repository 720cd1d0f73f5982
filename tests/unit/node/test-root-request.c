#include "../test.h"

#include "node/root-request.h"

static struct policy *policy_of(const char *text)
{
    struct policy *p = NULL;
    struct err e = {0};
    if (policy_parse("p.yaml", text, strlen(text), &e, &p) < 0)
        fail_msg("%s", e.text);
    return p;
}

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const instances[] = {
        "plan:42:plan-1",
        "plan:previous:plan-1",
        "switch:42:test:300:01kb2rx9e5w3h6v8n4m7q1z0cd",
        "switch:previous:reboot:60:a",
        "rebuild:0123456789abcdef:test:300:a",
        "collect:0:a",
        "confirm:a",
        "settle",
        "remount:0123456789abcdef:a",
        "disks:disks-1",
        "vacuum:524288000:0:a",
        "vacuum:0:1209600:a",
        "vacuum:1048576:3600:a",
        "empty:web-1_a.b:a",
        "logs:logs-1",
    };
    for (size_t i = 0; i < COUNT_OF(instances); i++) {
        struct root_request r;
        assert_int_equal(root_request_parse(instances[i], &r), 0);
        AUTO(mem_freep) char *unit = root_request_unit(&r);
        AUTO(mem_freep) char *observed = mem_printf("systemd/%s", unit);
        AUTO(mem_freep) char *back = root_unit_instance(observed);
        assert_string_equal(back, instances[i]);
    }
}

static void test_nonsense(void **state)
{
    (void)state;
    static const char *const instances[] = {
        "",
        "plan",
        "plan:42",
        "plan:0:a",
        "plan:-1:a",
        "plan:next:a",
        "plan:42:a:b",
        "plan:42:A",
        "plan:42:../a",
        "plan:42:",
        "plan:42:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "switch:42:test:9:a",
        "switch:42:test:4000:a",
        "switch:42:boot:300:a",
        "switch:42:test:300:a:b:c",
        "rebuild:xyz:test:300:a",
        "rebuild:0123456789abcdef0:test:300:a",
        "rebuild:path=/etc/nixos:test:300:a",
        "collect:9999:a",
        "confirm:",
        "settle:a",
        "remount:0123456789abcdef",
        "remount:/mnt:a",
        "disks:sda:a",
        "disks:",
        "vacuum:0:0:a",
        "vacuum:1048575:0:a",
        "vacuum:0:3599:a",
        "vacuum:500M:0:a",
        "vacuum:524288000:a",
        "vacuum:9999999999999999999:0:a",
        "empty:a",
        "empty::a",
        "empty:../a:a",
        "empty:-rf:a",
        "empty:a/b:a",
        "empty:web:A",
        "logs:",
        "logs:web:a",
        "run:/bin/sh",
    };
    for (size_t i = 0; i < COUNT_OF(instances); i++) {
        struct root_request r;
        if (root_request_parse(instances[i], &r) != -EINVAL)
            fail_msg("%s", instances[i]);
    }
    static const char *const units[] = {"nginx.service", "systemd/hydra-generation@settle.timer",
                                        "hydra-generation@.servic", "docker/hydra-generation@a"};
    for (size_t i = 0; i < COUNT_OF(units); i++)
        assert_null(root_unit_instance(units[i]));
}

static int check(const struct policy *p, const char *instance)
{
    struct root_request r;
    assert_int_equal(root_request_parse(instance, &r), 0);
    return root_request_check(&r, p, NULL);
}

static void test_policy(void **state)
{
    (void)state;
    char hash[17], wild[17];
    root_hash("github:me/nixos#tower", hash);
    root_hash("path:/srv/*", wild);
    AUTO(mem_freep) char *rebuild = mem_printf("rebuild:%s:test:300:a", hash);
    AUTO(mem_freep) char *reboot = mem_printf("rebuild:%s:reboot:300:a", hash);
    AUTO(mem_freep) char *wilder = mem_printf("rebuild:%s:test:300:a", wild);
    AUTO(policy_freep) struct policy *usual = policy_default();
    AUTO(policy_freep)
    struct policy *own =
        policy_of("allow:\n- do: generation.switch\n  on: [\"4*\"]\n- do: generation.rollback\n"
                  "- do: generation.rebuild\n  on: [\"github:me/nixos#tower\", \"path:/srv/*\"]\n"
                  "- do: generation.collect\ndeny:\n- do: generation.switch\n  on: [\"41\"]\n");
    AUTO(policy_freep) struct policy *all = policy_of("allow:\n- do: \"*\"\n");
    static const struct {
        const char *instance;
        int usual, own;
    } cases[] = {
        {"switch:42:test:300:a", -EACCES, 0},
        {"switch:41:test:300:a", -EACCES, -EACCES},
        {"switch:51:test:300:a", -EACCES, -EACCES},
        {"switch:previous:test:300:a", -EACCES, 0},
        {"switch:42:reboot:300:a", -EACCES, -EACCES}, /* machine.reboot is not allowed */
        {"switch:previous:reboot:300:a", -EACCES, -EACCES},
        {"plan:42:a", -EACCES, 0},
        {"plan:41:a", -EACCES, -EACCES},
        {"collect:3:a", -EACCES, 0},
        {"confirm:a", 0, 0},
        {"settle", 0, 0},
        {"disks:a", 0, 0},
        {"logs:a", 0, 0},
        {"vacuum:524288000:0:a", -EACCES, -EACCES},
        {"empty:plex:a", -EACCES, -EACCES},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(check(usual, cases[i].instance), cases[i].usual);
        assert_int_equal(check(own, cases[i].instance), cases[i].own);
    }
    assert_int_equal(check(usual, rebuild), -EACCES);
    assert_int_equal(check(own, rebuild), 0);
    assert_int_equal(check(own, reboot), -EACCES);
    assert_int_equal(check(all, "switch:42:reboot:300:a"), 0);
    assert_string_equal(flake_find(own, hash), "github:me/nixos#tower");
    assert_int_equal(check(own, wilder), -EACCES);
    assert_int_equal(check(all, rebuild), -EACCES); /* allowed, but not named */

    AUTO(policy_freep)
    struct policy *logs = policy_of("allow:\n- do: journal.vacuum\n- do: container.*\n"
                                    "deny:\n- do: container.truncate-log\n  on: [docker/audit]\n");
    assert_int_equal(check(logs, "vacuum:524288000:0:a"), 0);
    assert_int_equal(check(logs, "empty:plex:a"), 0);
    assert_int_equal(check(logs, "empty:audit:a"), -EACCES);
    assert_int_equal(check(logs, "empty:audit-before-update:a"), -EACCES);

    root_hash("/mnt/nas", hash);
    root_hash("/usr", wild);
    AUTO(mem_freep) char *remount = mem_printf("remount:%s:a", hash);
    AUTO(mem_freep) char *never = mem_printf("remount:%s:a", wild);
    AUTO(policy_freep)
    struct policy *mounts =
        policy_of("allow:\n- do: mount.remount\n  on: [/mnt/nas, /usr, \"/srv/*\"]\n");
    assert_int_equal(check(usual, remount), -EACCES);
    assert_int_equal(check(all, remount), -EACCES);
    assert_int_equal(check(mounts, remount), 0);
    assert_int_equal(check(mounts, never), -EACCES);
    assert_string_equal(mount_find(mounts, hash), "/mnt/nas");

    static const char *const no_mounts[] = {"systemd/nginx.service", "/mnt/nas/", "/mnt/../etc"};
    AUTO(policy_freep)
    struct policy *beside = policy_of("allow:\n- do: [mount.remount, unit.restart]\n"
                                      "  on: [systemd/nginx.service, /mnt/nas/, /mnt/../etc]\n");
    for (size_t i = 0; i < COUNT_OF(no_mounts); i++) {
        root_hash(no_mounts[i], hash);
        assert_null(mount_find(beside, hash));
        assert_int_equal(policy_check_mount(beside, no_mounts[i], NULL), -EINVAL);
    }
}

static void test_units(void **state)
{
    (void)state;
    struct root_request settle = {.verb = ROOT_SETTLE},
                        remount = {.verb = ROOT_REMOUNT, .id = "a", .hash = "0123456789abcdef"};
    AUTO(mem_freep) char *first = root_request_unit(&settle);
    AUTO(mem_freep) char *second = root_request_unit(&remount);
    assert_string_equal(first, "hydra-generation@settle.service");
    assert_string_equal(second, "hydra-root@remount:0123456789abcdef:a.service");
    assert_int_equal(root_request_reads_back(&remount, NULL), 0);
    str_copy(remount.id, sizeof remount.id, "A/B");
    assert_int_equal(root_request_reads_back(&remount, NULL), -EINVAL);
}

static void test_answers(void **state)
{
    (void)state;
    for (unsigned i = ROOT_RUNNING; i <= ROOT_FAILED; i++) {
        struct str text = {0};
        struct root_answer a = {0};
        root_answer_print((enum root_answer_state)i, "It is\nso.", "one\ntwo\n", &text);
        assert_int_equal(root_answer_parse(text.p, text.len, &a), 0);
        assert_int_equal(a.state, i);
        assert_string_equal(a.text, "It is so.");
        assert_string_equal(a.output, "one\ntwo\n");
        root_answer_done(&a);
        str_done(&text);
    }
    static const char *const bad[] = {"", "done", "done\n", "done\nno third line", "half\n\n"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct root_answer a = {0};
        assert_int_equal(root_answer_parse(bad[i], strlen(bad[i]), &a), -EINVAL);
    }
    struct root_answer a = {0};
    assert_int_equal(root_answer_read("/nonexistent/answer", &a), -ENOENT);
    const struct root_request settle = {.verb = ROOT_SETTLE},
                              confirm = {.verb = ROOT_CONFIRM, .id = "a"};
    AUTO(mem_freep) char *first = root_answer_file(&settle);
    AUTO(mem_freep) char *second = root_answer_file(&confirm);
    assert_string_equal(first, ROOT_ANSWERS "/settle");
    assert_string_equal(second, ROOT_ANSWERS "/confirm-a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_policy),     cmocka_unit_test(test_units),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
