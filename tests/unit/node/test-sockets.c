#include "../test.h"

#include "node/sockets.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

static const char tcp[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 "
    "12345 1 0000000000000000 100 0 0 10 0\n"
    "   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
    "777 1 0000000000000000 100 0 0 10 0\n"
    "   2: 0100007F:1F90 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 "
    "888 1 0000000000000000 20 4 30 10 -1\n"
    "   3: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 0 "
    "1 0000000000000000 100 0 0 10 0\n";

static const char udp6[] =
    "  sl  local_address                         remote_address                        st "
    "tx_queue\n"
    "  10: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 07 "
    "00000000:00000000 00:00000000 00000000    53        0 4242 2 0000000000000000 0\n";

static void listening_sockets_are_read(void **state)
{
    (void)state;
    char text[SOCKET_ADDRESS_SIZE];
    struct socket_table t = {0};
    sockets_parse(tcp, sizeof tcp - 1, false, false, &t);
    assert_int_equal(t.v.n, 2);
    assert_int_equal(t.v.v[0].port, 8080);
    assert_int_equal(t.v.v[0].uid, 1000);
    assert_true(t.v.v[0].inode == 12345);
    assert_string_equal(socket_address(&t.v.v[0], text), "127.0.0.1");
    assert_int_equal(t.v.v[1].port, 22);
    assert_string_equal(socket_address(&t.v.v[1], text), "0.0.0.0");
    t.v.n = 0;
    sockets_parse(udp6, sizeof udp6 - 1, true, true, &t);
    assert_int_equal(t.v.n, 1);
    assert_int_equal(t.v.v[0].port, 53);
    assert_true(t.v.v[0].udp);
    assert_string_equal(socket_address(&t.v.v[0], text), "::1");
    vec_done(&t.v);
}

static void damaged_lines_are_left_out(void **state)
{
    (void)state;
    struct socket_table t = {0};
    for (size_t n = 0; n < sizeof tcp - 1; n++)
        sockets_parse(tcp, n, false, false, &t); /* cut anywhere */
    sockets_parse(tcp, sizeof tcp - 1, true, false, &t);
    size_t before = t.v.n;
    const char *bad[] = {"", "\n\n\n", "   0: zz00007F:1F90 00000000:0000 0A",
                         "   0: 0100007F:1F90", "   0: 0100007F-1F90 00000000:0000 0A 0 0 0 0 1 1"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        sockets_parse(bad[i], strlen(bad[i]), false, false, &t);
    assert_int_equal(t.v.n, before);
    vec_done(&t.v);
}

static const struct listen_socket *find(const struct socket_table *t, uint16_t port)
{
    for (size_t i = 0; i < t->v.n; i++)
        if (t->v.v[i].port == port && !t->v.v[i].udp)
            return &t->v.v[i];
    return NULL;
}

static void the_kernel_and_proc_agree(void **state)
{
    (void)state;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 1), 0);
    getsockname(fd, (struct sockaddr *)&a, &len);
    static const char *const roots[] = {"", "/." /* the same, but through /proc/net */};
    uint64_t inodes[2] = {0};
    for (size_t i = 0; i < COUNT_OF(roots); i++) {
        struct socket_table t = {0}, again = {0};
        struct sockets *s = sockets_open(roots[i]);
        assert_int_equal(sockets_read(s, true, &t), 0);
        const struct listen_socket *mine = find(&t, ntohs(a.sin_port));
        assert_non_null(mine);
        inodes[i] = mine->inode;
        assert_int_equal(sockets_read(s, false, &again), 0);
        assert_non_null(find(&again, ntohs(a.sin_port)));
        sockets_close(s);
        vec_done(&t.v);
        vec_done(&again.v);
    }
    assert_true(inodes[0] == inodes[1]);
    close(fd);
}

static void tables_are_compared(void **state)
{
    (void)state;
    struct socket_table a = {0}, b = {0};
    sockets_parse(tcp, sizeof tcp - 1, false, false, &a);
    sockets_parse(tcp, sizeof tcp - 1, false, false, &b);
    assert_true(sockets_equal(&a, &b));
    b.v.v[0].port++;
    assert_false(sockets_equal(&a, &b));
    b.v.v[0].port--;
    b.v.n--;
    assert_false(sockets_equal(&a, &b));
    vec_done(&a.v);
    vec_done(&b.v);
}

static void counts_are_read(void **state)
{
    (void)state;
    struct socket_counts c = {0};
    sockets_parse_counts("sockets: used 55\nTCP: inuse 25 orphan 0 tw 12 alloc 25 mem 0\n"
                         "UDP: inuse 3 mem 0\nUDPLITE: inuse 9\n",
                         &c);
    sockets_parse_counts("TCP6: inuse 4\nUDP6: inuse 5\nUDPLITE6: inuse 8\n", &c);
    assert_int_equal(c.tcp, 25);
    assert_int_equal(c.udp, 3);
    assert_int_equal(c.tcp6, 4);
    assert_int_equal(c.udp6, 5);
    sockets_parse_counts("", &c);
    sockets_parse_counts("TCP: inuse", &c);
    assert_int_equal(c.tcp, 25);
}

static void a_socket_that_is_opened_changes_a_count(void **state)
{
    (void)state;
    struct sockets *s = sockets_open("");
    struct socket_counts before, after;
    bool changed = false;
    for (int i = 0; i < 100 && !changed; i++) { /* others open and close theirs, too */
        if (sockets_count(s, &before) < 0)
            break;
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(listen(fd, 1), 0);
        assert_int_equal(sockets_count(s, &after), 0);
        close(fd);
        changed = after.tcp == before.tcp + 1;
    }
    assert_true(changed);
    sockets_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_read),
        cmocka_unit_test(a_socket_that_is_opened_changes_a_count),
        cmocka_unit_test(listening_sockets_are_read),
        cmocka_unit_test(damaged_lines_are_left_out),
        cmocka_unit_test(the_kernel_and_proc_agree),
        cmocka_unit_test(tables_are_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
