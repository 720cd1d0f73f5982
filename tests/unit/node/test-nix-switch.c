#include "../test.h"

#include "node/nix-switch.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OLD "/nix/store/00000000000000000000000000000000-nixos-system-a-1"
#define NEW "/nix/store/00000000000000000000000000000001-nixos-system-a-2"
#define BODY                                                                                       \
    "id 01abc\nmode test\nnumber 42\nfrom-number 41\nwithin 300\nexit -1\nboot 12-ab\nuntil 5\n"   \
    "from " OLD "\nto " NEW "\ntext \n"

static void test_round_trip(void **state)
{
    (void)state;
    for (unsigned p = 0; p < SWITCH_PHASES; p++) {
        struct switch_state s = {.phase = (enum switch_phase)p,
                                 .id = "01abc",
                                 .reboot = p % 2,
                                 .number = p,
                                 .from_number = 7,
                                 .within_s = 60,
                                 .exit_code = 4,
                                 .boot = "b-1",
                                 .until_ms = 1234567890123,
                                 .from = OLD,
                                 .to = NEW,
                                 .text = "It\nwas \xc3\xa4."};
        struct switch_state back = {0};
        struct str text = {0};
        switch_state_print(&s, &text);
        assert_int_equal(switch_state_parse(text.p, text.len, NULL, &back), 0);
        assert_int_equal(back.phase, p);
        assert_int_equal(back.reboot, p % 2);
        assert_int_equal(back.number, p);
        assert_int_equal(back.exit_code, 4);
        assert_int_equal(back.until_ms, 1234567890123);
        assert_string_equal(back.id, "01abc");
        assert_string_equal(back.boot, "b-1");
        assert_string_equal(back.from, OLD);
        assert_string_equal(back.to, NEW);
        assert_string_equal(back.text, "It was \xc3\xa4.");
        assert_non_null(switch_phase_step(back.phase));
        switch_state_done(&back);
        str_done(&text);
    }
}

static void test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says; /* NULL = well */
    } cases[] = {
        {"hydra-switch 1\nphase armed\n" BODY, NULL},
        {"hydra-switch 1\nphase armed\nlater yes\n" BODY, NULL},
        {"", "does not begin"},
        {"hydra-switch 2\nphase armed\n" BODY, "does not begin"},
        {"hydra-switch 1\n" BODY, "phase is missing"},
        {"hydra-switch 1\nphase armed\nphase armed\n" BODY, "twice"},
        {"hydra-switch 1\nphase half\n" BODY, "makes no sense"},
        {"hydra-switch 1\nphase armed\nalone\n" BODY, "no \"KEY VALUE\""},
        {"hydra-switch 1\nphase armed", "no end"},
        {"hydra-switch 1\nphase armed\nfrom /etc/passwd\n" BODY, "makes no sense"},
        {"hydra-switch 1\nphase armed\nto --help\n" BODY, "makes no sense"},
        {"hydra-switch 1\nphase armed\nid ../x\n" BODY, "makes no sense"},
        {"hydra-switch 1\nphase armed\nwithin 5\n" BODY, "makes no sense"},
        {"hydra-switch 1\nphase armed\nexit 256\n" BODY, "makes no sense"},
        {"hydra-switch 1\nphase armed\nmode half\n" BODY, "makes no sense"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct switch_state s = {0};
        struct err e = {0};
        int r = switch_state_parse(cases[i].text, strlen(cases[i].text), &e, &s);
        if (!cases[i].says)
            assert_int_equal(r, 0);
        else if (r != -EINVAL || !strstr(e.text, cases[i].says))
            fail_msg("%zu: %d %s", i, r, e.text);
        switch_state_done(&s);
    }
    struct switch_state s = {0};
    assert_int_equal(switch_state_parse("hydra-switch 1\n\0", 16, NULL, &s), -EINVAL);
    AUTO(mem_freep) char *big = mem_alloc(LIMIT_SWITCH_FILE + 1);
    assert_int_equal(switch_state_parse(big, LIMIT_SWITCH_FILE + 1, NULL, &s), -E2BIG);
}

static void test_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/hydra-switch-XXXXXX";
    assert_non_null(mkdtemp(folder));
    AUTO(mem_freep) char *path = mem_printf("%s/state", folder);
    AUTO(mem_freep) char *fresh = mem_printf("%s/state.new", folder);
    struct switch_state s = {0};
    struct err e = {0};
    struct str text = {0};
    struct stat st;
    assert_int_equal(switch_state_read(path, &e, &s), -ENOENT);
    assert_int_equal(symlink("/etc/passwd", fresh), 0); /* what a crash, or somebody, left */
    str_add(&text, "hydra-switch 1\nphase waiting\n" BODY);
    assert_int_equal(switch_write_file(path, &text, &e), 0);
    assert_int_equal(switch_state_read(path, &e, &s), 0);
    assert_int_equal(s.phase, SWITCH_WAITING);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    assert_int_equal(access(fresh, F_OK), -1);
    switch_state_done(&s);
    str_clear(&text);
    str_add(&text, "hydra-switch 1\nphase");
    assert_int_equal(switch_write_file(path, &text, &e), 0);
    assert_int_equal(switch_state_read(path, &e, &s), -EINVAL);
    assert_non_null(strstr(e.text, "can't be used"));
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(switch_write_file(path, &text, &e), -ENOENT);
    str_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
