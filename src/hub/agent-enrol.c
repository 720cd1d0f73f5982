/* Enroll: a machine comes with a one-time token and goes with a certificate. */
#include "hub/agents-private.h"

#include "access/authority.h"
#include "node/enrol-token.h"

struct enrolling {
    struct agents_work work; /* first */
    struct rpc_call *call;   /* NULL: it ended meanwhile */
    bool asked;
    PB(EnrollRequest) * request;
    char address[64];
    struct str certificate;
    struct identity who;
};

static void free_enrolling(struct enrolling *g)
{
    if (g->request)
        hydra__agent__v1__enroll_request__free_unpacked(g->request, NULL);
    str_done(&g->certificate);
    mem_free(g);
}

static int claim(void *arg, struct db *db, struct err *e)
{
    struct enrolling *g = arg;
    const PB(EnrollRequest) *q = g->request;
    struct enrol_token token;
    int r = enrol_token_parse(q->token, e, &token);
    if (r < 0)
        return r;
    if (q->public_key.len != AUTHORITY_KEY_SIZE)
        return err_set(e, -EINVAL, "The public key is none of Ed25519.");
    struct enrol_claim c = {.token = q->token,
                            .secret = token.secret,
                            .proof = q->proof.data,
                            .proof_len = q->proof.len,
                            .hostname = q->hostname,
                            .machine_id = q->machine_id,
                            .agent_version = q->agent_version,
                            .address = g->address};
    memcpy(c.public_key, q->public_key.data, sizeof c.public_key);
    return fleet_enrol(g->work.agents->settings.fleet, db, &c, clock_wall_ms(), e, &g->certificate,
                       &g->who);
}

static enum rpc_code code_of(int r)
{
    switch (r) {
    case -EACCES:
        return RPC_PERMISSION_DENIED;
    case -EINVAL:
    case -EBADMSG:
        return RPC_INVALID_ARGUMENT;
    case -EEXIST:
        return RPC_ALREADY_EXISTS;
    default:
        return RPC_UNAVAILABLE;
    }
}

static void answer(struct enrolling *g)
{
    unsigned char pins[LIMIT_FLEET_PINS][FLEET_PIN_SIZE];
    ProtobufCBinaryData keys[LIMIT_FLEET_PINS];
    PB(EnrollResponse) m = HYDRA__AGENT__V1__ENROLL_RESPONSE__INIT;
    struct str out = {0};
    m.node = g->who.node;
    m.certificate = (char *)str_text(&g->certificate);
    m.not_after_ms = g->who.until_ms;
    m.n_hub_keys = fleet_pins(g->work.agents->settings.fleet, pins);
    for (size_t i = 0; i < m.n_hub_keys; i++)
        keys[i] = (ProtobufCBinaryData){FLEET_PIN_SIZE, pins[i]};
    m.hub_keys = keys;
    wire_print(&m.base, &out);
    struct rpc_status s = rpc_status_of(RPC_OK, "%s", "");
    if (rpc_send(g->call, out.p, out.len) < 0)
        s = rpc_status_of(RPC_INTERNAL, "The answer could not be sent.");
    rpc_finish(g->call, &s);
    str_done(&out);
}

static void on_claimed(void *arg)
{
    struct enrolling *g = arg;
    struct agents *a = g->work.agents;
    int r = g->work.r;
    a->enrolling--;
    if (r < 0)
        log_warn("agents", "enrolment refused", "address=%s error=%s", g->address,
                 LOG_Q(err_text(&g->work.e, r)));
    else
        log_info("agents", "node enrolled", "node=%s address=%s", g->who.node, g->address);
    agents_update(a);
    if (!g->call) {
        free_enrolling(g);
        return;
    }
    rpc_set_arg(g->call, NULL);
    if (r >= 0) {
        answer(g);
    } else {
        struct rpc_status s = rpc_status_of(code_of(r), "%s", err_text(&g->work.e, r));
        rpc_finish(g->call, &s);
    }
    free_enrolling(g);
}

static void refuse(struct rpc_call *c, enum rpc_code code, const char *text)
{
    struct rpc_status s = rpc_status_of(code, "%s", text);
    rpc_finish(c, &s);
}

static void on_message(struct rpc_call *c, const void *bytes, size_t len)
{
    struct enrolling *g = rpc_arg(c);
    if (!g || g->asked || g->request)
        return;
    struct agents *a = g->work.agents;
    g->request = WIRE_UNPACK(enroll_request, bytes, len);
    if (!g->request) {
        refuse(c, RPC_INVALID_ARGUMENT, "This is no request to enrol.");
        return;
    }
    if (a->enrolling >= LIMIT_ENROLLING || !agents_submit(&g->work)) {
        refuse(c, RPC_RESOURCE_EXHAUSTED, "Hydra is busy: try again in a moment.");
        return;
    }
    g->asked = true;
    a->enrolling++;
}

static void on_ended(struct rpc_call *c, const struct rpc_status *s)
{
    (void)s;
    struct enrolling *g = rpc_arg(c);
    if (!g)
        return;
    g->call = NULL;
    if (!g->asked)
        free_enrolling(g);
}

void agent_enrol_begin(struct rpc_call *c, void *arg)
{
    struct enrolling *g = mem_alloc(sizeof *g);
    g->work = (struct agents_work){.agents = arg, .fn = claim, .done = on_claimed};
    g->call = c;
    str_copy(g->address, sizeof g->address, rpc_peer_address(c));
    rpc_set_arg(c, g);
}

const struct rpc_events agent_enrol_events = {.message = on_message, .ended = on_ended};
