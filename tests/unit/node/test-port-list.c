/* This very process listens: the list names it, its port, and who can reach that. */
#include "../test.h"

#include "node/port-list.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_listener(int type, uint32_t address, uint16_t *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(address)}};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 4), 0);
    getsockname(fd, (struct sockaddr *)&a, &len);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static json_t *list(struct owners *owners, uint16_t port, const struct port_claim *claim)
{
    AUTO(str_done) struct str out = {0};
    struct jw w = jw_begin(&out);
    struct socket_table table = {0};
    struct err e = {0};
    VEC(struct port_claim) claims = {0};
    json_t *j;
    struct sockets *s = sockets_open("");
    assert_true(sockets_read(s, true, &table) >= 0);
    for (size_t i = 0; i < table.v.n; i++)
        *vec_add(&claims) = *claim;
    port_list_print(
        &(struct port_question){
            .root = "", .owners = owners, .table = &table, .claims = claims.v, .port = port},
        &w);
    assert_int_equal(json_parse(out.p, out.len, 1 << 20, &e, &j), 0);
    sockets_close(s);
    vec_done(&table.v);
    vec_done(&claims);
    return j;
}

static const json_t *only(const json_t *answer)
{
    const json_t *ports = json_object_get(answer, "ports");
    assert_int_equal(json_array_size(ports), 1);
    return json_array_get(ports, 0);
}

static void test_who_and_whence(void **state)
{
    (void)state;
    static const struct {
        int type;
        uint32_t address;
        const char *protocol, *text, *scope;
    } table[] = {
        {SOCK_STREAM, INADDR_LOOPBACK, "tcp", "127.0.0.1", "loopback"},
        {SOCK_STREAM, INADDR_ANY, "tcp", "0.0.0.0", "network"},
        {SOCK_DGRAM, INADDR_LOOPBACK + 1, "udp", "127.0.0.2", "loopback"},
    };
    struct owners *owners = owners_new();
    owners_set(owners, &(struct observed){.id = (char *)"process/me:1", .main_pid = getpid()});
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        uint16_t port;
        int fd = open_listener(table[i].type, table[i].address, &port);
        json_t *j = list(owners, port, &(struct port_claim){0});
        const json_t *p = only(j);
        assert_string_equal(json_get_str(p, "protocol", ""), table[i].protocol);
        assert_string_equal(json_get_str(p, "address", ""), table[i].text);
        assert_string_equal(json_get_str(p, "scope", ""), table[i].scope);
        assert_int_equal(json_get_int(p, "pid", 0), getpid());
        assert_int_equal(json_get_int(p, "port", 0), port);
        assert_string_equal(json_get_str(p, "service", ""), "process/me:1");
        assert_non_null(json_get_str(p, "user", NULL));
        json_decref(j);
        close(fd);
        j = list(owners, port, &(struct port_claim){0});
        assert_int_equal(json_array_size(json_object_get(j, "ports")), 0);
        assert_non_null(strstr(json_get_str(j, "text", ""), "Nobody listens on port"));
        json_decref(j);
    }
    owners_free(owners);
}

/* A container that publishes the port has it only where a proxy of its engine holds it. */
static void test_claims(void **state)
{
    (void)state;
    uint16_t port;
    int fd = open_listener(SOCK_STREAM, INADDR_ANY, &port);
    struct owners *owners = owners_new();
    json_t *j = list(owners, port, &(struct port_claim){.container = (char *)"docker/web"});
    assert_true(json_is_null(json_object_get(only(j), "service")));
    json_decref(j);
    owners_free(owners);
    close(fd);
}

/* All of them, without a filter; two descriptors of one socket are one line. */
static void test_all(void **state)
{
    (void)state;
    uint16_t port;
    int fd = open_listener(SOCK_STREAM, INADDR_ANY, &port), again = dup(fd);
    struct owners *owners = owners_new();
    json_t *j = list(owners, 0, &(struct port_claim){0});
    const json_t *ports = json_object_get(j, "ports");
    unsigned mine = 0;
    int64_t before = 0;
    for (size_t i = 0; i < json_array_size(ports); i++) {
        int64_t p = json_get_int(json_array_get(ports, i), "port", 0);
        assert_true(p >= before);
        before = p;
        mine += p == port;
    }
    assert_int_equal(mine, 1);
    assert_false(json_get_bool(j, "cut", true));
    json_decref(j);
    owners_free(owners);
    close(fd);
    close(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_and_whence),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
