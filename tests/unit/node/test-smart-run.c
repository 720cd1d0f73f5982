#include "../test.h"

#include "node/smart-run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static struct program_end said(int status, const char *text)
{
    struct program_end end = {.status = status};
    str_add(&end.text, text);
    return end;
}

static void test_report(void **state)
{
    (void)state;
    const char *json;
    size_t len;
    int status;
    struct err e = {0};
    struct str report = {0};
    struct program_end first = said(64, "{\"a\":\n1}\n"), second = said(0, "{}");
    smart_report_add(&report, "sda", &first, NULL);
    (void)!err_set(&e, -ETIMEDOUT, "It took\ntoo long.");
    smart_report_add(&report, "sdaa", NULL, &e);
    smart_report_add(&report, "nvme0n1", &second, NULL);
    assert_string_equal(report.p,
                        "sda 64 {\"a\": 1} \nsdaa error It took too long.\nnvme0n1 0 {}\n");
    assert_int_equal(smart_report_find(report.p, "sda", NULL, &json, &len, &status), 0);
    assert_memory_equal(json, "{\"a\": 1} ", len);
    assert_int_equal(status, 64);
    assert_int_equal(smart_report_find(report.p, "nvme0n1", NULL, &json, &len, &status), 0);
    assert_int_equal(len, 2);
    assert_int_equal(smart_report_find(report.p, "sdaa", &e, &json, &len, &status), -EIO);
    assert_string_equal(e.text, "It took too long.");
    static const char *const none[] = {"", "sdb 0 {}", "sda", "sda \n", "sda x"};
    for (size_t i = 0; i < COUNT_OF(none); i++)
        assert_true(smart_report_find(none[i], "sda", &e, &json, &len, &status) < 0);
    program_end_done(&first);
    program_end_done(&second);
    str_done(&report);
}

static void test_names(void **state)
{
    (void)state;
    assert_true(smart_name_is_valid("nvme0n1"));
    static const char *const bad[] = {"",           "../sda", "sda b",
                                      "cciss!c0d0", "-a",     "abcdefghijklmnopqrstuvwxyzabcdefgh"};
    struct program_end end = {0};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(smart_name_is_valid(bad[i]));
        assert_int_equal(smartctl_ask("/bin/true", bad[i], NULL, &end), -EINVAL);
    }
}

/* A program of ours in smartctl's place says with what it was called. */
static void test_vector(void **state)
{
    (void)state;
    char root[] = "/tmp/hydra-smart-XXXXXX";
    assert_non_null(mkdtemp(root));
    assert_null(program_find(root, "smartctl"));
    AUTO(mem_freep)
    char *make = mem_printf("mkdir -p %s/usr/sbin && printf '#!/bin/sh\\necho $*\\n' "
                            ">%s/usr/sbin/smartctl && chmod +x %s/usr/sbin/smartctl",
                            root, root, root);
    assert_int_equal(system(make), 0);
    AUTO(mem_freep) char *smartctl = program_find(root, "smartctl");
    AUTO(program_end_done) struct program_end end = {0};
    assert_int_equal(smartctl_ask(smartctl, "sda", NULL, &end), 0);
    assert_string_equal(end.text.p, "--json=c -a -n standby,3 /dev/sda\n");
    AUTO(mem_freep) char *clean = mem_printf("rm -rf %s", root);
    assert_int_equal(system(clean), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_vector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
