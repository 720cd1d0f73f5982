#include "node/port-list.h"

#include "node/holders.h"
#include "node/kfile.h"
#include "node/listeners.h"
#include "node/processes.h"

#include <stdlib.h>

enum { NAME_SIZE = 64 };

struct row {
    const struct listen_socket *s;
    const struct port_claim *claim;
    int pid; /* 0 = not known */
};

struct list {
    const struct port_question *q;
    struct process_users *users;
    VEC(struct row) v;
    bool denied;
};

/* --- which, and whose --- */

static bool is_meant(const struct port_question *q, const struct listen_socket *s)
{
    return !q->port || q->port == s->port;
}

/* The table is sorted by inode, as holders_walk() wants it. */
static void find_holders(struct list *l)
{
    VEC(struct holder) h = {0};
    struct holders_scope scope = {.everywhere = true};
    for (size_t i = 0; i < l->q->table->v.n; i++) {
        const struct listen_socket *s = &l->q->table->v.v[i];
        if (!is_meant(l->q, s))
            continue;
        *vec_add(&h) = (struct holder){.inode = s->inode};
        *vec_add(&l->v) = (struct row){.s = s, .claim = &l->q->claims[i]};
    }
    l->denied = holders_walk(l->q->root, &scope, h.v, h.n);
    for (size_t i = 0; i < h.n; i++)
        l->v.v[i].pid = h.v[i].pid;
    holders_scope_done(&scope);
    vec_done(&h);
}

static const char *owner_of(const struct list *l, int pid)
{
    char cgroup[CGROUP_PATH_MAX];
    const struct owner *o = owners_by_pid(l->q->owners, pid);
    if (!o && cgroup_of_pid(l->q->root, pid, cgroup) == 0)
        o = owners_by_cgroup(l->q->owners, cgroup);
    return o ? o->id : NULL;
}

static const char *service_of(const struct list *l, const struct row *r, const char *name)
{
    if (r->pid == 1 && r->claim->socket_unit)
        return r->claim->socket_unit;
    if (r->claim->container && (!r->pid || listeners_is_proxy(name)))
        return r->claim->container;
    return r->pid ? owner_of(l, r->pid) : NULL;
}

static bool is_loopback(const struct listen_socket *s)
{
    uint32_t v4;
    bool mapped = s->v6 && IN6_IS_ADDR_V4MAPPED(&s->address);
    memcpy(&v4, &s->address.s6_addr[mapped ? 12 : 0], sizeof v4);
    return s->v6 && !mapped ? IN6_IS_ADDR_LOOPBACK(&s->address) : ntohl(v4) >> 24 == 127;
}

/* --- printing --- */

static int compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int by_address = memcmp(&x->s->address, &y->s->address, sizeof x->s->address);
    if (x->s->port != y->s->port)
        return x->s->port < y->s->port ? -1 : 1;
    if (x->s->udp != y->s->udp)
        return x->s->udp ? 1 : -1;
    if (x->s->v6 != y->s->v6)
        return x->s->v6 ? 1 : -1;
    return by_address ? by_address : (x->pid > y->pid) - (x->pid < y->pid);
}

/* Workers that share a port have a socket each. */
static bool is_same(const struct row *a, const struct row *b)
{
    return compare(a, b) == 0;
}

static void print_row(const struct list *l, const struct row *r, struct jw *w)
{
    char address[SOCKET_ADDRESS_SIZE], name[NAME_SIZE] = "";
    int64_t uid = r->pid ? process_uid(l->q->root, r->pid) : -1;
    AUTO(mem_freep) char *user = process_users_name(l->users, uid < 0 ? (int64_t)r->s->uid : uid);
    if (r->pid)
        (void)!kfile_program(name, sizeof name, l->q->root, r->pid);
    jw_object(w);
    jw_key_str(w, "protocol", r->s->udp ? "udp" : "tcp");
    jw_key_str(w, "address", socket_address(r->s, address));
    jw_key_uint(w, "port", r->s->port);
    jw_key_str(w, "scope", is_loopback(r->s) ? "loopback" : "network");
    jw_key(w, "pid");
    if (r->pid)
        jw_int(w, r->pid);
    else
        jw_null(w);
    jw_key_str(w, "name", *name ? name : NULL);
    jw_key_str(w, "user", user);
    jw_key_str(w, "service", service_of(l, r, name));
    jw_end_object(w);
}

static bool has_unknown(const struct list *l)
{
    for (size_t i = 0; i < l->v.n; i++)
        if (!l->v.v[i].pid)
            return true;
    return false;
}

static void print_notes(const struct list *l, struct jw *w)
{
    AUTO(mem_freep) char *none = NULL;
    bool hidden = l->denied && has_unknown(l);
    if (!l->v.n)
        none = l->q->port ? mem_printf("Nobody listens on port %u here.", l->q->port)
                          : mem_strdup("Nobody listens here.");
    jw_key_str(w, "text",
               none     ? none
               : hidden ? "The agent may not see who holds some of them."
                        : NULL);
    jw_key_str(w, "hint",
               hidden ? "Run it as root, or give it CAP_SYS_PTRACE and "
                        "CAP_DAC_READ_SEARCH."
                      : NULL);
}

static void print(struct list *l, struct jw *w)
{
    size_t i = 0;
    jw_object(w);
    jw_key(w, "ports");
    jw_array(w);
    for (; i < l->v.n && w->out->len < LIMIT_PORTS_ANSWER; i++)
        if (i == 0 || !is_same(&l->v.v[i - 1], &l->v.v[i]))
            print_row(l, &l->v.v[i], w);
    jw_end_array(w);
    jw_key_bool(w, "cut", i < l->v.n || l->q->table->v.n >= LIMIT_SOCKETS);
    print_notes(l, w);
    jw_end_object(w);
}

void port_list_print(const struct port_question *q, struct jw *w)
{
    struct list l = {.q = q, .users = process_users_new()};
    process_users_refresh(l.users, q->root);
    find_holders(&l);
    if (l.v.n)
        qsort(l.v.v, l.v.n, sizeof *l.v.v, compare);
    print(&l, w);
    process_users_free(l.users);
    vec_done(&l.v);
}
