#include "../test.h"

#include "node/kernel-log.h"

static void add(struct kernel_log *l, int64_t time_ms, const char *text)
{
    kernel_log_add(l, time_ms, 3, text, strlen(text));
}

/* Newest first; what differs in numbers alone is one complaint, in its last words. */
static void test_repeats(void **state)
{
    (void)state;
    struct kernel_log l = {0};
    struct str out = {0};
    struct jw w = jw_begin(&out);
    add(&l, 9000, "I/O error, dev sda, sector 1234 op 0x0");
    add(&l, 5000, "ata3: failed command: READ");
    add(&l, 1000, "I/O error, dev sda, sector 7 op 0x0");
    add(&l, 900, " \033[0m ");
    assert_int_equal(l.v.n, 2);
    assert_int_equal(l.v.v[0].count, 2);
    assert_int_equal(l.v.v[0].time_ms, 9000);
    assert_int_equal(l.v.v[0].first_ms, 1000);
    kernel_log_print(&l, &w);
    assert_string_equal(out.p,
                        "[{\"time\":\"1970-01-01T00:00:09.000Z\",\"first\":"
                        "\"1970-01-01T00:00:01.000Z\",\"level\":\"err\",\"text\":\"I/O error, dev "
                        "sda, sector 1234 op 0x0\",\"count\":2},{\"time\":\"1970-01-01T00:00:05."
                        "000Z\",\"first\":\"1970-01-01T00:00:05.000Z\",\"level\":\"err\",\"text\":"
                        "\"ata3: failed command: READ\",\"count\":1}]");
    str_done(&out);
    kernel_log_done(&l);
}

static void test_no_more_than_fits(void **state)
{
    (void)state;
    struct kernel_log l = {0};
    char text[] = "complaint aa";
    for (int i = 0; i < LIMIT_KERNEL_ENTRIES + 1; i++) {
        text[10] = (char)('a' + i / 26);
        text[11] = (char)('a' + i % 26);
        add(&l, 1, text);
    }
    assert_int_equal(l.v.n, LIMIT_KERNEL_ENTRIES);
    assert_true(l.cut);
    kernel_log_done(&l);
}

static void test_records(void **state)
{
    (void)state;
    static const char good[] = "3,339,5140900,-;ata1: SATA link down\n SUBSYSTEM=scsi\n";
    static const char daemon[] = "30,340,5140901,c,caller=T1;systemd: hello";
    static const char *const bad[] = {"",      "3",           "3,339,5140900,-",
                                      ",,,;x", "3,99,-5,-;x", "99999999999999999999999,1,1,-;x"};
    struct kmsg m;
    assert_int_equal(kmsg_parse(good, strlen(good), &m), 0);
    assert_int_equal(m.level, 3);
    assert_int_equal(m.facility, 0);
    assert_int_equal(m.us, 5140900);
    assert_int_equal(m.len, strlen("ata1: SATA link down"));
    assert_memory_equal(m.text, "ata1: SATA link down", m.len);
    assert_int_equal(kmsg_parse(daemon, strlen(daemon), &m), 0);
    assert_int_equal(m.facility, 3);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(kmsg_parse(bad[i], strlen(bad[i]), &m), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_no_more_than_fits),
        cmocka_unit_test(test_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
