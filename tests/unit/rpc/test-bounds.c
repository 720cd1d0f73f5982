/* What a server bears: of connections that do nothing, of callers it has not admitted. */
#include "../test.h"

#include "rpc/rpc.h"

#include "certificate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, SOON_MS = 1500, MANY = LIMIT_RPC_STRANGERS_OF_ADDRESS + 6 };

struct rig {
    struct loop *loop;
    struct loop_timer *patience;
    struct rpc_server *server;
    struct rpc_client *client; /* of dial() */
    struct tls_context *tls;
    struct certificate hub;
    uint16_t port;
    struct rpc_call *served; /* the one that began last */
    struct rpc_status ended; /* of the last call, at the client */
    struct err link;         /* how the client's connection ended */
    unsigned n_begun, n_got, n_ended;
    unsigned goal;
};

/* --- methods --- */

static void served_ended(struct rpc_call *c, const struct rpc_status *s)
{
    struct rig *r = rpc_arg(c);
    (void)s;
    if (r->served == c)
        r->served = NULL;
}

static void echo_message(struct rpc_call *c, const void *bytes, size_t len)
{
    assert_int_equal(rpc_send(c, bytes, len), 0);
}

static void echo_done(struct rpc_call *c)
{
    rpc_finish(c, &(struct rpc_status){RPC_OK, ""});
}

static void begin_stranger(struct rpc_call *c, void *arg)
{
    struct rig *r = arg;
    rpc_set_arg(c, arg);
    r->served = c;
    r->n_begun++;
}

static void begin(struct rpc_call *c, void *arg)
{
    begin_stranger(c, arg);
    rpc_admit(c);
}

static const struct rpc_events echo = {echo_message, echo_done, NULL, served_ended};
static const struct rpc_method methods[] = {{"/t/Echo", &echo, begin, 0},
                                            {"/t/Small", &echo, begin, 100},
                                            {"/t/Stranger", &echo, begin_stranger, 0},
                                            {"/t/SmallStranger", &echo, begin_stranger, 100},
                                            {0}};

/* --- the rig --- */

static void got_message(struct rpc_call *c, const void *bytes, size_t len)
{
    (void)bytes, (void)len;
    ((struct rig *)rpc_arg(c))->n_got++;
}

static void call_ended(struct rpc_call *c, const struct rpc_status *s)
{
    struct rig *r = rpc_arg(c);
    r->ended = *s;
    r->n_ended++;
}

static const struct rpc_events client_events = {got_message, NULL, NULL, call_ended};

static void link_ended(void *arg, const struct err *e)
{
    ((struct rig *)arg)->link = *e;
}

static void out_of_patience(void *arg)
{
    struct rig *r = arg;
    fail_msg("it did not come to pass: %zu connections, %u begun, %u ended",
             rpc_server_connections(r->server), r->n_begun, r->n_ended);
}

static void until(struct rig *r, bool (*done)(const struct rig *r), unsigned goal)
{
    r->goal = goal;
    while (!done(r))
        uv_run(loop_uv(r->loop), UV_RUN_ONCE);
}

static bool connected(const struct rig *r)
{
    return rpc_server_connections(r->server) == r->goal;
}

static bool link_is_over(const struct rig *r)
{
    return r->link.code < 0;
}

static bool ended(const struct rig *r)
{
    return r->n_ended == r->goal;
}

static bool got(const struct rig *r)
{
    return r->n_got == r->goal;
}

static bool begun(const struct rig *r)
{
    return r->n_begun == r->goal;
}

static int trust(void *arg, const struct tls_peer *peer, struct err *e)
{
    (void)arg, (void)peer, (void)e;
    return 0;
}

static struct rig *rig_new(const char *address, bool tls, const struct rpc_bounds *b)
{
    struct rig *r = mem_alloc(sizeof *r);
    struct err e = {0};
    r->loop = loop_new("rpc");
    r->patience = loop_timer_new(r->loop, PATIENCE_MS, 0, out_of_patience, r);
    if (tls) {
        certificate_make("hub", &r->hub);
        struct tls_settings s = {.is_server = true,
                                 .certificate = r->hub.certificate.p,
                                 .key = r->hub.key.p,
                                 .verify = trust};
        assert_int_equal(tls_context_new(&s, &e, &r->tls), 0);
    }
    r->server = rpc_server_new(&(struct rpc_server_settings){
        .loop = r->loop, .tls = r->tls, .methods = methods, .arg = r, .bounds = *b});
    if (rpc_server_listen(r->server, address, 0, &e, &r->port) < 0)
        fail_msg("%s", e.text);
    return r;
}

static void dial(struct rig *r)
{
    struct sockaddr_in to;
    uv_ip4_addr("127.0.0.1", r->port, &to);
    r->client = rpc_client_new(
        &(struct rpc_client_settings){
            .loop = r->loop, .authority = "hub:1", .ended = link_ended, .arg = r},
        (struct sockaddr *)&to);
}

static void rig_free(struct rig *r)
{
    rpc_client_free(r->client);
    rpc_server_free(r->server);
    loop_timer_free(r->patience);
    loop_free(r->loop);
    tls_context_free(r->tls);
    certificate_done(&r->hub);
    mem_free(r);
}

static struct rpc_call *call(struct rig *r, const char *path)
{
    struct rpc_call *c = rpc_client_call(r->client, path, 0, &client_events, r);
    assert_non_null(c);
    return c;
}

static void say(struct rpc_call *c, size_t len)
{
    char *bytes = mem_alloc(len);
    assert_int_equal(rpc_send(c, bytes, len), 0);
    mem_free(bytes);
}

/* A connection that says nothing. */
static int mute(const struct rig *r)
{
    struct sockaddr_in to;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uv_ip4_addr("127.0.0.1", r->port, &to);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static bool was_hung_up(int fd)
{
    char greeting[512];
    ssize_t n;
    while ((n = recv(fd, greeting, sizeof greeting, MSG_DONTWAIT)) > 0) {
    }
    return n == 0 || errno != EAGAIN;
}

/* --- time --- */

static void test_no_handshake(void **state)
{
    (void)state;
    struct rig *r = rig_new("127.0.0.1", true, &(struct rpc_bounds){.handshake_ms = SOON_MS});
    int fd = mute(r);
    until(r, connected, 1);
    assert_false(was_hung_up(fd));
    until(r, connected, 0);
    assert_true(was_hung_up(fd));
    close(fd);
    rig_free(r);
}

static void test_no_call(void **state)
{
    (void)state;
    struct rig *r = rig_new("127.0.0.1", false, &(struct rpc_bounds){.idle_ms = SOON_MS});
    dial(r);
    until(r, link_is_over, 0);
    assert_int_equal(rpc_server_connections(r->server), 0);
    rig_free(r);
}

/* A call keeps it; when it is over, the connection may rest no longer than before the first. */
static void test_no_call_any_more(void **state)
{
    (void)state;
    struct rig *r = rig_new("127.0.0.1", false, &(struct rpc_bounds){.idle_ms = SOON_MS});
    dial(r);
    struct rpc_call *c = call(r, "/t/Echo");
    for (unsigned i = 1; i <= 3; i++) {
        say(c, 1);
        until(r, got, i);
    }
    rpc_half_close(c);
    until(r, ended, 1);
    assert_int_equal(r->ended.code, RPC_OK);
    until(r, link_is_over, 0);
    rig_free(r);
}

static void test_no_message(void **state)
{
    (void)state;
    struct rig *r = rig_new("127.0.0.1", false, &(struct rpc_bounds){.first_message_ms = SOON_MS});
    dial(r);
    struct rpc_call *talks = call(r, "/t/Echo");
    say(talks, 1);
    call(r, "/t/Stranger");
    until(r, ended, 1);
    assert_int_equal(r->ended.code, RPC_DEADLINE_EXCEEDED);
    assert_string_equal(r->ended.message, "No message came.");
    say(talks, 1);
    until(r, got, 2);
    rig_free(r);
}

static void test_nobody_admitted(void **state)
{
    (void)state;
    struct rig *r = rig_new("127.0.0.1", false, &(struct rpc_bounds){.stranger_ms = SOON_MS});
    dial(r);
    say(call(r, "/t/Stranger"), 1);
    until(r, link_is_over, 0);
    assert_int_equal(r->n_got, 1);
    assert_int_equal(r->ended.code, RPC_UNAVAILABLE);
    rig_free(r);
}

static void test_admitted_later(void **state)
{
    (void)state;
    struct rpc_bounds b = {.stranger_ms = SOON_MS, .idle_ms = 2 * SOON_MS};
    struct rig *r = rig_new("127.0.0.1", false, &b);
    int fd = mute(r);
    dial(r);
    struct rpc_call *c = call(r, "/t/Stranger");
    say(c, 1);
    until(r, got, 1);
    rpc_admit(r->served);
    rpc_admit(r->served);   /* twice is once */
    until(r, connected, 1); /* the mute one, as young, is over */
    say(c, LIMIT_RPC_STRANGER_MESSAGE + 1);
    until(r, got, 2);
    close(fd);
    rig_free(r);
}

/* --- bytes --- */

static void exhausted(const char *path, size_t most)
{
    struct rig *r = rig_new("127.0.0.1", false, &(struct rpc_bounds){0});
    dial(r);
    struct rpc_call *c = call(r, path);
    say(c, most);
    until(r, got, 1);
    say(c, most + 1);
    rpc_half_close(c);
    until(r, ended, 1);
    assert_int_equal(r->ended.code, RPC_RESOURCE_EXHAUSTED);
    assert_int_equal(r->n_got, 1);
    assert_int_equal(r->link.code, 0);
    rig_free(r);
}

static void test_large_messages(void **state)
{
    (void)state;
    exhausted("/t/Stranger", LIMIT_RPC_STRANGER_MESSAGE);
    exhausted("/t/SmallStranger", 100);
    exhausted("/t/Small", 100);
}

/* --- calls at once --- */

static void test_calls_of_a_stranger(void **state)
{
    (void)state;
    struct rig *r = rig_new("127.0.0.1", false, &(struct rpc_bounds){.stranger_calls = 2});
    dial(r);
    for (unsigned i = 0; i < 3; i++)
        call(r, "/t/Stranger");
    until(r, ended, 1);
    assert_int_equal(r->ended.code, RPC_UNAVAILABLE);
    assert_int_equal(r->n_begun, 2);
    rig_free(r);
}

static void test_calls_of_an_admitted(void **state)
{
    (void)state;
    struct rig *r =
        rig_new("127.0.0.1", false, &(struct rpc_bounds){.calls = 4, .stranger_calls = 1});
    dial(r);
    say(call(r, "/t/Echo"), 1);
    until(r, got, 1);
    struct rpc_call *second = call(r, "/t/Echo");
    for (unsigned i = 0; i < 3; i++)
        call(r, "/t/Echo");
    until(r, begun, 4); /* the fifth waits at the client */
    rpc_half_close(second);
    until(r, begun, 5);
    until(r, ended, 1);
    assert_int_equal(r->ended.code, RPC_OK);
    rig_free(r);
}

/* --- connections of one address --- */

static void the_oldest_goes(const struct rpc_bounds *bounds)
{
    struct rig *r = rig_new("::", false, bounds);
    int fd[4];
    dial(r);
    say(call(r, "/t/Echo"), 1);
    until(r, got, 1);
    for (unsigned i = 0; i < COUNT_OF(fd); i++) {
        fd[i] = mute(r);
        until(r, connected, i == 0 ? 2 : 3);
        while (i >= 2 && !was_hung_up(fd[i - 2]))
            uv_run(loop_uv(r->loop), UV_RUN_ONCE);
    }
    assert_true(was_hung_up(fd[0]) && was_hung_up(fd[1])); /* the longest waiting */
    assert_false(was_hung_up(fd[2]));
    assert_false(was_hung_up(fd[3]));
    assert_int_equal(r->link.code, 0); /* the admitted one, older than all */
    for (unsigned i = 0; i < COUNT_OF(fd); i++)
        close(fd[i]);
    rig_free(r);
}

static void test_strangers(void **state)
{
    (void)state;
    the_oldest_goes(&(struct rpc_bounds){.strangers_of_address = 2});
    the_oldest_goes(&(struct rpc_bounds){.strangers = 2}); /* of loopback, too */
}

static void any_number(const char *address)
{
    struct rig *r = rig_new(address, true, &(struct rpc_bounds){0});
    int fd[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        fd[i] = mute(r);
        until(r, connected, i + 1);
    }
    for (unsigned i = 0; i < MANY; i++) {
        assert_false(was_hung_up(fd[i]));
        close(fd[i]);
    }
    until(r, connected, 0);
    rig_free(r);
}

static void test_any_number_of_loopback(void **state)
{
    (void)state;
    any_number("127.0.0.1");
    any_number("::");
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_handshake),          cmocka_unit_test(test_no_call),
        cmocka_unit_test(test_no_call_any_more),      cmocka_unit_test(test_no_message),
        cmocka_unit_test(test_nobody_admitted),       cmocka_unit_test(test_admitted_later),
        cmocka_unit_test(test_large_messages),        cmocka_unit_test(test_calls_of_a_stranger),
        cmocka_unit_test(test_calls_of_an_admitted),  cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_any_number_of_loopback)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
