#include "rpc/link.h"

enum { BACKLOG = 128 };

/* Where a connection comes from: an address of IPv4, or the /64 of one of IPv6. Zeros: unknown. */
struct origin {
    unsigned char bytes[8];
    bool is_loopback;
};

struct served {
    struct rpc_server *server;
    struct link *link;
    struct origin from;
    struct served *next, *previous; /* next: the older one */
};

struct rpc_server {
    struct rpc_server_settings settings;
    uv_tcp_t *listener;
    struct served *links;
    size_t n;
};

static void on_tcp_closed(uv_handle_t *handle)
{
    mem_free(handle);
}

static void forget(struct served *v)
{
    struct rpc_server *s = v->server;
    if (v->next)
        v->next->previous = v->previous;
    if (v->previous)
        v->previous->next = v->next;
    else
        s->links = v->next;
    s->n--;
    mem_free(v);
}

static void on_link_ended(void *arg, struct link *l, const struct err *e)
{
    (void)l, (void)e;
    forget(arg);
}

static bool on_request(void *arg, struct rpc_call *c, const char *path)
{
    const struct rpc_server_settings *s = &((struct served *)arg)->server->settings;
    for (const struct rpc_method *m = s->methods; m->path; m++)
        if (str_eq(m->path, path)) {
            link_answer(c, m);
            m->begin(c, s->arg);
            return true;
        }
    return false;
}

static void serve(struct rpc_server *s, uv_tcp_t *tcp, const char *address,
                  const struct origin *from)
{
    struct served *v = mem_alloc(sizeof *v);
    v->server = s;
    v->from = *from;
    v->next = s->links;
    if (v->next)
        v->next->previous = v;
    s->links = v;
    s->n++;
    v->link = link_new(&(struct link_settings){.is_server = true,
                                               .loop = s->settings.loop,
                                               .keepalive_ms = s->settings.keepalive_ms,
                                               .bounds = s->settings.bounds,
                                               .gzip = s->settings.gzip,
                                               .request = on_request,
                                               .ended = on_link_ended,
                                               .arg = v});
    struct transport *t =
        transport_accepted(&(struct transport_settings){.loop = s->settings.loop,
                                                        .tls = s->settings.tls,
                                                        .events = &link_transport_events,
                                                        .arg = v->link,
                                                        .address = address},
                           tcp);
    link_attach(v->link, t);
    transport_begin(t);
}

static void origin_of_v6(const struct in6_addr *a, struct origin *ret_o)
{
    static const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
    bool is_v4 = IN6_IS_ADDR_V4MAPPED(a);
    memcpy(ret_o->bytes + (is_v4 ? 4 : 0), a->s6_addr + (is_v4 ? 12 : 0), is_v4 ? 4 : 8);
    ret_o->is_loopback = is_v4 ? a->s6_addr[12] == 127 : memcmp(a, &loopback, sizeof *a) == 0;
}

static void find_peer(const uv_tcp_t *tcp, char *text, size_t size, struct origin *ret_o)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a;
    int len = sizeof a;
    *text = '\0';
    *ret_o = (struct origin){0};
    if (uv_tcp_getpeername(tcp, &a.any, &len) < 0)
        return;
    uv_ip_name(&a.any, text, size);
    if (a.any.sa_family == AF_INET6) {
        origin_of_v6(&a.v6.sin6_addr, ret_o);
        return;
    }
    memcpy(ret_o->bytes + 4, &a.v4.sin_addr, 4);
    ret_o->is_loopback = ret_o->bytes[4] == 127;
}

/* --- strangers: connections on which nobody was admitted yet --- */

/* The oldest that comes from there; NULL = from anywhere. Counts them. */
static struct served *oldest_stranger(const struct rpc_server *s, const struct origin *from,
                                      size_t *ret_n)
{
    struct served *oldest = NULL;
    *ret_n = 0;
    for (struct served *v = s->links; v; v = v->next)
        if (!link_is_admitted(v->link) &&
            (!from || memcmp(v->from.bytes, from->bytes, sizeof from->bytes) == 0)) {
            oldest = v;
            ++*ret_n;
        }
    return oldest;
}

static size_t most_strangers(const struct rpc_server *s, const struct origin *from)
{
    unsigned set = s->settings.bounds.strangers_of_address;
    return set ? set : from->is_loopback ? SIZE_MAX : LIMIT_RPC_STRANGERS_OF_ADDRESS;
}

/* After one more has come: whoever has waited longest goes, so that those who know what they want
 * get in. `s` may be gone after it. */
static void make_room(struct rpc_server *s, const struct origin *from)
{
    size_t n, all;
    struct served *v = oldest_stranger(s, from, &n), *oldest = oldest_stranger(s, NULL, &all);
    bool full = all > s->settings.bounds.strangers || s->n > LIMIT_RPC_CONNECTIONS;
    if (n <= most_strangers(s, from))
        v = full ? oldest : NULL;
    if (!v)
        return;
    struct link *l = v->link;
    forget(v);
    link_close(l, true);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct rpc_server *s = listener->data;
    char address[64];
    struct origin from;
    if (status < 0)
        return;
    uv_tcp_t *tcp = mem_alloc(sizeof *tcp);
    uv_tcp_init(loop_uv(s->settings.loop), tcp);
    if (uv_accept(listener, (uv_stream_t *)tcp) < 0) {
        uv_close((uv_handle_t *)tcp, on_tcp_closed);
        return;
    }
    find_peer(tcp, address, sizeof address, &from);
    serve(s, tcp, address, &from);
    make_room(s, &from);
}

static void set_default(unsigned *v, unsigned value)
{
    if (*v == 0)
        *v = value;
}

struct rpc_server *rpc_server_new(const struct rpc_server_settings *settings)
{
    struct rpc_server *s = mem_alloc(sizeof *s);
    struct rpc_bounds *b = &s->settings.bounds;
    s->settings = *settings;
    set_default(&b->calls, LIMIT_RPC_CALLS);
    set_default(&b->stranger_calls, LIMIT_RPC_STRANGER_CALLS);
    set_default(&b->strangers, LIMIT_RPC_STRANGERS);
    set_default(&b->handshake_ms, RPC_HANDSHAKE_MS);
    set_default(&b->idle_ms, RPC_IDLE_MS);
    set_default(&b->first_message_ms, RPC_FIRST_MESSAGE_MS);
    set_default(&b->stranger_ms, RPC_STRANGER_MS);
    return s;
}

static int parse_address(const char *address, uint16_t port, struct sockaddr_storage *ret_a)
{
    return strchr(address, ':') ? uv_ip6_addr(address, port, (struct sockaddr_in6 *)ret_a)
                                : uv_ip4_addr(address, port, (struct sockaddr_in *)ret_a);
}

int rpc_server_listen(struct rpc_server *s, const char *address, uint16_t port, struct err *e,
                      uint16_t *ret_port)
{
    struct sockaddr_storage a;
    int len = sizeof a;
    if (parse_address(address, port, &a) < 0)
        return err_set(e, -EINVAL, "%.64s is no IP address to listen on.", address);
    s->listener = mem_alloc(sizeof *s->listener);
    uv_tcp_init(loop_uv(s->settings.loop), s->listener);
    s->listener->data = s;
    int r = uv_tcp_bind(s->listener, (struct sockaddr *)&a, 0);
    if (r == 0)
        r = uv_listen((uv_stream_t *)s->listener, BACKLOG, on_connection);
    if (r == 0)
        r = uv_tcp_getsockname(s->listener, (struct sockaddr *)&a, &len);
    if (r < 0)
        return err_set(e, r, "Agents can't be waited for on %.64s port %u: %s.", address, port,
                       uv_strerror(r));
    *ret_port = ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                              : ((struct sockaddr_in *)&a)->sin_port);
    return 0;
}

size_t rpc_server_connections(const struct rpc_server *s)
{
    return s->n;
}

void rpc_server_free(struct rpc_server *s)
{
    if (!s)
        return;
    if (s->listener)
        uv_close((uv_handle_t *)s->listener, on_tcp_closed);
    while (s->links) {
        struct link *l = s->links->link;
        forget(s->links);
        link_close(l, true);
    }
    mem_free(s);
}
