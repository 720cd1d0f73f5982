/* Who can wake whom. */
#include "rig.h"

static void tell(struct rig *r, const char *node, const char *address, const char *mac)
{
    struct node_facts *f = mem_alloc(sizeof *f);
    char **const texts[] = {&f->hostname,  &f->os_name,        &f->os_id,        &f->kernel,
                            &f->arch,      &f->cpu_model,      &f->boot_id,      &f->machine_id,
                            &f->time_zone, &f->virtualization, &f->agent_version};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = mem_strdup("x");
    str_list_add(&f->addresses, address);
    if (mac)
        str_list_add(&f->macs, mac);
    cluster_report(r->c, node, &(struct node_report){.kind = REPORT_FACTS, .facts = f}, r->now);
}

static int ask(struct rig *r, const char *node, struct err *e, struct str *macs,
               struct str_list *wakers)
{
    str_clear(macs);
    str_list_done(wakers);
    return cluster_look_wake(r->c, node, e, macs, wakers);
}

/* All but `away` go on reporting. */
static void let_go(struct rig *r, const char *away)
{
    static const char *const all[] = {"nas", "tower", "far"};
    for (int s = 0; s < 120; s++) {
        r->now.mono_ms += 1000;
        r->now.wall_ms += 1000;
        for (size_t i = 0; i < COUNT_OF(all); i++)
            if (!str_eq(all[i], away))
                tell(r, all[i], str_eq(all[i], "far") ? "eno1 10.0.0.5/8" : "br0 192.168.1.2/24",
                     NULL);
        cluster_tick(r->c, r->now);
    }
}

static void test_one_in_its_network(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    struct err e = {0};
    struct str macs = {0};
    struct str_list wakers = {0};
    cluster_node_add(r->c, "nas", "agent", r->now);
    cluster_node_add(r->c, "tower", "agent", r->now);
    cluster_node_add(r->c, "far", "agent", r->now);
    tell(r, "nas", "eth0 192.168.1.9/24", "eth0 aa:bb:cc:dd:ee:ff");
    assert_int_equal(ask(r, "nas", &e, &macs, &wakers), -EEXIST);
    assert_int_equal(ask(r, "none", &e, &macs, &wakers), -ENOENT);
    let_go(r, "nas");
    assert_int_equal(ask(r, "nas", &e, &macs, &wakers), 0);
    assert_string_equal(macs.p, "aa:bb:cc:dd:ee:ff");
    assert_int_equal(wakers.n, 1);
    assert_string_equal(wakers.v[0], "tower");
    str_list_done(&wakers);
    let_go(r, "far");
    assert_int_equal(ask(r, "far", &e, &macs, &wakers), -EINVAL); /* it told no card */
    str_done(&macs);
    str_list_done(&wakers);
    rig_free(r);
}

/* After a restart nothing is known of it but what was kept. */
static void test_recalled(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    struct err e = {0};
    struct str macs = {0};
    struct str_list wakers = {0}, cards = {0}, near = {0}, odd = {0};
    str_list_add(&cards, "eth0 aa:bb:cc:dd:ee:ff");
    str_list_add(&cards, "eth1 aa:bb:cc:dd:ee:00");
    str_list_add(&near, "eth0 192.168.1.9/24");
    str_list_add(&odd, "eth0 192.168.1.9/99");
    cluster_node_add(r->c, "nas", "agent", r->now);
    cluster_node_add(r->c, "tower", "agent", r->now);
    cluster_recall_network(r->c, "gone", &cards, &near);
    cluster_recall_network(r->c, "nas", &cards, &odd);
    let_go(r, "nas");
    assert_int_equal(ask(r, "nas", &e, &macs, &wakers), -EINVAL); /* in no network with anybody */
    cluster_recall_network(r->c, "nas", &cards, &near);
    assert_int_equal(ask(r, "nas", &e, &macs, &wakers), 0);
    assert_string_equal(macs.p, "aa:bb:cc:dd:ee:ff,aa:bb:cc:dd:ee:00");
    str_done(&macs);
    str_list_done(&wakers);
    str_list_done(&cards);
    str_list_done(&near);
    str_list_done(&odd);
    rig_free(r);
}

static void test_others(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    AUTO(str_list_done) struct str_list others = {0};
    cluster_node_add(r->c, "tower", "agent", r->now);
    cluster_node_add(r->c, "nas", "agent", r->now);
    cluster_node_add(r->c, "far", "agent", r->now);
    let_go(r, "nas"); /* it is away */
    cluster_other_nodes(r->c, "nowhere", &others);
    assert_int_equal(others.n, 2);
    assert_string_equal(others.v[0], "far");
    assert_string_equal(others.v[1], "tower");
    str_list_done(&others);
    cluster_other_nodes(r->c, "far", &others);
    assert_int_equal(others.n, 1);
    assert_string_equal(others.v[0], "tower");
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_in_its_network),
        cmocka_unit_test(test_recalled),
        cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
