/* Warnings that need a look at several services at once: copies, ports with two claimants, ports
 * other than expected, checks that ask somebody else. Runs when the structure changed. */
#include "cluster/model.h"

#include <stdio.h>
#include <stdlib.h>

struct claim {
    struct live_service *s;
    const struct observed_port *port;
};

static int by_port(const void *a, const void *b)
{
    const struct claim *x = a, *y = b;
    if (x->s->node != y->s->node)
        return x->s->node < y->s->node ? -1 : 1;
    if (x->port->udp != y->port->udp)
        return x->port->udp ? 1 : -1;
    return x->port->port - y->port->port;
}

static bool is_any(const char *address)
{
    return str_is_empty(address) || str_eq(address, "0.0.0.0") || str_eq(address, "::") ||
           str_eq(address, "*");
}

static bool addresses_meet(const char *a, const char *b)
{
    return is_any(a) || is_any(b) || str_eq(a, b);
}

void warnings_clear(struct live_service *s)
{
    for (size_t i = 0; i < s->warnings.n; i++) {
        mem_free(s->warnings.v[i].text);
        mem_free(s->warnings.v[i].other);
    }
    vec_done(&s->warnings);
}

static bool has_warning(const struct live_service *s, const char *text)
{
    for (size_t i = 0; i < s->warnings.n; i++)
        if (str_eq(s->warnings.v[i].text, text))
            return true;
    return false;
}

/* Takes `text`. */
static struct warning *warn(struct live_service *s, enum warning_kind kind, char *text)
{
    static struct warning told_already;
    if (has_warning(s, text)) {
        mem_free(text);
        return &told_already;
    }
    struct warning *w = vec_add(&s->warnings);
    *w = (struct warning){.kind = kind, .text = text};
    return w;
}

static void warn_claim(const struct claim *of, const struct claim *other, bool second)
{
    struct warning *w =
        warn(of->s, WARNING_PORT,
             mem_printf("Port %u is also claimed by %s.", of->port->port, other->s->who.name));
    w->port = of->port->port;
    w->second = second;
}

static void warn_pair(const struct claim *a, const struct claim *b)
{
    if (a->s == b->s || !addresses_meet(a->port->address, b->port->address))
        return;
    warn_claim(a, b, false);
    warn_claim(b, a, true);
}

/* Every container, also a stopped one, claims what it publishes: the next start would fail. */
static void warn_ports(struct cluster *c)
{
    VEC(struct claim) claims = {0};
    SERVICES_FOREACH(c, s)
    {
        for (size_t i = 0; s->seen && i < s->seen->ports.n; i++)
            *vec_add(&claims) = (struct claim){s, &s->seen->ports.v[i]};
    }
    if (claims.n)
        qsort(claims.v, claims.n, sizeof claims.v[0], by_port);
    for (size_t i = 1; i < claims.n; i++)
        for (size_t j = i; j-- > 0 && by_port(&claims.v[i], &claims.v[j]) == 0;)
            warn_pair(&claims.v[j], &claims.v[i]);
    vec_done(&claims);
}

/* Several databases on a machine are usual; a second model server or media server is not meant. */
static bool may_be_many(const struct integration *i)
{
    return str_eq(i->group, "Data") || str_eq(i->group, "System") || str_eq(i->group, "Network") ||
           str_eq(i->group, "Monitoring");
}

static bool is_script(const char *word, size_t n)
{
    static const char *const ends[] = {".py", ".js", ".mjs", ".jar", ".rb", ".sh", NULL};
    for (const char *const *p = ends; *p; p++)
        if (n > strlen(*p) && !strncmp(word + n - strlen(*p), *p, strlen(*p)))
            return true;
    return false;
}

/* Length of "program script.py" at the start of a command; 0 when no script is run. */
static size_t script_length(const char *command)
{
    size_t program = strcspn(command, " ");
    if (!command[program])
        return 0;
    size_t script = strcspn(command + program + 1, " ");
    return is_script(command + program + 1, script) ? program + 1 + script : 0;
}

/* A native program that runs twice: the same command, or the same script with other options. */
static bool same_command(const struct observed *a, const struct observed *b)
{
    if (!a->command || !b->command || a->kind == OBSERVED_CONTAINER ||
        b->kind == OBSERVED_CONTAINER)
        return false;
    size_t script = script_length(a->command);
    bool same_script =
        script && script == script_length(b->command) && !strncmp(a->command, b->command, script);
    return same_script || (a->kind == b->kind && str_eq(a->command, b->command));
}

static bool is_copy(const struct live_service *a, const struct live_service *b)
{
    if (a == b || !a->seen || !b->seen || a->node != b->node || a->seen->run != RUN_RUNNING ||
        b->seen->run != RUN_RUNNING)
        return false;
    bool together = a->seen->project && str_eq(a->seen->project, b->seen->project);
    if (a->kind && a->kind == b->kind && !together && !may_be_many(a->kind))
        return true;
    return same_command(a->seen, b->seen);
}

static void warn_copy(struct live_service *a, const struct live_service *b)
{
    struct warning *w = warn(a, WARNING_COPY, mem_printf("A second copy runs: %s.", b->id));
    w->other = mem_strdup(b->id);
    w->second = strcmp(a->id, b->id) > 0;
}

static void warn_copies(struct cluster *c)
{
    SERVICES_FOREACH(c, a)
    {
        if (!a->kind && !(a->seen && a->seen->command))
            continue;
        SERVICES_FOREACH(c, b)
        {
            if (is_copy(a, b))
                warn_copy(a, b);
        }
    }
}

static const struct observed_port *first_tcp(const struct observed *o)
{
    for (size_t i = 0; i < o->ports.n; i++)
        if (!o->ports.v[i].udp)
            return &o->ports.v[i];
    return NULL;
}

/* A native service somewhere else than it usually is: a fallback port, or the wrong guess. */
static void warn_unexpected(struct live_service *s)
{
    if (!s->seen || !s->kind || !s->kind->ports || s->seen->kind == OBSERVED_CONTAINER)
        return;
    const struct observed_port *p = first_tcp(s->seen);
    if (!p)
        return;
    for (size_t i = 0; i < s->seen->ports.n; i++)
        if (catalogue_has_port(s->kind, s->seen->ports.v[i].port))
            return;
    warn(s, WARNING_UNEXPECTED,
         mem_printf("Listens on port %u; %s usually listens on %u.", p->port, s->kind->name,
                    s->kind->ports[0]));
}

/* The port in "http://host:8080/…" or "host:8080"; 0 when the host is not this machine. */
static unsigned asked_port(const struct check_spec *spec)
{
    const char *p = spec->target;
    bool https = str_starts(p, "https://");
    if (spec->kind == CHECK_HTTP)
        p += https ? 8 : 7;
    size_t host = strcspn(p, ":/");
    bool local = (host == 9 && !strncmp(p, "localhost", 9)) || !strncmp(p, "127.", 4);
    if (!local)
        return 0;
    if (p[host] == ':')
        return (unsigned)strtoul(p + host + 1, NULL, 10);
    return https ? 443 : 80;
}

static bool has_port(const struct live_service *s, unsigned port)
{
    for (size_t i = 0; s->seen && i < s->seen->ports.n; i++)
        if (!s->seen->ports.v[i].udp && s->seen->ports.v[i].port == port)
            return true;
    return false;
}

/* A check that a person set for a discovered service must ask a port of that service. */
static void find_asked(struct cluster *c, struct live_service *s)
{
    mem_set_str(&s->check_asks, NULL);
    if (!s->seen || !s->check.wanted || s->check.automatic ||
        (s->check.spec.kind != CHECK_HTTP && s->check.spec.kind != CHECK_TCP))
        return;
    unsigned port = asked_port(&s->check.spec);
    if (!port || has_port(s, port))
        return;
    SERVICES_FOREACH(c, other)
    {
        if (other != s && other->node == s->node && has_port(other, port)) {
            mem_set_str(&s->check_asks, other->who.name);
            warn(s, WARNING_ASKS,
                 mem_printf("Its check asks port %u, which belongs to %s.", port, other->who.name));
        }
    }
}

void warn_rebuild(struct cluster *c)
{
    SERVICES_FOREACH(c, s)
    {
        warnings_clear(s);
        warn_unexpected(s);
        find_asked(c, s);
    }
    warn_ports(c);
    warn_copies(c);
}
