/* Program: a newer agent goes to a node that asks for it, signed, in as many pieces as it takes.
 *
 * A node has one such call: a new one ends the one before, whose connection may be half open since
 * its agent came again. Pieces wait in the file, not here: a few lie in the call at a time, however
 * many the agent says that it takes. */
#include "hub/agents-private.h"
#include "hub/programs.h"

#include <fcntl.h>
#include <unistd.h>

enum {
    PIECE_BYTES = 64 << 10,
    CREDIT_MAX = 64,
    BACKLOG_BYTES = 2 * PIECE_BYTES, /* in a call: with so much no more is read */
};

struct program_call {
    struct rpc_call *call;
    struct agents *agents;
    char node[AUTHORITY_NODE_SIZE];
    int fd; /* -1: nothing was asked for yet */
    uint64_t size, sent;
    uint32_t credit;
    bool over;
};

static void set_over(struct program_call *k)
{
    k->over = true;
    if (k->fd >= 0)
        close(k->fd);
    k->fd = -1;
}

static void end_call(struct program_call *k, enum rpc_code code, const char *why)
{
    struct rpc_status s = rpc_status_of(code, "%s", why);
    if (k->over)
        return;
    set_over(k);
    rpc_finish(k->call, &s);
}

/* What is left of it goes, too, where the node does not read. */
void agent_program_end(struct agent_node *n, enum rpc_code code, const char *why)
{
    struct program_call *k = TAKE(n->program);
    struct rpc_status s = rpc_status_of(code, "%s", why);
    if (!k)
        return;
    set_over(k);
    rpc_abort(k->call, &s);
}

static bool send_part(struct program_call *k, const PB(ProgramPart) * m)
{
    struct str out = {0};
    wire_print(&m->base, &out);
    int r = rpc_send(k->call, out.p, out.len);
    str_done(&out);
    if (r < 0)
        end_call(k, RPC_RESOURCE_EXHAUSTED, "The agent does not read what it asked for.");
    return r == 0;
}

static void send_pieces(struct program_call *k)
{
    static uint8_t bytes[PIECE_BYTES]; /* of the loop */
    while (!k->over && k->credit && k->sent < k->size && rpc_backlog(k->call) < BACKLOG_BYTES) {
        ssize_t n = pread(k->fd, bytes, sizeof bytes, (off_t)k->sent);
        PB(ProgramPart) m = HYDRA__AGENT__V1__PROGRAM_PART__INIT;
        if (n <= 0) {
            end_call(k, RPC_ABORTED, "The program can't be read any more: ask again.");
            return;
        }
        m.piece = (ProtobufCBinaryData){(size_t)n, bytes};
        k->sent += (uint64_t)n;
        k->credit--;
        if (!send_part(k, &m))
            return;
    }
    if (!k->over && k->fd >= 0 && k->sent == k->size)
        end_call(k, RPC_OK, "");
}

/* The text is upgrade_signed_text() of the agent's. */
static bool send_manifest(struct program_call *k, const char *arch, const struct program *p)
{
    char hex[2 * sizeof p->sha256 + 1];
    unsigned char key[AUTHORITY_KEY_SIZE], signature[AUTHORITY_SIGNATURE_SIZE];
    struct err e = {0};
    str_hex(p->sha256, sizeof p->sha256, hex);
    AUTO(mem_freep)
    char *text = mem_printf("hydra-agent program\n%s\n%s\n%llu\n%s\n", p->version, arch,
                            (unsigned long long)p->size, hex);
    int r = fleet_sign(k->agents->settings.fleet, text, strlen(text), &e, key, signature);
    if (r < 0) {
        end_call(k, RPC_INTERNAL, err_text(&e, r));
        return false;
    }
    PB(ProgramPart) m = HYDRA__AGENT__V1__PROGRAM_PART__INIT;
    PB(ProgramManifest) f = HYDRA__AGENT__V1__PROGRAM_MANIFEST__INIT;
    f.version = (char *)p->version;
    f.arch = (char *)arch;
    f.size = p->size;
    f.sha256 = (ProtobufCBinaryData){sizeof p->sha256, (uint8_t *)p->sha256};
    f.key = (ProtobufCBinaryData){sizeof key, key};
    f.signature = (ProtobufCBinaryData){sizeof signature, signature};
    m.manifest = &f;
    return send_part(k, &m);
}

static void begin(struct program_call *k, const PB(ProgramAsk) * m)
{
    const struct program *p = programs_find(k->agents->settings.programs, m->arch);
    if (!p || !str_eq(p->version, m->version)) {
        AUTO(mem_freep)
        char *why =
            mem_printf("The hub has no agent %.32s for %.32s any more.", m->version, m->arch);
        end_call(k, RPC_NOT_FOUND, why);
        return;
    }
    k->fd = fcntl(p->fd, F_DUPFD_CLOEXEC, 3);
    k->size = p->size;
    log_info("agents", "hands out an agent", "node=%s version=%s arch=%s", k->node, p->version,
             p->arch);
    if (k->fd < 0)
        end_call(k, RPC_RESOURCE_EXHAUSTED, "The hub is out of file descriptors.");
    else
        (void)send_manifest(k, m->arch, p);
}

static void on_message(struct rpc_call *c, const void *bytes, size_t len)
{
    struct program_call *k = rpc_arg(c);
    PB(ProgramAsk) *m = k && !k->over ? WIRE_UNPACK(program_ask, bytes, len) : NULL;
    if (!m) {
        if (k)
            end_call(k, RPC_INVALID_ARGUMENT, "This is no message of an agent.");
        return;
    }
    if (k->fd < 0)
        begin(k, m);
    k->credit += m->credit < CREDIT_MAX ? m->credit : CREDIT_MAX;
    if (k->credit > CREDIT_MAX)
        k->credit = CREDIT_MAX;
    send_pieces(k);
    hydra__agent__v1__program_ask__free_unpacked(m, NULL);
}

static void on_writable(struct rpc_call *c)
{
    struct program_call *k = rpc_arg(c);
    if (k && k->fd >= 0)
        send_pieces(k);
}

static void on_half_closed(struct rpc_call *c)
{
    struct program_call *k = rpc_arg(c);
    if (k)
        end_call(k, RPC_OK, "");
}

static void on_ended(struct rpc_call *c, const struct rpc_status *s)
{
    struct program_call *k = rpc_arg(c);
    struct agent_node *n = k ? agents_node(k->agents, k->node) : NULL;
    (void)s;
    if (!k)
        return;
    if (n && n->program == k)
        n->program = NULL;
    set_over(k);
    mem_free(k);
}

void agent_program_begin(struct rpc_call *c, void *arg)
{
    struct agents *a = arg;
    struct identity who;
    if (!agents_admit(a, c, &who))
        return;
    struct agent_node *n = agents_node(a, who.node);
    if (!n) {
        rpc_finish(c, &(struct rpc_status){RPC_UNAVAILABLE,
                                           "The hub has just come to know this node: ask again."});
        return;
    }
    agent_program_end(n, RPC_ABORTED, "The node asked for a program again.");
    struct program_call *k = mem_alloc(sizeof *k);
    *k = (struct program_call){.call = c, .agents = a, .fd = -1};
    str_copy(k->node, sizeof k->node, who.node);
    n->program = k;
    rpc_set_arg(c, k);
    rpc_admit(c);
}

const struct rpc_events agent_program_events = {.message = on_message,
                                                .half_closed = on_half_closed,
                                                .writable = on_writable,
                                                .ended = on_ended};
