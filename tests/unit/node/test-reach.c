/* Orders, addresses that are not asked, what tries amount to, and real ones on this machine. */
#include "../test.h"

#include "node/reach.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

static void test_orders(void **state)
{
    (void)state;
    static const struct {
        const char *target, *argument, *host; /* NULL = refused */
        uint16_t port;
        unsigned tries;
    } table[] = {
        {"storage", "", "storage", 0, REACH_TRIES},
        {"storage", "0 0", "storage", 0, REACH_TRIES},
        {"storage:8080", "0 5", "storage", 8080, 5},
        {"storage:8080", "22", "storage", 22, REACH_TRIES},
        {"192.168.1.5", "443 10", "192.168.1.5", 443, 10},
        {"::1", "", "::1", 0, REACH_TRIES},
        {"[::1]:80", "", "::1", 80, REACH_TRIES},
        {"storage", "443 11", NULL, 0, 0},
        {"storage", "65536", NULL, 0, 0},
        {"storage", "80-90", NULL, 0, 0},
        {"storage", "1 2 3", NULL, 0, 0},
        {"192.168.1.0/24", "", NULL, 0, 0},
        {"192.168.1.*", "", NULL, 0, 0},
        {"fe80::1%eth0", "", NULL, 0, 0},
        {"-f", "", NULL, 0, 0},
        {"", "", NULL, 0, 0},
        {"storage:0", "", NULL, 0, 0},
        {"a b", "", NULL, 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct err e = {0};
        struct reach_order o;
        int r = reach_order_parse(table[i].target, table[i].argument, &e, &o);
        if (!table[i].host) {
            assert_int_equal(r, -EINVAL);
            assert_true(*e.text);
            continue;
        }
        assert_int_equal(r, 0);
        assert_string_equal(o.host, table[i].host);
        assert_int_equal(o.port, table[i].port);
        assert_int_equal(o.tries, table[i].tries);
    }
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool asked;
    } table[] = {
        {"192.168.1.5", true},
        {"127.0.0.1", true},
        {"8.8.8.8", true},
        {"::1", true},
        {"fd12::1", true},
        {"0.0.0.0", false},
        {"169.254.169.254", false},
        {"224.0.0.1", false},
        {"255.255.255.255", false},
        {"::", false},
        {"fe80::1", false},
        {"ff02::1", false},
        {"fd00:ec2::254", false},
        {"::ffff:1.2.3.4", true},
        {"::ffff:169.254.1.1", false},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct err e = {0};
        union resolve_address a = {0};
        if (strchr(table[i].address, ':'))
            assert_int_equal(uv_ip6_addr(table[i].address, 0, &a.v6), 0);
        else
            assert_int_equal(uv_ip4_addr(table[i].address, 0, &a.v4), 0);
        int r = reach_check_address(&a, &e);
        if (r != (table[i].asked ? 0 : -EINVAL))
            fail_msg("%s: %d", table[i].address, r);
    }
}

static struct reach_try try_of(enum reach_result r, double ms, int error)
{
    return (struct reach_try){.result = r, .ms = ms, .error = error};
}

static void test_results(void **state)
{
    (void)state;
    struct reach_answer a = {.address = "10.0.0.1", .n = 2};
    const double none = (double)NAN;
    assert_int_equal(reach_result_of(0), REACH_REACHED);
    assert_int_equal(reach_result_of(ECONNREFUSED), REACH_REFUSED);
    assert_int_equal(reach_result_of(ETIMEDOUT), REACH_TIMED_OUT);
    assert_int_equal(reach_result_of(EHOSTUNREACH), REACH_UNREACHABLE);
    a.tries[0] = try_of(REACH_TIMED_OUT, none, ETIMEDOUT);
    a.tries[1] = try_of(REACH_REACHED, 2, 0);
    assert_int_equal(reach_answer_result(&a), REACH_REACHED);
    a.tries[1] = try_of(REACH_UNREACHABLE, none, EHOSTUNREACH);
    assert_int_equal(reach_answer_result(&a), REACH_UNREACHABLE);
    a.tries[1] = try_of(REACH_TIMED_OUT, none, ETIMEDOUT);
    assert_int_equal(reach_answer_result(&a), REACH_TIMED_OUT);
    a.tries[1] = try_of(REACH_REFUSED, 1, ECONNREFUSED);
    assert_int_equal(reach_answer_result(&a), REACH_REFUSED);
    a.instead = true;
    assert_int_equal(reach_answer_result(&a), REACH_REACHED);
    a.address[0] = 0;
    assert_int_equal(reach_answer_result(&a), REACH_NOT_RESOLVED);
    for (unsigned i = 0; i < REACH_RESULTS; i++)
        assert_true(*reach_result_name((enum reach_result)i));
}

static void test_words(void **state)
{
    (void)state;
    AUTO(str_done) struct str out = {0};
    struct jw w = jw_begin(&out);
    const struct reach_order o = {.host = "storage", .tries = 3};
    struct reach_answer a = {.address = "10.0.0.1", .n = 3};
    a.tries[0] = try_of(REACH_REACHED, 1, 0);
    a.tries[1] = try_of(REACH_TIMED_OUT, (double)NAN, ETIMEDOUT);
    a.tries[2] = try_of(REACH_REACHED, 2, 0);
    reach_print(&o, &a, &w);
    struct err e = {0};
    json_t *j;
    assert_int_equal(json_parse(out.p, out.len, 4096, &e, &j), 0);
    assert_string_equal(json_get_str(j, "text", ""),
                        "storage answers: 2 of 3, on average in 1.5 ms.");
    assert_int_equal(json_get_int(j, "answered", 0), 2);
    assert_true(fabs(json_get_num(j, "loss", 0) - 33.3) < 0.01);
    assert_true(fabs(json_get_num(j, "max_ms", 0) - 2) < 0.01);
    assert_int_equal(json_array_size(json_object_get(j, "tries")), 3);
    assert_string_equal(json_get_str(j, "method", ""), "icmp");
    json_decref(j);
}

/* --- real ones --- */

struct asking {
    struct loop *loop;
    struct reach *reach;
    struct reach_order order;
    struct reach_answer answer;
    int code;
    char text[200];
    unsigned answers;
};

static void on_done(void *arg, int code, const char *text, const struct reach_answer *a)
{
    struct asking *k = arg;
    k->code = code;
    str_copy(k->text, sizeof k->text, text);
    if (a)
        k->answer = *a;
    k->answers++;
    reach_free(TAKE(k->reach));
    loop_stop(k->loop);
}

static void ask(void *arg)
{
    struct asking *k = arg;
    k->reach = reach_start(k->loop, &k->order, on_done, k);
    assert_int_equal(k->answers, 0);
}

static struct asking run(const char *target, const char *argument)
{
    struct err e = {0};
    struct asking k = {.loop = loop_new("reach")};
    assert_int_equal(reach_order_parse(target, argument, &e, &k.order), 0);
    loop_post(k.loop, ask, &k);
    loop_run(k.loop);
    loop_free(k.loop);
    assert_int_equal(k.answers, 1);
    return k;
}

static int listener(const char *address, uint16_t *ret_port)
{
    union resolve_address a = {0};
    socklen_t len = sizeof a;
    if (strchr(address, ':'))
        uv_ip6_addr(address, 0, &a.v6);
    else
        uv_ip4_addr(address, 0, &a.v4);
    int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, &a.any, len) < 0 || listen(fd, 8) < 0)
        return -1;
    getsockname(fd, &a.any, &len);
    *ret_port = ntohs(a.v4.sin_port); /* where IPv6 has it, too */
    return fd;
}

static void test_ports(void **state)
{
    (void)state;
    char argument[32];
    uint16_t port = 0;
    int fd = listener("127.0.0.1", &port);
    assert_true(fd >= 0);
    snprintf(argument, sizeof argument, "%u 2", port);
    struct asking k = run("localhost", argument);
    assert_int_equal(k.code, 0);
    assert_int_equal(k.answer.n, 2);
    assert_int_equal(reach_answer_result(&k.answer), REACH_REACHED);
    assert_string_equal(k.answer.address, "127.0.0.1");
    assert_false(isnan(k.answer.tries[0].ms));
    close(fd);
    k = run("127.0.0.1", argument);
    assert_int_equal(reach_answer_result(&k.answer), REACH_REFUSED);
    assert_int_equal(k.answer.tries[1].error, ECONNREFUSED);
}

static void test_special_and_unknown(void **state)
{
    (void)state;
    struct asking k = run("169.254.169.254", "80 1");
    assert_int_equal(k.code, -EINVAL);
    assert_non_null(strstr(k.text, "is link-local"));
    static const char *const specials[] = {"64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
                                           "100.100.100.200",    "168.63.129.16",
                                           "fd00:ec2::254",      "::ffff:169.254.169.254"};
    for (size_t i = 0; i < COUNT_OF(specials); i++)
        assert_int_equal(run(specials[i], "80 1").code, -EINVAL);
    k = run("no-such-name.invalid", "80 1");
    assert_int_equal(k.code, 0);
    assert_int_equal(reach_answer_result(&k.answer), REACH_NOT_RESOLVED);
    assert_int_equal(k.answer.n, 0);
}

static void test_ping_or_instead(void **state)
{
    (void)state;
    struct asking k = run("127.0.0.1", "0 2");
    assert_int_equal(reach_answer_result(&k.answer), REACH_REACHED);
    assert_int_equal(k.answer.port, k.answer.instead ? REACH_INSTEAD_PORT : 0);
}

static void drop(void *arg)
{
    struct asking *k = arg;
    reach_free(TAKE(k->reach));
    loop_stop(k->loop);
}

static void test_left(void **state)
{
    (void)state;
    struct err e = {0};
    struct asking k = {.loop = loop_new("reach")};
    assert_int_equal(reach_order_parse("127.0.0.1", "9 10", &e, &k.order), 0);
    loop_post(k.loop, ask, &k);
    struct loop_timer *t = loop_timer_new(k.loop, 50, 0, drop, &k);
    loop_run(k.loop);
    loop_timer_free(t);
    loop_free(k.loop);
    assert_int_equal(k.answers, 0);
    reach_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders),          cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_results),         cmocka_unit_test(test_words),
        cmocka_unit_test(test_ports),           cmocka_unit_test(test_special_and_unknown),
        cmocka_unit_test(test_ping_or_instead), cmocka_unit_test(test_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
