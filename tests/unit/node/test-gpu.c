/* NVIDIA's collector against libraries of ours with NVML's symbols. */
#include "tree.h"

#include "node/nvml.h"

#include <errno.h>
#include <unistd.h>

static const char *const full = "UUID=\"GPU-0\",gpu=\"0\",modelName=\"NVIDIA GeForce RTX 5090\"";
static const char *const poor = "UUID=\"GPU-1\",gpu=\"1\",modelName=\"NVIDIA GeForce RTX 4090\"";
static const char *const lost = "UUID=\"GPU-2\",gpu=\"2\",modelName=\"Tesla K80\"";

static char name[256];
#define CARD(field, labels) (snprintf(name, sizeof name, "DCGM_FI_DEV_" field "{%s}", labels), name)

/* Ticks until it has been said `times` times, at most a minute. */
static bool tick_until(struct tree *t, const char *said)
{
    for (unsigned i = 0; i < 6000; i++) {
        tree_tick(t, 1);
        if (strstr(t->sources, said))
            return true;
        usleep(10000);
    }
    return false;
}

static void init(struct tree *t, const char *library)
{
    tree_init(t, "hydra-ai", NULL);
    t->c.nvml_library = library;
}

static void tick_until_announced(struct tree *t)
{
    for (unsigned i = 0; i < 6000 && t->gpus.facts.n == 0; i++) {
        tree_tick(t, 1);
        usleep(10000);
    }
    assert_int_equal(t->gpus.facts.n, 3);
}

static void test_tells_all(void **state)
{
    (void)state;
    struct tree t;
    init(&t, FAKE_NVML);
    tick_until_announced(&t);
    assert_string_equal(t.gpus.facts.v[0].driver, "580.105.08");
    assert_int_equal(t.gpus.facts.v[0].memory_total, 32607ull << 20);
    assert_value(&t, CARD("GPU_UTIL", full), 97);
    assert_value(&t, CARD("MEM_COPY_UTIL", full), 55);
    assert_value(&t, CARD("FB_USED", full), 29000);
    assert_value(&t, CARD("FB_TOTAL", full), 32607);
    assert_value(&t, CARD("GPU_TEMP", full), 71);
    assert_value(&t, CARD("MEMORY_TEMP", full), 84);
    assert_value(&t, CARD("POWER_USAGE", full), 431.5);
    assert_value(&t, CARD("POWER_MGMT_LIMIT", full), 450);
    assert_value(&t, CARD("FAN_SPEED", full), 66);
    assert_value(&t, CARD("SM_CLOCK", full), 2400);
    assert_value(&t, CARD("MEM_CLOCK", full), 14000);
    assert_value(&t, CARD("CLOCK_THROTTLE_REASONS", full), 0x24);
    assert_value(&t, CARD("ECC_SBE_VOL_TOTAL", full), 5);
    assert_value(&t, CARD("ECC_DBE_VOL_TOTAL", full), 1);
    assert_value(&t, CARD("PCIE_LINK_GEN", full), 5);
    tree_done(&t);
}

static void test_what_a_card_lacks_is_missing(void **state)
{
    (void)state;
    struct tree t;
    init(&t, FAKE_NVML);
    tick_until_announced(&t);
    assert_value(&t, CARD("FB_USED", poor), 30000); /* by the first version of the call */
    assert_value(&t, CARD("POWER_USAGE", poor), 431.5);
    assert_no_value(&t, CARD("FAN_SPEED", poor));
    assert_no_value(&t, CARD("MEMORY_TEMP", poor));
    assert_no_value(&t, CARD("CLOCK_THROTTLE_REASONS", poor));
    assert_no_value(&t, CARD("GPU_UTIL", lost));
    assert_no_value(&t, CARD("FB_USED", lost));
    assert_non_null(strstr(t.sources, "collector/nvidia=3(GPU 2 (Tesla K80) is lost"));
    tree_done(&t);
}

static void test_processes(void **state)
{
    (void)state;
    struct tree t;
    init(&t, FAKE_NVML);
    owners_set(t.c.owners, &(struct observed){.id = "systemd/tabbyapi.service",
                                              .cgroup = "/system.slice/tabbyapi.service"});
    tick_until_announced(&t);
    tree_tick(&t, 4);
    const struct process_table *p = t.processes;
    assert_int_equal(p->gpu_rows.n, 3); /* 777 on two cards, 900 on one */
    assert_string_equal(p->gpu_rows.v[0].gpu, "0");
    assert_string_equal(p->gpu_rows.v[0].name, "python3");
    assert_string_equal(p->gpu_rows.v[0].service, "systemd/tabbyapi.service");
    assert_int_equal(p->gpu_rows.v[1].memory, 0); /* not available */
    for (size_t i = 0; i < p->rows.n; i++)
        if (p->rows.v[i].pid == 777)
            assert_int_equal(p->rows.v[i].gpu_memory, 2 * (28ull << 30));
    tree_done(&t);
}

static void test_old_library(void **state)
{
    (void)state;
    struct tree t;
    init(&t, FAKE_NVML_OLD);
    tick_until_announced(&t);
    assert_value(&t, CARD("FB_USED", full), 30000);
    assert_no_value(&t, CARD("POWER_USAGE", full));
    assert_no_value(&t, CARD("SM_CLOCK", full));
    assert_string_equal(t.gpus.facts.v[0].driver, "");
    tree_done(&t);
}

static void test_no_library_is_absent(void **state)
{
    (void)state;
    struct tree t;
    init(&t, "/nowhere/libnvidia-ml.so.1");
    assert_true(tick_until(&t, "collector/nvidia=1("));
    tree_done(&t);
    struct nvml *n;
    assert_int_equal(nvml_open("libm.so.6", &n), -ELIBBAD);
}

static void test_says_why_it_does_not_start(void **state)
{
    (void)state;
    struct tree t;
    setenv("FAKE_NVML_INIT", "18", 1);
    init(&t, FAKE_NVML);
    assert_true(tick_until(&t, "collector/nvidia=3(NVML: Driver/library version mismatch.)"));
    tree_done(&t);
    setenv("FAKE_NVML_INIT", "9", 1); /* no driver: a machine without a card */
    init(&t, FAKE_NVML);
    assert_true(tick_until(&t, "collector/nvidia=1("));
    tree_done(&t);
    unsetenv("FAKE_NVML_INIT");
}

/* The clock of the test runs ahead of the hanging library's. */
static void test_hanging_library_holds_up_nobody(void **state)
{
    (void)state;
    struct tree t;
    init(&t, FAKE_NVML);
    tick_until_announced(&t);
    setenv("FAKE_NVML_HANG", "3000", 1);
    tree_tick(&t, 2);
    usleep(20000);
    tree_tick(&t, 8);
    unsetenv("FAKE_NVML_HANG");
    assert_non_null(strstr(t.sources, "collector/nvidia=3(NVML has not answered for 5 s.)"));
    assert_no_value(&t, CARD("GPU_UTIL", full));
    assert_int_equal(t.gpus.facts.n, 3);    /* the cards are known all the same */
    assert_value(&t, "node_load1{}", 3.52); /* the others go on */
    for (unsigned i = 0; i < 6000 && isnan(tree_value(&t, CARD("GPU_UTIL", full))); i++) {
        tree_tick(&t, 1);
        usleep(10000);
    }
    assert_value(&t, CARD("GPU_UTIL", full), 97); /* and it comes back by itself */
    tree_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tells_all),
        cmocka_unit_test(test_what_a_card_lacks_is_missing),
        cmocka_unit_test(test_processes),
        cmocka_unit_test(test_old_library),
        cmocka_unit_test(test_no_library_is_absent),
        cmocka_unit_test(test_says_why_it_does_not_start),
        cmocka_unit_test(test_hanging_library_holds_up_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
