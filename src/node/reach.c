#include "node/reach.h"

#include "node/check-private.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>

/* --- orders --- */

/* Names and addresses: no ranges, no zones, no words of a command. */
static bool is_host(const char *text)
{
    for (const char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr(".-_:", *p))
            return false;
    return *text && *text != '-';
}

static int parse_numbers(const char *text, struct reach_order *o)
{
    AUTO(str_list_done) struct str_list words = {0};
    uint64_t v[2] = {0};
    str_list_split(&words, text, ' ');
    if (words.n > COUNT_OF(v))
        return -EINVAL;
    for (size_t i = 0; i < words.n; i++)
        if (str_to_u64(words.v[i], &v[i]) < 0)
            return -EINVAL;
    if (v[0] > UINT16_MAX || v[1] > LIMIT_REACH_TRIES)
        return -EINVAL;
    if (v[0])
        o->port = (uint16_t)v[0];
    if (v[1])
        o->tries = (unsigned)v[1];
    return 0;
}

int reach_order_parse(const char *target, const char *argument, struct err *e,
                      struct reach_order *ret_o)
{
    struct reach_order o = {.tries = REACH_TRIES};
    uint16_t any;
    if ((check_split_host(target, 0, o.host, &o.port) < 0 &&
         check_split_host(target, 1, o.host, &any) < 0) ||
        !is_host(o.host))
        return err_set(e, -EINVAL, "“%.100s” is not a host: say a name, an address or HOST:PORT.",
                       target);
    if (parse_numbers(argument, &o) < 0)
        return err_set(e, -EINVAL,
                       "A port is a number up to 65535, and there are at most %d tries.",
                       LIMIT_REACH_TRIES);
    *ret_o = o;
    return 0;
}

/* --- addresses --- */

static const char *special_v4(uint32_t a)
{
    if (a >> 24 == 0)
        return "stands for any";
    if (a >> 16 == 0xa9fe)
        return "is link-local";
    if (a == 0x646464c8 || a == 0xa83f8110) /* 100.100.100.200, 168.63.129.16 */
        return "is a cloud's own";
    return a >> 28 >= 0xe ? "belongs to no single machine" : NULL;
}

static const char *special_v6(const struct in6_addr *a)
{
    static const struct in6_addr metadata = {{{0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54}}};
    static const struct in6_addr nat64 = {{{0x00, 0x64, 0xff, 0x9b}}};
    uint32_t v4;
    memcpy(&v4, &a->s6_addr[12], sizeof v4);
    if (IN6_IS_ADDR_V4MAPPED(a) || memcmp(a, &nat64, 12) == 0)
        return special_v4(ntohl(v4));
    if (a->s6_addr[0] == 0x20 && a->s6_addr[1] == 0x02) { /* 6to4 */
        memcpy(&v4, &a->s6_addr[2], sizeof v4);
        return special_v4(ntohl(v4));
    }
    if (IN6_IS_ADDR_UNSPECIFIED(a))
        return "stands for any";
    if (IN6_IS_ADDR_LINKLOCAL(a))
        return "is link-local";
    if (IN6_IS_ADDR_MULTICAST(a))
        return "belongs to no single machine";
    return memcmp(a, &metadata, sizeof metadata) == 0 ? "is a cloud's own" : NULL;
}

int reach_check_address(const union resolve_address *a, struct err *e)
{
    char text[INET6_ADDRSTRLEN] = "";
    const char *special = a->any.sa_family == AF_INET6 ? special_v6(&a->v6.sin6_addr)
                                                       : special_v4(ntohl(a->v4.sin_addr.s_addr));
    if (!special)
        return 0;
    uv_ip_name(&a->any, text, sizeof text);
    return err_set(e, -EINVAL, "The address %s %s: it is not asked from here.", text, special);
}

/* --- results --- */

const char *reach_result_name(enum reach_result r)
{
    static const char *const names[REACH_RESULTS] = {"reached", "refused", "timed-out",
                                                     "unreachable", "not-resolved"};
    assert((unsigned)r < REACH_RESULTS);
    return names[r];
}

enum reach_result reach_result_of(int error)
{
    return error == 0                                     ? REACH_REACHED
           : error == ECONNREFUSED || error == ECONNRESET ? REACH_REFUSED
           : error == ETIMEDOUT                           ? REACH_TIMED_OUT
                                                          : REACH_UNREACHABLE;
}

static unsigned count_of(const struct reach_answer *a, enum reach_result r)
{
    unsigned n = 0;
    for (unsigned i = 0; i < a->n; i++)
        n += a->tries[i].result == r;
    return n;
}

/* Who refuses where a ping was meant is there. */
enum reach_result reach_answer_result(const struct reach_answer *a)
{
    if (!*a->address)
        return REACH_NOT_RESOLVED;
    if (count_of(a, REACH_REACHED))
        return REACH_REACHED;
    if (count_of(a, REACH_REFUSED))
        return a->instead ? REACH_REACHED : REACH_REFUSED;
    return count_of(a, REACH_UNREACHABLE) ? REACH_UNREACHABLE : REACH_TIMED_OUT;
}

struct round_trips {
    unsigned n;
    double min, max, sum;
};

static struct round_trips measure(const struct reach_answer *a)
{
    struct round_trips t = {0};
    for (unsigned i = 0; i < a->n; i++) {
        double ms = a->tries[i].ms;
        if (isnan(ms))
            continue;
        t.min = t.n == 0 || ms < t.min ? ms : t.min;
        t.max = ms > t.max ? ms : t.max;
        t.sum += ms;
        t.n++;
    }
    return t;
}

static const char *reason_of(const struct reach_answer *a)
{
    for (unsigned i = 0; i < a->n; i++)
        if (a->tries[i].result == REACH_UNREACHABLE && a->tries[i].error)
            return strerror(a->tries[i].error);
    return "no route";
}

static char *sentence(const struct reach_order *o, const struct reach_answer *a)
{
    struct round_trips t = measure(a);
    bool pinged = !a->port || a->instead;
    AUTO(mem_freep)
    char *what = pinged ? mem_strdup(o->host) : mem_printf("%s, port %u,", o->host, a->port);
    switch (reach_answer_result(a)) {
    case REACH_REACHED:
        return mem_printf("%s answers: %u of %u, on average in %.1f ms.", what, t.n, a->n,
                          t.sum / t.n);
    case REACH_REFUSED:
        return mem_printf("%s refuses connections, so the host is there: nobody listens on that "
                          "port, or a firewall rejects it.",
                          what);
    case REACH_TIMED_OUT:
        return mem_printf("%s does not answer: it is off, or a firewall lets nothing through.",
                          what);
    case REACH_UNREACHABLE:
        return mem_printf("%s can't be reached from here: %s.", what, reason_of(a));
    case REACH_NOT_RESOLVED:
    case REACH_RESULTS:
        break;
    }
    return mem_printf("This node does not know the name %s: correct it, or what its name server "
                      "is told.",
                      o->host);
}

/* --- printing --- */

static void key_ms(struct jw *w, const char *key, double ms)
{
    jw_key(w, key);
    jw_fixed(w, ms, 3);
}

static void print_tries(const struct reach_answer *a, struct jw *w)
{
    jw_key(w, "tries");
    jw_array(w);
    for (unsigned i = 0; i < a->n; i++) {
        const struct reach_try *t = &a->tries[i];
        jw_object(w);
        jw_key_uint(w, "number", i + 1);
        jw_key_str(w, "result", reach_result_name(t->result));
        key_ms(w, "ms", t->ms);
        jw_key_str(w, "why", t->error ? strerror(t->error) : NULL);
        jw_end_object(w);
    }
    jw_end_array(w);
}

void reach_print(const struct reach_order *o, const struct reach_answer *a, struct jw *w)
{
    struct round_trips t = measure(a);
    AUTO(mem_freep) char *text = sentence(o, a);
    jw_object(w);
    jw_key_str(w, "host", o->host);
    jw_key_str(w, "address", *a->address ? a->address : NULL);
    jw_key_str(w, "method", a->port ? "tcp" : "icmp");
    jw_key(w, "port");
    if (a->port)
        jw_uint(w, a->port);
    else
        jw_null(w);
    jw_key_str(w, "result", reach_result_name(reach_answer_result(a)));
    jw_key_str(w, "text", text);
    jw_key_str(w, "hint",
               a->instead ? "This node may not ping, so it connected to port 22. To let it: sysctl "
                            "net.ipv4.ping_group_range=\"0 2147483647\"."
                          : NULL);
    jw_key_uint(w, "sent", a->n);
    jw_key_uint(w, "answered", t.n);
    jw_key(w, "loss");
    jw_fixed(w, a->n ? 100.0 * (a->n - t.n) / a->n : (double)NAN, 1);
    key_ms(w, "min_ms", t.n ? t.min : (double)NAN);
    key_ms(w, "avg_ms", t.n ? t.sum / t.n : (double)NAN);
    key_ms(w, "max_ms", t.n ? t.max : (double)NAN);
    print_tries(a, w);
    jw_end_object(w);
}
