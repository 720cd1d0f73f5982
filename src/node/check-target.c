#include "node/check-private.h"

#include "node/docker.h"
#include "node/line.h"
#include "node/listeners.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>

static int parse_port(const char *text, uint16_t *ret_port)
{
    uint64_t v;
    if (str_to_u64(text, &v) < 0 || v == 0 || v > UINT16_MAX)
        return -EINVAL;
    *ret_port = (uint16_t)v;
    return 0;
}

int check_split_host(const char *text, uint16_t port, char ret_host[CHECK_HOST_SIZE],
                     uint16_t *ret_port)
{
    const char *host = text, *end, *rest;
    if (*text == '[') { /* [::1]:80 */
        host = text + 1;
        end = strchr(host, ']');
        if (!end)
            return -EINVAL;
        rest = end + 1;
    } else {
        rest = strrchr(text, ':');
        if (!rest || strchr(text, ':') != rest) /* none, or a bare IPv6 address */
            rest = text + strlen(text);
        end = rest;
    }
    size_t n = (size_t)(end - host);
    if (n == 0 || n >= CHECK_HOST_SIZE || (*rest && *rest != ':'))
        return -EINVAL;
    if (*rest && parse_port(rest + 1, &port) < 0)
        return -EINVAL;
    if (!port)
        return -EINVAL;
    memcpy(ret_host, host, n);
    ret_host[n] = 0;
    *ret_port = port;
    return 0;
}

int check_split_url(const char *url, char ret_host[CHECK_HOST_SIZE], uint16_t *ret_port)
{
    bool https = str_starts(url, "https://");
    char authority[CHECK_HOST_SIZE + 16];
    if (!https && !str_starts(url, "http://"))
        return -EINVAL;
    const char *p = url + (https ? 8 : 7);
    size_t n = strcspn(p, "/?#");
    const char *at = memrchr(p, '@', n);
    if (at) {
        n -= (size_t)(at + 1 - p);
        p = at + 1;
    }
    if (n >= sizeof authority)
        return -EINVAL;
    memcpy(authority, p, n);
    authority[n] = 0;
    return check_split_host(authority, https ? 443 : 80, ret_host, ret_port);
}

/* "401" or "200-399" */
static bool parse_range(const char *text, int *ret_low, int *ret_high)
{
    unsigned low, high;
    int n = 0;
    if (sscanf(text, "%3u-%3u%n", &low, &high, &n) != 2 || text[n]) {
        n = 0;
        if (sscanf(text, "%3u%n", &low, &n) != 1 || text[n])
            return false;
        high = low;
    }
    *ret_low = (int)low;
    *ret_high = (int)high;
    return true;
}

bool check_status_in(const char *set, int status)
{
    struct str_list ranges = {0};
    bool in = false;
    str_list_split(&ranges, set ? set : "200-399", ',');
    for (size_t i = 0; i < ranges.n && !in; i++) {
        int low, high;
        in = parse_range(ranges.v[i], &low, &high) && status >= low && status <= high;
    }
    str_list_done(&ranges);
    return in;
}

static bool is_own_address(const char *host)
{
    uv_interface_address_t *v;
    int n;
    bool own = false;
    if (uv_interface_addresses(&v, &n) < 0)
        return false;
    for (int i = 0; i < n && !own; i++) {
        char text[INET6_ADDRSTRLEN] = "";
        if (v[i].address.address4.sin_family == AF_INET)
            uv_ip4_name(&v[i].address.address4, text, sizeof text);
        else
            uv_ip6_name(&v[i].address.address6, text, sizeof text);
        own = str_eq(text, host);
    }
    uv_free_interface_addresses(v, n);
    return own;
}

bool check_host_is_local(const char *host)
{
    char name[CHECK_HOST_SIZE] = "";
    if (str_eq_nocase(host, "localhost") || str_starts(host, "127.") || str_eq(host, "::1"))
        return true;
    if (gethostname(name, sizeof name - 1) == 0 && str_eq_nocase(host, name))
        return true;
    return is_own_address(host);
}

char *check_page_title(const char *body, size_t len)
{
    static const char open[] = "<title", close[] = "</title";
    struct str text = {0};
    char *title = NULL;
    str_add_n(&text, body, len < LIMIT_CHECK_BODY ? len : LIMIT_CHECK_BODY);
    const char *start = text.len ? strcasestr(text.p, open) : NULL;
    start = start ? strchr(start, '>') : NULL;
    const char *end = start ? strcasestr(start, close) : NULL;
    if (end)
        title = one_line(start + 1, (size_t)(end - start) - 1);
    str_done(&text);
    if (title && strlen(title) > 80)
        title[80] = 0;
    return title;
}

static bool names(const char *id, const char *expected)
{
    const char *slash = id ? strchr(id, '/') : NULL;
    if (!slash)
        return false;
    size_t n = strlen(expected);
    return strncmp(slash + 1, expected, n) == 0 &&
           (slash[1 + n] == 0 || str_eq(slash + 1 + n, ".service") || slash[1 + n] == ':');
}

bool check_owner_fits(struct node *n, const char *expected, const char *host, uint16_t port,
                      char *ret_found, size_t size)
{
    int pid = 0;
    if (str_is_empty(expected) || !check_host_is_local(host))
        return true;
    const struct observed *container = docker_publisher(n, port, false);
    const char *process = listeners_process(n, port, &pid), *service = listeners_owner(n, port);
    if (!container && !process)
        return true;
    const char *found = container ? container->name : process;
    if (str_eq(found, expected) || str_eq(process, expected) || names(service, expected))
        return true;
    if (container)
        snprintf(ret_found, size, "the container %s", container->name);
    else
        snprintf(ret_found, size, "%s (process %d)", process, pid);
    return false;
}
