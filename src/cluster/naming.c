#include "cluster/naming.h"

#include "cluster/label.h"

#include <ctype.h>
#include <stdio.h>

void identity_done(struct identity *i)
{
    mem_free(i->name);
    mem_free(i->group);
    mem_free(i->icon);
    mem_free(i->url);
    mem_free(i->description);
    *i = (struct identity){0};
}

static const char *label_of(const struct observed *o, const char *key)
{
    return o ? label_get(o->labels.v, o->labels.n, key) : NULL;
}

/* The first text that is one; takes what people set before what labels say. */
static char *first_text(const char *const *candidates, size_t n, size_t max)
{
    for (size_t i = 0; i < n; i++) {
        char *text = label_text(candidates[i], max);
        if (text)
            return text;
    }
    return NULL;
}

/* A unit without ".service"; anything else as its engine calls it. */
static char *engine_name(const struct observed *o)
{
    size_t n = strlen(o->name);
    if (o->kind == OBSERVED_UNIT && str_ends(o->name, ".service"))
        n -= strlen(".service");
    char *cut = mem_strndup(o->name, n);
    char *script = o->kind == OBSERVED_PROCESS ? naming_script(o->name, o->command) : NULL;
    char *both = script ? mem_printf("%s (%s)", script, cut) : NULL;
    char *name = label_text(both ? both : cut, LIMIT_NAME);
    mem_free(both);
    mem_free(script);
    mem_free(cut);
    return name ? name : mem_strdup(o->id);
}

static char *make_name(const struct observed *o, const struct service_record *r)
{
    const char *candidates[] = {r ? r->name : NULL, label_of(o, "hydra.name"),
                                label_of(o, "homepage.name")};
    char *name = first_text(candidates, COUNT_OF(candidates), LIMIT_NAME);
    if (name)
        return name;
    return o ? engine_name(o) : mem_strdup(r ? r->id : "?");
}

/* "media-stack" to "Media stack": a project's name as a heading. */
static char *project_group(const char *project)
{
    char *group = label_text(project, LIMIT_NAME);
    if (!group)
        return NULL;
    for (char *p = group; *p; p++)
        if (*p == '-' || *p == '_')
            *p = ' ';
    group[0] = (char)toupper((unsigned char)group[0]);
    return group;
}

static const char *kind_group(const struct observed *o)
{
    if (!o)
        return "Other";
    switch (o->kind) {
    case OBSERVED_CONTAINER:
        return "Containers";
    case OBSERVED_UNIT:
        return "System";
    case OBSERVED_PROCESS:
        break;
    }
    return "Processes";
}

static char *make_group(const struct observed *o, const struct integration *kind,
                        const struct service_record *r)
{
    const char *candidates[] = {r ? r->group : NULL, label_of(o, "hydra.group"),
                                label_of(o, "homepage.group"), kind ? kind->group : NULL};
    char *group = first_text(candidates, COUNT_OF(candidates), LIMIT_NAME);
    if (!group && o && o->project)
        group = project_group(o->project);
    return group ? group : mem_strdup(kind_group(o));
}

static char *make_icon(const struct observed *o, const struct integration *kind,
                       const struct service_record *r)
{
    const char *candidates[] = {r ? r->icon : NULL, label_of(o, "hydra.icon"),
                                label_of(o, "homepage.icon"), kind ? kind->icon : NULL};
    char icon[ICON_SIZE];
    for (size_t i = 0; i < COUNT_OF(candidates); i++)
        if (label_icon(candidates[i], icon))
            return mem_strdup(icon);
    return NULL;
}

static char *make_description(const struct observed *o, const struct service_record *r)
{
    const char *candidates[] = {r ? r->description : NULL, label_of(o, "hydra.description"),
                                label_of(o, "homepage.description"), o ? o->description : NULL,
                                label_of(o, "org.opencontainers.image.description")};
    return first_text(candidates, COUNT_OF(candidates), LIMIT_DESCRIPTION);
}

/* Ports that never speak HTTP: no link, no HTTP check. */
static bool is_plain_port(uint16_t port)
{
    static const uint16_t plain[] = {21,   22,   25,   53,   110,  111,   139,   143,
                                     445,  465,  587,  993,  995,  1883,  2049,  3306,
                                     3389, 5432, 5433, 5672, 6379, 11211, 27017, 51820};
    for (size_t i = 0; i < COUNT_OF(plain); i++)
        if (plain[i] == port)
            return true;
    return false;
}

static uint16_t own_port(const struct observed_port *p)
{
    return p->inner ? p->inner : p->port;
}

const struct observed_port *naming_web_port(const struct observed *o,
                                            const struct integration *kind)
{
    for (const uint16_t *want = kind ? kind->ports : NULL; want && *want; want++)
        for (size_t i = 0; i < o->ports.n; i++)
            if (!o->ports.v[i].udp && own_port(&o->ports.v[i]) == *want && !is_plain_port(*want))
                return &o->ports.v[i];
    for (size_t i = 0; i < o->ports.n; i++)
        if (!o->ports.v[i].udp && !is_plain_port(own_port(&o->ports.v[i])))
            return &o->ports.v[i];
    return NULL;
}

const char *naming_scheme(const struct observed_port *p)
{
    static const uint16_t tls[] = {443, 8443, 8444, 9443, 8006, 8007, 6443, 11443};
    for (size_t i = 0; i < COUNT_OF(tls); i++)
        if (own_port(p) == tls[i])
            return "https";
    return "http";
}

bool naming_is_loopback(const char *address)
{
    return str_starts(address, "127.") || str_eq(address, "::1");
}

void naming_local_host(const char *address, char *ret, size_t size)
{
    bool any = str_is_empty(address) || str_eq(address, "0.0.0.0") || str_eq(address, "::") ||
               str_eq(address, "*");
    if (any)
        str_copy(ret, size, "localhost");
    else
        snprintf(ret, size, strchr(address, ':') ? "[%s]" : "%s", address);
}

/* What listens on loopback opens only on the machine itself. */
static char *port_link(const struct observed *o, const struct integration *kind,
                       const char *address)
{
    bool opens = kind ? kind->web : o->kind == OBSERVED_CONTAINER;
    const struct observed_port *p = opens ? naming_web_port(o, kind) : NULL;
    if (!p)
        return NULL;
    const char *host = naming_is_loopback(p->address) || !address ? "localhost" : address;
    bool v6 = strchr(host, ':') != NULL;
    return mem_printf("%s://%s%s%s:%u/", naming_scheme(p), v6 ? "[" : "", host, v6 ? "]" : "",
                      p->port);
}

static char *make_url(const struct observed *o, const struct integration *kind,
                      const struct service_record *r, const char *address)
{
    const char *candidates[] = {r ? r->url : NULL, label_of(o, "hydra.url"),
                                label_of(o, "homepage.href")};
    for (size_t i = 0; i < COUNT_OF(candidates); i++)
        if (link_is_safe(candidates[i]))
            return mem_strdup(candidates[i]);
    if (!o)
        return NULL;
    char *url = traefik_link(o->labels.v, o->labels.n);
    if (!url)
        url = unraid_link(label_of(o, "net.unraid.docker.webui"), o, address);
    return url ? url : port_link(o, kind, address);
}

static bool make_hidden(const struct observed *o, const struct service_record *r)
{
    const char *label = label_of(o, "hydra.hide");
    bool hide = false;
    if (r)
        return r->hidden;
    if (label_of(o, "com.docker.compose.oneoff"))
        hide = str_eq_nocase(label_of(o, "com.docker.compose.oneoff"), "true");
    if (label && str_to_bool(label, &hide) < 0)
        return false;
    return hide;
}

void identity_make(const struct observed *seen, const struct integration *kind,
                   const struct service_record *record, const char *address, struct identity *ret)
{
    identity_done(ret);
    ret->name = make_name(seen, record);
    ret->group = make_group(seen, kind, record);
    ret->icon = make_icon(seen, kind, record);
    ret->url = make_url(seen, kind, record, address);
    ret->description = make_description(seen, record);
    ret->hidden = make_hidden(seen, record);
}

static bool is_inner_interface(const char *entry)
{
    static const char *const inner[] = {"lo ", "docker", "br-",     "veth", "virbr",
                                        "cni", "podman", "flannel", "cali", "tailscale",
                                        "wg",  "tun",    NULL};
    for (const char *const *p = inner; *p; p++)
        if (str_starts(entry, *p))
            return true;
    return false;
}

char *naming_address(const struct str_list *addresses)
{
    const char *best = NULL;
    for (size_t i = 0; i < addresses->n; i++) {
        const char *space = strchr(addresses->v[i], ' ');
        if (!space || is_inner_interface(addresses->v[i]))
            continue;
        const char *a = space + 1;
        if (naming_is_loopback(a) || str_starts(a, "169.254.") || str_starts(a, "fe80"))
            continue;
        if (!best || (strchr(best, ':') && !strchr(a, ':')))
            best = a;
    }
    return best ? mem_strndup(best, strcspn(best, "/")) : NULL;
}
