#include "../test.h"

#include "node/facts.h"

#include <stdlib.h>

static void free_facts(struct node_facts *f)
{
    node_report_free(&(struct node_report){.kind = REPORT_FACTS, .facts = f});
}

static struct node_facts *gather(const char *tree)
{
    char root[256];
    snprintf(root, sizeof root, "%s/node/%s", getenv("TEST_DATA"), tree);
    return facts_gather(root, NULL);
}

static void test_nixos(void **state)
{
    (void)state;
    struct node_facts *f = gather("hydra-ai");
    assert_string_equal(f->hostname, "hydra-ai");
    assert_string_equal(f->os_name, "NixOS 25.11 (Xantusia)");
    assert_string_equal(f->os_id, "nixos");
    assert_string_equal(f->kernel, "6.12.60");
    assert_string_equal(f->arch, "x86_64");
    assert_string_equal(f->cpu_model, "AMD Ryzen Threadripper 7960X 24-Cores");
    assert_int_equal(f->cpu_sockets, 1);
    assert_int_equal(f->cpu_cores, 24);
    assert_int_equal(f->cpu_threads, 48);
    assert_int_equal(f->memory_total, 131072000ull * 1024);
    assert_int_equal(f->swap_total, 0);
    assert_int_equal(f->boot_ms, 1765000000000);
    assert_string_equal(f->time_zone, "America/Denver");
    assert_string_equal(f->virtualization, "");
    assert_string_equal(f->machine_id, "0123456789abcdef0123456789abcdef");
    assert_string_equal(f->pending_reboot,
                        "The kernel of the current system generation differs from the booted one.");
    free_facts(f);
}

static void test_debian_guest(void **state)
{
    (void)state;
    struct node_facts *f = gather("amd");
    assert_string_equal(f->virtualization, "kvm");
    assert_string_equal(f->time_zone, "Europe/Berlin");
    assert_string_equal(f->pending_reboot,
                        "Linux 6.1.0-30-amd64 is installed, 6.1.0-28-amd64 runs.");
    assert_int_equal(f->swap_total, 8388608ull * 1024);
    free_facts(f);
}

static void test_unraid(void **state)
{
    (void)state;
    struct node_facts *f = gather("tower");
    assert_string_equal(f->os_id, "slackware");
    assert_string_equal(f->time_zone, "America/Los_Angeles");
    assert_null(f->pending_reboot);
    free_facts(f);
}

static void test_changes_show_in_print(void **state)
{
    (void)state;
    struct node_facts *f = gather("tower");
    AUTO(str_done) struct str before = {0}, after = {0};
    facts_print(f, &before);
    str_list_add(&f->addresses, "eth0 10.0.0.1/24");
    facts_print(f, &after);
    assert_string_not_equal(before.p, after.p);
    free_facts(f);
}

static void test_os_release(void **state)
{
    (void)state;
    static const struct {
        const char *text, *value;
    } cases[] = {
        {"ID=debian\n", "debian"},
        {"XID=no\nID=\"quoted \\\"x\\\"\"\n", "quoted \"x\""},
        {"ID='single'\n", "single"},
        {"A=1\nID=", ""},
        {"ID=last", "last"},
        {"IDX=1\n", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(mem_freep) char *got = facts_os_release(cases[i].text, "ID");
        assert_true(str_eq(got, cases[i].value));
    }
}

static void test_cpuinfo_of_arm_has_no_topology(void **state)
{
    (void)state;
    static const char *const text = "processor\t: 0\nBogoMIPS\t: 108.00\n\nprocessor\t: 1\n"
                                    "BogoMIPS\t: 108.00\n\nModel\t\t: Raspberry Pi 5 Model B\n";
    struct node_facts f = {0};
    bool guest;
    facts_parse_cpuinfo(&f, (struct scan){text, text + strlen(text)}, &guest);
    assert_int_equal(f.cpu_threads, 2);
    assert_int_equal(f.cpu_cores, 2);
    assert_int_equal(f.cpu_sockets, 1);
    assert_string_equal(f.cpu_model, "Raspberry Pi 5 Model B");
    assert_false(guest);
    mem_free(f.cpu_model);
}

static void test_this_machine(void **state)
{
    (void)state;
    struct node_facts *f = facts_gather("", NULL);
    assert_true(f->cpu_threads >= 1);
    assert_true(f->boot_ms > 1500000000000);
    assert_true(*f->kernel && *f->os_id && *f->boot_id);
    free_facts(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nixos),        cmocka_unit_test(test_debian_guest),
        cmocka_unit_test(test_unraid),       cmocka_unit_test(test_changes_show_in_print),
        cmocka_unit_test(test_os_release),   cmocka_unit_test(test_cpuinfo_of_arm_has_no_topology),
        cmocka_unit_test(test_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
