#include "rpc/link.h"

struct rpc_client {
    struct rpc_client_settings settings;
    char *authority;
    struct link *link; /* NULL: it has ended */
    unsigned inside;   /* the owner is being told */
    bool freed;
};

static void client_free(struct rpc_client *c)
{
    mem_free(c->authority);
    mem_free(c);
}

static void on_ready(void *arg)
{
    struct rpc_client *c = arg;
    if (c->settings.ready)
        c->settings.ready(c->settings.arg);
}

static void on_ended(void *arg, struct link *l, const struct err *e)
{
    struct rpc_client *c = arg;
    (void)l;
    c->link = NULL;
    c->inside++;
    c->settings.ended(c->settings.arg, e);
    if (--c->inside == 0 && c->freed)
        client_free(c);
}

struct rpc_client *rpc_client_new(const struct rpc_client_settings *s, const struct sockaddr *to)
{
    struct rpc_client *c = mem_alloc(sizeof *c);
    c->settings = *s;
    c->authority = mem_strdup(s->authority);
    c->link = link_new(&(struct link_settings){.loop = s->loop,
                                               .keepalive_ms = s->keepalive_ms,
                                               .authority = c->authority,
                                               .ready = on_ready,
                                               .ended = on_ended,
                                               .arg = c});
    struct transport *t =
        transport_to(&(struct transport_settings){.loop = s->loop,
                                                  .tls = s->tls,
                                                  .events = &link_transport_events,
                                                  .arg = c->link,
                                                  .address = s->authority},
                     to);
    link_attach(c->link, t);
    transport_begin(t);
    return c;
}

struct rpc_call *rpc_client_call(struct rpc_client *c, const char *path, uint64_t timeout_ms,
                                 const struct rpc_events *events, void *arg)
{
    if (!c->link || !link_can_call(c->link))
        return NULL;
    return link_call(c->link, path, timeout_ms, events, arg);
}

void rpc_client_free(struct rpc_client *c)
{
    if (!c)
        return;
    if (c->link)
        link_close(c->link, false);
    c->link = NULL;
    c->freed = true;
    if (c->inside == 0)
        client_free(c);
}
