/* Packets of echoes, and an echo of this machine to itself where it may ping. */
#include "../test.h"

#include "node/ping.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>

static const struct ping_form v4 = {.token = 0x1122334455667788}, v6 = {.v6 = true, .token = 7},
                              raw = {.raw = true, .token = 0x1122334455667788};

static void test_checksum_fits(void **state)
{
    (void)state;
    uint8_t p[PING_PACKET_SIZE];
    uint32_t sum = 0;
    ping_write(&v4, 258, p);
    for (size_t i = 0; i < sizeof p; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    sum = (sum & 0xffff) + (sum >> 16);
    assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff); /* RFC 1071 */
    assert_int_equal(p[0], ICMP_ECHO);
    assert_int_equal(p[6] << 8 | p[7], 258);
}

static void test_whose_answer(void **state)
{
    (void)state;
    uint8_t p[PING_PACKET_SIZE], with_header[20 + PING_PACKET_SIZE] = {0x45};
    uint16_t sequence = 0;
    ping_write(&v4, 3, p);
    assert_false(ping_read(&v4, p, sizeof p, &sequence)); /* the question itself */
    p[0] = ICMP_ECHOREPLY;
    assert_true(ping_read(&v4, p, sizeof p, &sequence));
    assert_int_equal(sequence, 3);
    assert_false(ping_read(&v4, p, sizeof p - 1, &sequence));
    assert_false(ping_read(&v4, p, 0, &sequence));
    assert_false(ping_read(&v6, p, sizeof p, &sequence));
    memcpy(with_header + 20, p, sizeof p);
    assert_true(ping_read(&raw, with_header, sizeof with_header, &sequence));
    with_header[0] = 0x4f; /* a header longer than the packet */
    assert_false(ping_read(&raw, with_header, sizeof with_header, &sequence));
    with_header[0] = 0x41;
    assert_false(ping_read(&raw, with_header, sizeof with_header, &sequence));
    p[15] ^= 1; /* somebody else's */
    assert_false(ping_read(&v4, p, sizeof p, &sequence));
    ping_write(&v6, 9, p);
    p[0] = 129;
    assert_true(ping_read(&v6, p, sizeof p, &sequence));
    assert_int_equal(sequence, 9);
}

struct asking {
    struct loop *loop;
    struct ping *ping;
    struct loop_timer *deadline;
    const char *host;
    int opened, error;
    uint16_t sequence;
    unsigned answers;
};

static void end(struct asking *a)
{
    loop_timer_free(TAKE(a->deadline));
    ping_close(TAKE(a->ping));
    loop_stop(a->loop);
}

static void on_answer(void *arg, int error, uint16_t sequence)
{
    struct asking *a = arg;
    a->error = error;
    a->sequence = sequence;
    a->answers++;
    end(a);
}

static void on_deadline(void *arg)
{
    end(arg);
}

static void ask(void *arg)
{
    struct asking *a = arg;
    union resolve_address to = {0};
    if (strchr(a->host, ':'))
        uv_ip6_addr(a->host, 0, &to.v6);
    else
        uv_ip4_addr(a->host, 0, &to.v4);
    a->opened = ping_open(a->loop, &to, on_answer, a, &a->ping);
    if (a->opened < 0 || ping_send(a->ping, 5) < 0)
        end(a);
    else
        a->deadline = loop_timer_new(a->loop, 60000, 0, on_deadline, a);
}

static struct asking run(const char *host)
{
    struct asking a = {.loop = loop_new("ping"), .host = host};
    loop_post(a.loop, ask, &a);
    loop_run(a.loop);
    loop_free(a.loop);
    return a;
}

static void test_itself(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "::1"};
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        struct asking a = run(hosts[i]);
        if (a.opened < 0) { /* it may not ping, or has no IPv6 */
            print_message("not asked: %s: %s\n", hosts[i], strerror(-a.opened));
            continue;
        }
        assert_int_equal(a.answers, 1);
        assert_int_equal(a.error, 0);
        assert_int_equal(a.sequence, 5);
    }
}

static void test_nobody(void **state)
{
    (void)state;
    struct asking a = run("255.255.255.255");
    assert_true(a.opened < 0);
    assert_int_equal(a.answers, 0);
    ping_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checksum_fits),
        cmocka_unit_test(test_whose_answer),
        cmocka_unit_test(test_itself),
        cmocka_unit_test(test_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
