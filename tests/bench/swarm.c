/* Many agents in one process: the real protocol, real TLS, values that walk. Driven by swarm.mjs.
 *
 *   swarm SERIES
 *
 * What it is to do comes by standard input, a line each: a token enrols one more agent, which links
 * and sends a frame a second from then on; "storm" drops every link at once (each dials again after
 * 0.5 to 10 s and tells late what it could not tell); "end" ends. Prints a JSON object a line:
 * {"enrolled":N,"linked":N} now and then, {"trouble":"…"}. */
#include "base/clock.h"
#include "base/log.h"
#include "node/enrol-token.h"
#include "node/wire.h"
#include "rpc/rpc.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    AGENTS = 4000,
    KEPT = 600,
    SENT = 3 /* perhaps not arrived when a link breaks */,
    LINE = 600
};

struct agent {
    char token[LINE];
    struct enrol_token where;
    EVP_PKEY *key;
    char *key_pem, *certificate, node[64];
    struct tls_context *tls;
    struct rpc_client *client;
    struct rpc_call *call;
    struct loop_timer *tick, *redial;
    bool welcome;
    struct wire_values values;
    struct frame *kept[KEPT];
    unsigned n_kept;
    uint64_t sequence;
    double *v;
};

static struct loop *loop;
static struct agent *agents[AGENTS];
static unsigned n_agents, n_series, n_enrolled, n_linked;

static void trouble(const char *what, const char *text)
{
    printf("{\"trouble\":\"%s: %s\"}\n", what, text);
    fflush(stdout);
}

static void give_up(const char *what, const struct err *e)
{
    trouble(what, e->text);
    exit(1);
}

static int trust_pin(void *arg, const struct tls_peer *peer, struct err *e)
{
    const struct agent *a = arg;
    unsigned char pin[TLS_PIN_SIZE];
    if (tls_pin(peer->certificate, peer->len, pin) == 0 && !memcmp(pin, a->where.pin, sizeof pin))
        return 0;
    return err_set(e, -EKEYREJECTED, "not the hub's key");
}

static void dial(struct agent *a, void (*ended)(void *arg, const struct err *e))
{
    struct sockaddr_in to;
    char host[64];
    const char *colon = strrchr(a->where.address, ':');
    str_copy(host, sizeof host, a->where.address);
    host[colon - a->where.address] = 0;
    uv_ip4_addr(host, (int)strtol(colon + 1, NULL, 10), &to);
    a->client = rpc_client_new(&(struct rpc_client_settings){.loop = loop,
                                                             .tls = a->tls,
                                                             .authority = a->where.address,
                                                             .keepalive_ms = 15000,
                                                             .ended = ended,
                                                             .arg = a},
                               (struct sockaddr *)&to);
}

static void new_tls(struct agent *a)
{
    struct err e = {0};
    tls_context_free(a->tls);
    struct tls_settings s = {.certificate = a->certificate,
                             .key = a->certificate ? a->key_pem : NULL,
                             .verify = trust_pin,
                             .arg = a};
    if (tls_context_new(&s, &e, &a->tls) < 0)
        give_up("tls", &e);
}

/* --- frames --- */

static void print_frame(struct agent *a, const struct frame *f, bool late)
{
    struct str out = {0};
    struct node_report r = {.kind = REPORT_FRAME, .frame = (struct frame *)f};
    wire_report_print(&a->values, &r, late ? ++a->sequence : 0, late, &out);
    if (rpc_send(a->call, out.p, out.len) < 0)
        trouble(a->node, "a frame was not taken");
    str_done(&out);
}

static struct frame *next_frame(struct agent *a)
{
    struct frame *f = mem_alloc(sizeof *f + n_series * sizeof(double));
    f->time_ms = clock_wall_ms();
    f->n = n_series;
    for (unsigned i = 0; i < n_series; i++) { /* a third stands still, as on real machines */
        if (i % 3)
            a->v[i] += (double)(rand() % 1000) / (i % 2 ? 1 : 100);
        f->values[i] = a->v[i];
    }
    return f;
}

static void drop_oldest(struct agent *a)
{
    mem_free(a->kept[0]);
    memmove(a->kept, a->kept + 1, --a->n_kept * sizeof *a->kept);
}

static void on_tick(void *arg)
{
    struct agent *a = arg;
    struct frame *f = next_frame(a);
    if (a->welcome)
        print_frame(a, f, false);
    if (a->n_kept >= (a->welcome ? SENT : KEPT))
        drop_oldest(a);
    a->kept[a->n_kept++] = f;
}

static void send_table(struct agent *a)
{
    static const char *const modes[] = {"user", "system",  "idle",  "iowait",
                                        "irq",  "softirq", "steal", "nice"};
    struct str out = {0};
    struct series_def *defs = mem_array(n_series, sizeof *defs);
    struct series_defs all = {.n = n_series, .v = defs};
    for (unsigned i = 0; i < n_series; i++) {
        defs[i].name = i < 128 ? "node_cpu_seconds_total" : "hydra_service_memory_bytes";
        defs[i].labels = i < 128 ? mem_printf("cpu=\"%u\",mode=\"%s\"", i / 8, modes[i % 8])
                                 : mem_printf("service=\"docker/s%u\"", i);
        defs[i].kind = SERIES_COUNTER;
        defs[i].help = "";
    }
    wire_report_print(&a->values, &(struct node_report){.kind = REPORT_SERIES, .series = &all}, 0,
                      false, &out);
    if (rpc_send(a->call, out.p, out.len) < 0)
        trouble(a->node, "the table was not taken");
    for (unsigned i = 0; i < n_series; i++)
        mem_free(defs[i].labels);
    mem_free(defs);
    str_done(&out);
}

/* --- the link --- */

static void redial(void *arg);

static void lose(struct agent *a, unsigned after_ms)
{
    n_linked -= a->welcome;
    a->welcome = false;
    a->call = NULL;
    wire_values_done(&a->values);
    loop_timer_free(a->redial);
    a->redial = loop_timer_new(loop, after_ms, 0, redial, a);
}

static unsigned jitter(void)
{
    return 500 + (unsigned)(rand() % 9500);
}

static void link_message(struct rpc_call *c, const void *bytes, size_t len)
{
    struct agent *a = rpc_arg(c);
    PB(FromHub) *m = hydra__agent__v1__from_hub__unpack(NULL, len, bytes);
    if (m && m->body_case == HYDRA__AGENT__V1__FROM_HUB__BODY_WELCOME) {
        a->welcome = true;
        n_linked++;
        send_table(a);
        for (unsigned i = 0; i < a->n_kept; i++)
            print_frame(a, a->kept[i], true);
        while (a->n_kept > SENT)
            drop_oldest(a);
    }
    if (m)
        hydra__agent__v1__from_hub__free_unpacked(m, NULL);
}

static void link_call_ended(struct rpc_call *c, const struct rpc_status *s)
{
    struct agent *a = rpc_arg(c);
    if (s->code != RPC_UNAVAILABLE)
        trouble(a->node, s->message);
    a->call = NULL;
}

static void link_ended(void *arg, const struct err *e)
{
    (void)e;
    lose(arg, jitter());
}

static const struct rpc_events link_events = {.message = link_message, .ended = link_call_ended};

static void redial(void *arg)
{
    struct agent *a = arg;
    PB(FromAgent) m = HYDRA__AGENT__V1__FROM_AGENT__INIT;
    PB(Hello) hello = HYDRA__AGENT__V1__HELLO__INIT;
    struct str out = {0};
    rpc_client_free(a->client);
    dial(a, link_ended);
    a->call = rpc_client_call(a->client, "/hydra.agent.v1.Agent/Link", 0, &link_events, a);
    hello.agent_version = "swarm";
    hello.wall_ms = clock_wall_ms();
    m.body_case = HYDRA__AGENT__V1__FROM_AGENT__BODY_HELLO;
    m.hello = &hello;
    wire_print(&m.base, &out);
    if (!a->call || rpc_send(a->call, out.p, out.len) < 0)
        trouble(a->node, "Hello was not taken");
    str_done(&out);
}

/* --- enrolment --- */

static void enrolled(struct rpc_call *c, const void *bytes, size_t len)
{
    struct agent *a = rpc_arg(c);
    PB(EnrollResponse) *m = hydra__agent__v1__enroll_response__unpack(NULL, len, bytes);
    if (!m)
        return;
    a->certificate = mem_strdup(m->certificate);
    str_copy(a->node, sizeof a->node, m->node);
    hydra__agent__v1__enroll_response__free_unpacked(m, NULL);
    n_enrolled++;
}

static void begin_life(void *arg)
{
    struct agent *a = arg;
    rpc_client_free(a->client);
    a->client = NULL;
    if (!a->certificate)
        exit(1);
    new_tls(a);
    a->tick = loop_timer_new(loop, (unsigned)(rand() % 1000), 1000, on_tick, a);
    redial(a);
}

static void enrol_call_ended(struct rpc_call *c, const struct rpc_status *s)
{
    if (s->code != RPC_OK)
        trouble("enrol", s->message);
    loop_post(loop, begin_life, rpc_arg(c));
}

static void enrol_link_ended(void *arg, const struct err *e)
{
    (void)arg, (void)e; /* its call has ended before */
}

static const struct rpc_events enrol_events = {.message = enrolled, .ended = enrol_call_ended};

static void make_key(struct agent *a)
{
    BIO *pem = BIO_new(BIO_s_mem());
    char *text;
    a->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    PEM_write_bio_PrivateKey(pem, a->key, NULL, NULL, 0, NULL, NULL);
    long n = BIO_get_mem_data(pem, &text);
    a->key_pem = mem_strndup(text, (size_t)n);
    BIO_free(pem);
}

static void enrol(const char *token)
{
    if (n_agents >= AGENTS)
        return;
    struct agent *a = agents[n_agents++] = mem_alloc(sizeof *a);
    str_copy(a->token, sizeof a->token, token);
    a->v = mem_array(n_series, sizeof *a->v);
    unsigned char public_key[32], proof[64];
    size_t n = sizeof public_key, proof_n = sizeof proof;
    struct err e = {0};
    struct str out = {0};
    if (enrol_token_parse(a->token, &e, &a->where) < 0)
        give_up("token", &e);
    make_key(a);
    EVP_PKEY_get_raw_public_key(a->key, public_key, &n);
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    EVP_DigestSignInit(m, NULL, NULL, NULL, a->key);
    EVP_DigestSign(m, proof, &proof_n, (const unsigned char *)a->token, strlen(a->token));
    EVP_MD_CTX_free(m);
    PB(EnrollRequest) q = HYDRA__AGENT__V1__ENROLL_REQUEST__INIT;
    q.token = a->token;
    q.public_key = (ProtobufCBinaryData){n, public_key};
    q.proof = (ProtobufCBinaryData){proof_n, proof};
    q.hostname = "swarm";
    q.machine_id = "";
    q.agent_version = "swarm";
    wire_print(&q.base, &out);
    new_tls(a);
    dial(a, enrol_link_ended);
    struct rpc_call *c =
        rpc_client_call(a->client, "/hydra.agent.v1.Agent/Enroll", 30000, &enrol_events, a);
    if (!c || rpc_send(c, out.p, out.len) < 0)
        trouble("enrol", "not sent");
    else
        rpc_half_close(c);
    str_done(&out);
}

/* --- orders --- */

static void storm(void)
{
    for (unsigned i = 0; i < n_agents; i++) {
        rpc_client_free(agents[i]->client);
        agents[i]->client = NULL;
        lose(agents[i], jitter());
    }
}

static void on_line(uv_poll_t *p, int status, int events)
{
    char line[LINE];
    (void)p, (void)status, (void)events;
    if (!fgets(line, sizeof line, stdin) || str_starts(line, "end"))
        exit(0);
    line[strcspn(line, "\r\n")] = 0;
    if (str_starts(line, "storm"))
        storm();
    else
        enrol(line);
}

static void report(void *arg)
{
    (void)arg;
    printf("{\"enrolled\":%u,\"linked\":%u}\n", n_enrolled, n_linked);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: swarm SERIES\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdin, NULL, _IONBF, 0);
    n_series = (unsigned)strtoul(argv[1], NULL, 10);
    loop = loop_new("swarm");
    uv_poll_t orders;
    uv_poll_init(loop_uv(loop), &orders, 0);
    uv_poll_start(&orders, UV_READABLE, on_line);
    loop_timer_new(loop, 200, 200, report, NULL);
    loop_run(loop);
    return 0;
}
