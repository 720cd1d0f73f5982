/* Calls between a client and a server of ours, over loopback, with and without TLS. */
#include "../test.h"

#include "rpc/rpc.h"

#include "certificate.h"

#include <signal.h>
#include <stdio.h>

enum { PATIENCE_MS = 60000 };

struct rig {
    struct loop *loop;
    struct loop_timer *patience;
    struct rpc_server *server;
    struct rpc_client *client;
    struct tls_context *server_tls, *client_tls;
    struct certificate hub, agent;
    struct str got;                  /* messages at the client, each followed by '|' */
    struct rpc_status ended, served; /* of the last call: at the client, at the server */
    struct err link;                 /* how the client's connection ended */
    unsigned n_got, n_begun, n_served, n_ended, to_go;
    bool has_certificate, refuses;
    struct { /* what is done once so many calls have begun at the server */
        unsigned n;
        void (*fn)(void *arg);
        void *arg;
    } then;
};

static void stop_when_done(struct rig *r)
{
    if (--r->to_go == 0)
        loop_stop(r->loop);
}

/* --- the server: methods that tests call --- */

static void served_ended(struct rpc_call *c, const struct rpc_status *s)
{
    struct rig *r = rpc_arg(c);
    r->served = *s;
    r->n_served++;
    stop_when_done(r);
}

static void echo_message(struct rpc_call *c, const void *bytes, size_t len)
{
    assert_int_equal(rpc_send(c, bytes, len), 0);
}

static void echo_done(struct rpc_call *c)
{
    rpc_finish(c, &(struct rpc_status){RPC_OK, ""});
}

static void begin(struct rpc_call *c, void *arg)
{
    struct str der = {0};
    rpc_set_arg(c, arg);
    rpc_admit(c);
    ((struct rig *)arg)->n_begun++;
    ((struct rig *)arg)->has_certificate = rpc_peer_certificate(c, &der);
    assert_string_equal(rpc_metadata(c, "te"), "trailers");
    assert_non_null(strstr(rpc_peer_address(c), "127.0.0.1"));
    str_done(&der);
}

static void begin_refused(struct rpc_call *c, void *arg)
{
    struct rpc_status s = rpc_status_of(RPC_FAILED_PRECONDITION, "Nicht möglich: 100 %%");
    rpc_set_arg(c, arg);
    rpc_finish(c, &s);
}

static void stop_server(void *arg)
{
    struct rig *r = arg;
    rpc_server_free(r->server);
    r->server = NULL;
}

static void stop_message(struct rpc_call *c, const void *bytes, size_t len)
{
    (void)bytes, (void)len;
    stop_server(rpc_arg(c));
}

static void begin_drop(struct rpc_call *c, void *arg)
{
    (void)arg;
    rpc_drop(c);
}

/* What lies there goes with it, also where the call is finished already. */
static void abort_full(struct rpc_call *c, void *arg, bool finished)
{
    enum { BYTES = 1 << 20 };
    struct rpc_status ok = rpc_status_of(RPC_OK, "%s", ""),
                      enough = rpc_status_of(RPC_ABORTED, "Enough.");
    char *bytes = mem_alloc(BYTES);
    rpc_set_arg(c, arg);
    assert_int_equal(rpc_send(c, bytes, BYTES), 0);
    assert_true(rpc_backlog(c) >= BYTES);
    mem_free(bytes);
    if (finished)
        rpc_finish(c, &ok);
    rpc_abort(c, &enough);
    assert_int_equal(rpc_backlog(c), 0);
}

static void begin_abort(struct rpc_call *c, void *arg)
{
    abort_full(c, arg, false);
}

static void begin_abort_late(struct rpc_call *c, void *arg)
{
    abort_full(c, arg, true);
}

static const struct rpc_events echo = {echo_message, echo_done, NULL, served_ended};
static const struct rpc_events silent = {NULL, NULL, NULL, served_ended};
static const struct rpc_events stopper = {stop_message, NULL, NULL, served_ended};
static const struct rpc_method methods[] = {{"/t/Echo", &echo, begin, 0},
                                            {"/t/Silent", &silent, begin, 0},
                                            {"/t/Refused", &silent, begin_refused, 0},
                                            {"/t/Drop", &silent, begin_drop, 0},
                                            {"/t/Abort", &silent, begin_abort, 0},
                                            {"/t/AbortLate", &silent, begin_abort_late, 0},
                                            {"/t/Stop", &stopper, begin, 0},
                                            {0}};

/* --- the client --- */

static void got_message(struct rpc_call *c, const void *bytes, size_t len)
{
    struct rig *r = rpc_arg(c);
    str_add_n(&r->got, bytes, len);
    str_add_char(&r->got, '|');
    r->n_got++;
}

static void call_ended(struct rpc_call *c, const struct rpc_status *s)
{
    struct rig *r = rpc_arg(c);
    r->ended = *s;
    r->n_ended++;
    stop_when_done(r);
}

static const struct rpc_events client_events = {got_message, NULL, NULL, call_ended};

static void link_ended(void *arg, const struct err *e)
{
    struct rig *r = arg;
    r->link = *e;
    stop_when_done(r);
}

static void out_of_patience(void *arg)
{
    struct rig *r = arg;
    loop_stop(r->loop);
    fail_msg("it did not come to pass: %u to go, %u ended, %u served", r->to_go, r->n_ended,
             r->n_served);
}

static int verify(void *arg, const struct tls_peer *peer, struct err *e)
{
    struct rig *r = arg;
    assert_true(peer->len > 100);
    return r->refuses ? err_set(e, -EKEYREJECTED, "Not the key that was pinned.") : 0;
}

static struct tls_context *context(struct rig *r, bool is_server, const struct certificate *c)
{
    struct tls_context *t = NULL;
    struct err e = {0};
    struct tls_settings s = {.is_server = is_server,
                             .certificate = c ? c->certificate.p : NULL,
                             .key = c ? c->key.p : NULL,
                             .verify = verify,
                             .arg = r};
    if (tls_context_new(&s, &e, &t) < 0)
        fail_msg("%s", e.text);
    return t;
}

static struct rig *rig_new(bool tls, bool agent_certificate)
{
    struct rig *r = mem_alloc(sizeof *r);
    struct err e = {0};
    uint16_t port = 0;
    struct sockaddr_in to;
    r->loop = loop_new("rpc");
    r->patience = loop_timer_new(r->loop, PATIENCE_MS, 0, out_of_patience, r);
    if (tls) {
        certificate_make("hub", &r->hub);
        certificate_make("agent", &r->agent);
        r->server_tls = context(r, true, &r->hub);
        r->client_tls = context(r, false, agent_certificate ? &r->agent : NULL);
    }
    r->server =
        rpc_server_new(&(struct rpc_server_settings){.loop = r->loop,
                                                     .tls = r->server_tls,
                                                     .methods = methods,
                                                     .arg = r,
                                                     .bounds.stranger_calls = LIMIT_RPC_CALLS});
    assert_int_equal(rpc_server_listen(r->server, "127.0.0.1", 0, &e, &port), 0);
    uv_ip4_addr("127.0.0.1", port, &to);
    r->client = rpc_client_new(&(struct rpc_client_settings){.loop = r->loop,
                                                             .tls = r->client_tls,
                                                             .authority = "hub:1",
                                                             .ended = link_ended,
                                                             .arg = r},
                               (struct sockaddr *)&to);
    return r;
}

/* Until `n` ends: of calls, on either side, and of the client's connection. */
static void run_until(struct rig *r, unsigned n)
{
    r->to_go = n;
    loop_run(r->loop);
}

static void rig_free(struct rig *r)
{
    rpc_client_free(r->client);
    rpc_server_free(r->server);
    loop_timer_free(r->patience);
    loop_free(r->loop);
    tls_context_free(r->server_tls);
    tls_context_free(r->client_tls);
    certificate_done(&r->hub);
    certificate_done(&r->agent);
    str_done(&r->got);
    mem_free(r);
}

static struct rpc_call *call(struct rig *r, const char *path, uint64_t timeout_ms)
{
    struct rpc_call *c = rpc_client_call(r->client, path, timeout_ms, &client_events, r);
    assert_non_null(c);
    return c;
}

static void say(struct rpc_call *c, const char *text)
{
    assert_int_equal(rpc_send(c, text, strlen(text)), 0);
}

/* --- tests --- */

static void unary(bool tls)
{
    struct rig *r = rig_new(tls, true);
    struct rpc_call *c = call(r, "/t/Echo", 5000);
    say(c, "hello");
    rpc_half_close(c);
    assert_int_equal(rpc_send(c, "x", 1), -EPIPE);
    run_until(r, 2);
    assert_string_equal(str_text(&r->got), "hello|");
    assert_int_equal(r->ended.code, RPC_OK);
    assert_int_equal(r->served.code, RPC_OK);
    assert_int_equal(r->has_certificate, tls);
    rig_free(r);
}

static void test_unary(void **state)
{
    (void)state;
    unary(false);
}

static void test_unary_tls(void **state)
{
    (void)state;
    unary(true);
}

static void test_many_messages_and_calls(void **state)
{
    (void)state;
    enum { CALLS = 20, MESSAGES = 500 };
    struct rig *r = rig_new(true, false);
    struct rpc_call *calls[CALLS];
    char text[16];
    for (unsigned i = 0; i < CALLS; i++)
        calls[i] = call(r, "/t/Echo", 0);
    for (unsigned m = 0; m < MESSAGES; m++)
        for (unsigned i = 0; i < CALLS; i++) {
            snprintf(text, sizeof text, "%u", m);
            say(calls[i], text);
        }
    for (unsigned i = 0; i < CALLS; i++)
        rpc_half_close(calls[i]);
    run_until(r, 2 * CALLS);
    assert_int_equal(r->n_got, CALLS * MESSAGES);
    assert_int_equal(r->ended.code, RPC_OK);
    assert_false(r->has_certificate);
    rig_free(r);
}

static void test_large_messages(void **state)
{
    (void)state;
    struct rig *r = rig_new(true, false);
    char *bytes = mem_alloc(LIMIT_RPC_MESSAGE);
    memset(bytes, 'b', LIMIT_RPC_MESSAGE);
    struct rpc_call *c = call(r, "/t/Echo", 0);
    assert_int_equal(rpc_send(c, bytes, LIMIT_RPC_MESSAGE), 0);
    assert_int_equal(rpc_send(c, bytes, LIMIT_RPC_MESSAGE), -ENOBUFS);
    assert_true(rpc_backlog(c) > LIMIT_RPC_MESSAGE);
    rpc_half_close(c);
    run_until(r, 2);
    assert_int_equal(r->got.len, LIMIT_RPC_MESSAGE + 1);
    assert_int_equal(rpc_send(call(r, "/t/Echo", 0), bytes, LIMIT_RPC_MESSAGE + 1), -EMSGSIZE);
    mem_free(bytes);
    rig_free(r);
}

static void refused(const char *path, unsigned ends, enum rpc_code code, const char *message)
{
    struct rig *r = rig_new(false, false);
    call(r, path, 0);
    run_until(r, ends);
    assert_int_equal(r->ended.code, code);
    assert_string_equal(r->ended.message, message);
    rig_free(r);
}

static void test_refusals(void **state)
{
    (void)state;
    refused("/t/Nowhere", 1, RPC_UNIMPLEMENTED, "There is no method /t/Nowhere.");
    refused("/t/Refused", 2, RPC_FAILED_PRECONDITION, "Nicht möglich: 100 %");
    refused("/t/Abort", 2, RPC_ABORTED, "Enough.");
    refused("/t/AbortLate", 2, RPC_OK, "");
    refused("/t/Drop", 1, RPC_CANCELLED, "The other side reset the call: CANCEL.");
}

static void test_deadline(void **state)
{
    (void)state;
    struct rig *r = rig_new(true, false);
    call(r, "/t/Silent", 1000);
    run_until(r, 2);
    assert_int_equal(r->ended.code, RPC_DEADLINE_EXCEEDED);
    assert_true(r->served.code == RPC_DEADLINE_EXCEEDED || r->served.code == RPC_CANCELLED);
    rig_free(r);
}

static void look_what_began(void *arg)
{
    struct rig *r = arg;
    if (r->n_begun < r->then.n)
        return;
    r->then.n = UINT_MAX;
    r->then.fn(r->then.arg);
}

/* loop_timer_free() it. */
static struct loop_timer *once_begun(struct rig *r, unsigned n, void (*fn)(void *arg), void *arg)
{
    r->then.n = n;
    r->then.fn = fn;
    r->then.arg = arg;
    return loop_timer_new(r->loop, 5, 5, look_what_began, r);
}

static void drop(void *arg)
{
    rpc_drop(arg);
}

static void test_drop(void **state)
{
    (void)state;
    struct rig *r = rig_new(true, false);
    struct rpc_call *c = call(r, "/t/Silent", 0);
    say(c, "x");
    struct loop_timer *t = once_begun(r, 1, drop, c);
    run_until(r, 1);
    assert_int_equal(r->served.code, RPC_CANCELLED);
    assert_int_equal(r->n_ended, 0);
    loop_timer_free(t);
    rpc_drop(call(r, "/t/Silent", 0));
    rig_free(r);
}

static void test_the_server_goes(void **state)
{
    (void)state;
    struct rig *r = rig_new(true, false);
    call(r, "/t/Silent", 0);
    struct loop_timer *t = once_begun(r, 1, stop_server, r);
    run_until(r, 2); /* the call, the connection */
    assert_int_equal(r->ended.code, RPC_UNAVAILABLE);
    assert_true(r->link.code < 0);
    assert_null(rpc_client_call(r->client, "/t/Echo", 0, &client_events, r));
    loop_timer_free(t);
    rig_free(r);
}

static void test_the_server_is_freed_by_a_message(void **state)
{
    (void)state;
    struct rig *r = rig_new(true, false);
    call(r, "/t/Silent", 0);
    struct rpc_call *c = call(r, "/t/Stop", 0);
    say(c, "one");
    say(c, "two");
    run_until(r, 5); /* both calls on both sides, the connection */
    assert_int_equal(r->served.code, RPC_UNAVAILABLE);
    assert_int_equal(r->ended.code, RPC_UNAVAILABLE);
    assert_int_equal(r->n_served, 2);
    rig_free(r);
}

static void free_client(struct rpc_call *c, const void *bytes, size_t len)
{
    struct rig *r = rpc_arg(c);
    (void)bytes, (void)len;
    rpc_client_free(r->client);
    r->client = NULL;
}

static void test_the_client_is_freed_by_a_message(void **state)
{
    (void)state;
    static const struct rpc_events events = {free_client, NULL, NULL, call_ended};
    struct rig *r = rig_new(true, false);
    struct rpc_call *c = rpc_client_call(r->client, "/t/Echo", 0, &events, r);
    say(c, "one");
    say(c, "two");
    run_until(r, 1); /* on the server alone */
    assert_int_equal(r->n_ended, 0);
    assert_int_equal(r->served.code, RPC_UNAVAILABLE);
    rig_free(r);
}

static void free_client_at_the_end(struct rpc_call *c, const struct rpc_status *s)
{
    struct rig *r = rpc_arg(c);
    rpc_client_free(r->client);
    r->client = NULL;
    call_ended(c, s);
}

/* While the calls are told that the connection broke: the other call and the owner are not. */
static void test_the_client_is_freed_by_the_end_of_a_call(void **state)
{
    (void)state;
    static const struct rpc_events events = {got_message, NULL, NULL, free_client_at_the_end};
    struct rig *r = rig_new(true, false);
    rpc_client_call(r->client, "/t/Silent", 0, &events, r);
    rpc_client_call(r->client, "/t/Silent", 0, &events, r);
    struct loop_timer *t = once_begun(r, 2, stop_server, r);
    run_until(r, 3); /* both on the server, one here */
    assert_int_equal(r->n_ended, 1);
    assert_int_equal(r->link.code, 0);
    loop_timer_free(t);
    rig_free(r);
}

static void test_not_trusted(void **state)
{
    (void)state;
    struct rig *r = rig_new(true, true);
    r->refuses = true;
    call(r, "/t/Echo", 0);
    run_until(r, 2);
    assert_int_equal(r->ended.code, RPC_UNAVAILABLE);
    assert_int_equal(r->link.code, -EKEYREJECTED);
    assert_string_equal(r->link.text, "Not the key that was pinned.");
    rig_free(r);
}

static void test_nobody_listens(void **state)
{
    (void)state;
    struct rig *r = rig_new(false, false);
    stop_server(r);
    rpc_client_free(r->client);
    struct sockaddr_in to;
    uv_ip4_addr("127.0.0.1", 1, &to);
    r->client = rpc_client_new(
        &(struct rpc_client_settings){
            .loop = r->loop, .authority = "hub:1", .ended = link_ended, .arg = r},
        (struct sockaddr *)&to);
    call(r, "/t/Echo", 0);
    run_until(r, 2);
    assert_int_equal(r->ended.code, RPC_UNAVAILABLE);
    assert_int_equal(r->link.code, -ECONNREFUSED);
    rig_free(r);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unary),
        cmocka_unit_test(test_unary_tls),
        cmocka_unit_test(test_many_messages_and_calls),
        cmocka_unit_test(test_large_messages),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_the_server_goes),
        cmocka_unit_test(test_the_server_is_freed_by_a_message),
        cmocka_unit_test(test_the_client_is_freed_by_a_message),
        cmocka_unit_test(test_the_client_is_freed_by_the_end_of_a_call),
        cmocka_unit_test(test_not_trusted),
        cmocka_unit_test(test_nobody_listens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
