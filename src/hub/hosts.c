#include "hub/hosts.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

static void host_name(char *ret_name, size_t size)
{
    if (gethostname(ret_name, size) < 0 || !*ret_name)
        str_copy(ret_name, size, "localhost");
    ret_name[size - 1] = 0;
}

static void add_addresses(struct str_list *l)
{
    struct ifaddrs *all = NULL;
    char text[INET6_ADDRSTRLEN];
    if (getifaddrs(&all) < 0)
        return;
    for (struct ifaddrs *i = all; i; i = i->ifa_next) {
        int family = i->ifa_addr ? i->ifa_addr->sa_family : AF_UNSPEC;
        if (family == AF_INET &&
            inet_ntop(family, &((struct sockaddr_in *)i->ifa_addr)->sin_addr, text, sizeof text))
            str_list_add(l, text);
        if (family == AF_INET6 &&
            inet_ntop(family, &((struct sockaddr_in6 *)i->ifa_addr)->sin6_addr, text, sizeof text))
            str_list_take(l, mem_printf("[%s]", text));
    }
    freeifaddrs(all);
}

void hosts_allowed(const char *setting, struct str_list *ret_hosts)
{
    char name[256];
    host_name(name, sizeof name);
    str_list_split(ret_hosts, setting, ',');
    str_list_add(ret_hosts, name);
    if (!strchr(name, '.'))
        str_list_take(ret_hosts, mem_printf("%s.local", name));
    add_addresses(ret_hosts);
}

static bool is_own(const char *name, const char *own)
{
    size_t n = strcspn(own, ".");
    return strncasecmp(name, own, n) == 0 && (name[n] == 0 || name[n] == '.');
}

static bool has_letters(const char *name)
{
    const char *last = strrchr(name, '.');
    return isalpha((unsigned char)(last ? last[1] : name[0]));
}

void hosts_strict(const char *setting, struct str_list *ret_hosts)
{
    char own[256];
    struct str_list all = {0};
    host_name(own, sizeof own);
    str_list_split(&all, setting, ',');
    for (size_t i = 0; i < all.n; i++)
        if (!strpbrk(all.v[i], "*:[") && has_letters(all.v[i]) && !is_own(all.v[i], own))
            str_list_add(ret_hosts, all.v[i]);
    str_list_done(&all);
}

/* The first address of an interface that is up, IPv4 before IPv6; loopback when there is no other.
 */
static void first_address(char *ret, size_t size)
{
    struct ifaddrs *all = NULL;
    str_copy(ret, size, "127.0.0.1");
    if (getifaddrs(&all) < 0)
        return;
    for (struct ifaddrs *i = all; i; i = i->ifa_next) {
        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || (i->ifa_flags & IFF_LOOPBACK) ||
            !(i->ifa_flags & IFF_RUNNING) || str_starts(i->ifa_name, "docker") ||
            str_starts(i->ifa_name, "br-") || str_starts(i->ifa_name, "veth"))
            continue;
        inet_ntop(AF_INET, &((struct sockaddr_in *)i->ifa_addr)->sin_addr, ret, (socklen_t)size);
        break;
    }
    freeifaddrs(all);
}

static bool has_port(const char *address)
{
    const char *colon = strrchr(address, ':'), *bracket = strrchr(address, ']');
    return colon && colon > bracket && (bracket || strchr(address, ':') == colon);
}

void hosts_agents_address(const char *agents, const char *setting, char *ret_address, size_t size)
{
    const char *port = strrchr(agents, ':');
    char own[INET6_ADDRSTRLEN];
    if (!str_is_empty(setting)) {
        AUTO(mem_freep)
        char *full = mem_printf("%s%s", setting, has_port(setting) || !port ? "" : port);
        str_copy(ret_address, size, full);
        return;
    }
    bool any = *agents == ':' || str_starts(agents, "0.0.0.0:") || str_starts(agents, "[::]:");
    if (any && port) {
        first_address(own, sizeof own);
        AUTO(mem_freep) char *full = mem_printf("%s%s", own, port);
        str_copy(ret_address, size, full);
    } else {
        str_copy(ret_address, size, agents);
    }
}

bool hosts_is_exposed(const char *address)
{
    return !(*address == '/' || str_starts(address, "127.") || str_starts(address, "localhost:") ||
             str_starts(address, "[::1]:"));
}

void hosts_of_socket(int fd, char *ret_address, size_t size)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } a = {0};
    socklen_t len = sizeof a;
    char text[INET6_ADDRSTRLEN];
    *ret_address = 0;
    if (getsockname(fd, &a.any, &len) < 0)
        return;
    if (a.any.sa_family == AF_INET && inet_ntop(AF_INET, &a.v4.sin_addr, text, sizeof text))
        snprintf(ret_address, size, "%s:%u", text, ntohs(a.v4.sin_port));
    if (a.any.sa_family == AF_INET6 && inet_ntop(AF_INET6, &a.v6.sin6_addr, text, sizeof text))
        snprintf(ret_address, size, "[%s]:%u", text, ntohs(a.v6.sin6_port));
    if (a.any.sa_family == AF_UNIX)
        str_copy(ret_address, size, a.local.sun_path);
}

void hosts_node_id(const char *setting, char *ret_id, size_t size)
{
    char name[256];
    if (str_is_empty(setting))
        host_name(name, sizeof name);
    else
        str_copy(name, sizeof name, setting);
    size_t n = 0;
    for (const char *p = name; *p && n + 1 < size; p++) {
        unsigned char c = (unsigned char)*p;
        ret_id[n++] = isalnum(c) || c == '.' || c == '-' ? (char)tolower(c) : '-';
    }
    ret_id[n] = 0;
}
