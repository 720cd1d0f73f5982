#include "agent/dial.h"

#include "io/resolve.h"

enum { CONNECT_MS = 10000 /* for one address, TLS included */ };

struct dial {
    struct dial_settings settings;
    char *address, *host;
    uint16_t port;
    struct tls_context *tls;
    struct resolving *resolving;
    union resolve_address to[RESOLVE_ADDRESSES_MAX];
    size_t n, next; /* addresses, and the one to try next */
    struct rpc_client *client;
    struct loop_timer *deadline, *soon;
    bool is_ready;
    struct err why; /* the first address's trouble: the others are seldom meant */
};

static void try_next(struct dial *d);

static void tell_end(struct dial *d)
{
    struct err e = d->why;
    d->settings.ended(d->settings.arg, &e); /* `d` may be gone */
}

static int verify(void *arg, const struct tls_peer *peer, struct err *e)
{
    const struct dial *d = arg;
    unsigned char pin[TLS_PIN_SIZE];
    char hex[2 * TLS_PIN_SIZE + 1];
    if (tls_pin(peer->certificate, peer->len, pin) < 0)
        return err_set(e, -EBADMSG, "%s shows no certificate that can be read.", d->address);
    if (pins_have(d->settings.pins, pin))
        return 0;
    str_hex(pin, sizeof pin, hex);
    return err_set(e, -EKEYREJECTED,
                   "%s is not the hub that this token or node belongs to: its key is %.16s…. Does "
                   "the address lead to another machine? If Hydra was set up anew, enrol this node "
                   "again.",
                   d->address, hex);
}

static bool is_telling(const struct err *e)
{
    return e->code == -EKEYREJECTED || e->code == -EPROTO;
}

static void keep_reason(struct dial *d, const struct err *e)
{
    if (d->why.code && !is_telling(e))
        return;
    d->why = *e;
    if (!d->is_ready && e->code != -EKEYREJECTED)
        err_prefix(&d->why, e->code, "%s can't be reached", d->address);
}

static void on_ready(void *arg)
{
    struct dial *d = arg;
    d->is_ready = true;
    loop_timer_free(TAKE(d->deadline));
    d->settings.ready(d->settings.arg, d->client);
}

static void on_ended(void *arg, const struct err *e)
{
    struct dial *d = arg;
    if (d->is_ready)
        d->why = (struct err){0};
    keep_reason(d, e);
    loop_timer_free(TAKE(d->deadline));
    rpc_client_free(TAKE(d->client));
    if (d->is_ready)
        tell_end(d);
    else
        try_next(d);
}

static void on_deadline(void *arg)
{
    struct dial *d = arg;
    struct err e = {0};
    err_set(&e, -ETIMEDOUT, "no answer within %d s", CONNECT_MS / 1000);
    on_ended(d, &e);
}

static void try_next(struct dial *d)
{
    if (d->next == d->n) {
        tell_end(d);
        return;
    }
    d->deadline = loop_timer_new(d->settings.loop, CONNECT_MS, 0, on_deadline, d);
    d->client =
        rpc_client_new(&(struct rpc_client_settings){.loop = d->settings.loop,
                                                     .tls = d->tls,
                                                     .authority = d->address,
                                                     .keepalive_ms = d->settings.keepalive_ms,
                                                     .ready = on_ready,
                                                     .ended = on_ended,
                                                     .arg = d},
                       &d->to[d->next++].any);
}

static void on_resolved(void *arg, int error, const union resolve_address *v, size_t n)
{
    struct dial *d = arg;
    d->resolving = NULL;
    if (error < 0) {
        err_set(&d->why, error, "%s can't be reached: no name server knows %s.", d->address,
                d->host);
        tell_end(d);
        return;
    }
    memcpy(d->to, v, n * sizeof *v);
    d->n = n;
    try_next(d);
}

/* "hub.lan:7771", "[fd00::1]:7771" */
static int split(struct dial *d, struct err *e)
{
    const char *colon = strrchr(d->address, ':');
    uint64_t port = 0;
    if (!colon || colon == d->address || str_to_u64(colon + 1, &port) < 0 || port == 0 ||
        port > UINT16_MAX)
        return err_set(e, -EINVAL, "%s is no address of a hub: HOST:PORT is.", d->address);
    const char *from = d->address;
    size_t n = (size_t)(colon - from);
    if (*from == '[' && from[n - 1] == ']') {
        from++;
        n -= 2;
    }
    d->host = mem_strndup(from, n);
    d->port = (uint16_t)port;
    return 0;
}

static void on_soon(void *arg)
{
    struct dial *d = arg;
    loop_timer_free(TAKE(d->soon));
    tell_end(d);
}

struct dial *dial_start(const struct dial_settings *s)
{
    struct dial *d = mem_alloc(sizeof *d);
    d->settings = *s;
    d->address = mem_strdup(s->address);
    int r = split(d, &d->why);
    if (r >= 0)
        r = tls_context_new(
            &(struct tls_settings){
                .certificate = s->certificate, .key = s->key, .verify = verify, .arg = d},
            &d->why, &d->tls);
    if (r < 0)
        d->soon = loop_timer_new(s->loop, 0, 0, on_soon, d);
    else
        d->resolving = resolve_start(s->loop, d->host, d->port, on_resolved, d);
    return d;
}

/* Later: a connection of it may be at work below us. */
static void free_tls(void *arg)
{
    tls_context_free(arg);
}

void dial_free(struct dial *d)
{
    if (!d)
        return;
    resolve_cancel(d->resolving);
    rpc_client_free(d->client);
    loop_timer_free(d->deadline);
    loop_timer_free(d->soon);
    if (d->tls)
        loop_post(d->settings.loop, free_tls, d->tls);
    mem_free(d->address);
    mem_free(d->host);
    mem_free(d);
}

/* TLS says no with an alert; a broken connection has none. */
bool dial_was_refused(const struct err *e)
{
    return e->code == -EPROTO && strstr(e->text, "alert");
}
