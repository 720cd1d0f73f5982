/* The network of a node that is played: who listens on it, and what it reaches of the others. */
#include "demo/player-private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { PROXY_STEP = 2 };

static bool is_open(const struct played *s)
{
    return s->now->run == RUN_RUNNING;
}

/* --- who listens --- */

struct line {
    const struct played *s;
    const struct observed_port *port;
};

typedef VEC(struct line) line_list;

static int compare(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    if (x->port->port != y->port->port)
        return x->port->port < y->port->port ? -1 : 1;
    return (int)x->port->udp - (int)y->port->udp;
}

static void gather(struct player *p, uint16_t wanted, line_list *to)
{
    MAP_FOREACH (&p->services, e) {
        const struct played *s = e->value;
        for (size_t i = 0; is_open(s) && i < s->now->ports.n; i++)
            if (!wanted || s->now->ports.v[i].port == wanted)
                *vec_add(to) = (struct line){s, &s->now->ports.v[i]};
    }
    if (to->n)
        qsort(to->v, to->n, sizeof *to->v, compare);
}

static bool is_loopback(const char *address)
{
    return address && (str_starts(address, "127.") || str_eq(address, "::1"));
}

/* A container's port is held by its engine. */
static void print_line(const struct line *l, struct jw *w)
{
    bool proxied = l->s->now->kind == OBSERVED_CONTAINER && !is_loopback(l->port->address);
    const char *own = json_get_str(l->s->cast, "name", l->s->now->name);
    jw_object(w);
    jw_key_str(w, "protocol", l->port->udp ? "udp" : "tcp");
    jw_key_str(w, "address", str_is_empty(l->port->address) ? "0.0.0.0" : l->port->address);
    jw_key_uint(w, "port", l->port->port);
    jw_key_str(w, "scope", is_loopback(l->port->address) ? "loopback" : "network");
    jw_key_int(w, "pid", proxied ? l->s->pid - PROXY_STEP : l->s->pid);
    jw_key_str(w, "name", proxied ? "docker-proxy" : own);
    jw_key_str(w, "user", proxied ? "root" : json_get_str(l->s->cast, "user", "root"));
    jw_key_str(w, "service", l->s->now->id);
    jw_end_object(w);
}

void network_print_ports(struct player *p, uint16_t wanted, struct jw *w)
{
    line_list list = {0};
    gather(p, wanted, &list);
    AUTO(mem_freep)
    char *none = list.n   ? NULL
                 : wanted ? mem_printf("Nobody listens on port %u here.", wanted)
                          : mem_strdup("Nobody listens here.");
    jw_object(w);
    jw_key(w, "ports");
    jw_array(w);
    for (size_t i = 0; i < list.n; i++)
        print_line(&list.v[i], w);
    jw_end_array(w);
    jw_key_bool(w, "cut", false);
    jw_key_str(w, "text", none);
    jw_key_str(w, "hint", NULL);
    jw_end_object(w);
    vec_done(&list);
}

/* --- what is reached --- */

static bool has_address(const struct player *p, const char *host)
{
    for (size_t i = 0; p->facts && i < p->facts->addresses.n; i++) {
        const char *a = strchr(p->facts->addresses.v[i], ' ');
        size_t n = strlen(host);
        if (a && strncmp(a + 1, host, n) == 0 && a[1 + n] == '/')
            return true;
    }
    return false;
}

bool player_is_called(const struct player *p, const char *host)
{
    return str_eq_nocase(p->settings.node, host) || has_address(p, host);
}

bool player_listens(struct player *p, uint16_t port, bool from_itself)
{
    line_list list = {0};
    bool found = false;
    gather(p, port, &list);
    for (size_t i = 0; i < list.n; i++)
        found = found ||
                (!list.v[i].port->udp && (from_itself || !is_loopback(list.v[i].port->address)));
    vec_done(&list);
    return found;
}

static bool is_itself(const struct player *p, const char *host)
{
    return str_eq(host, "localhost") || is_loopback(host) || player_is_called(p, host);
}

/* What is no node of the demonstration: its router, and names that nobody has. */
static enum reach_result reach_other(const char *host)
{
    union resolve_address a;
    if (str_eq(host, "192.168.1.1"))
        return REACH_REACHED;
    bool literal = uv_ip4_addr(host, 0, &a.v4) == 0 || uv_ip6_addr(host, 0, &a.v6) == 0;
    return literal ? REACH_TIMED_OUT : REACH_NOT_RESOLVED;
}

static enum reach_result ask(struct player *p, const struct reach_order *o)
{
    enum reach_result r;
    if (is_itself(p, o->host))
        return !o->port || player_listens(p, o->port, true) ? REACH_REACHED : REACH_REFUSED;
    r = p->settings.reach(p->settings.arg, o->host, o->port);
    return r == REACH_NOT_RESOLVED ? reach_other(o->host) : r;
}

static double answer_ms(const struct player *p, const struct reach_order *o, unsigned i)
{
    double usual = is_itself(p, o->host) ? 0.04 : str_eq(o->host, "192.168.1.1") ? 0.62 : 0.31;
    return usual * (1 + 0.3 * figures_swing(p->tick, i * 7));
}

void network_print_reach(struct player *p, const struct reach_order *o, struct jw *w)
{
    static const int errors[REACH_RESULTS] = {0, ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, 0};
    enum reach_result r = ask(p, o);
    struct reach_answer a = {.port = o->port, .n = r == REACH_NOT_RESOLVED ? 0 : o->tries};
    bool answers = r == REACH_REACHED || r == REACH_REFUSED;
    if (r != REACH_NOT_RESOLVED)
        str_copy(a.address, sizeof a.address, is_itself(p, o->host) ? "127.0.0.1" : o->host);
    for (unsigned i = 0; i < a.n; i++)
        a.tries[i] = (struct reach_try){
            .result = r, .ms = answers ? answer_ms(p, o, i) : (double)NAN, .error = errors[r]};
    reach_print(o, &a, w);
}
