#include "http/http-private.h"

#include <stdio.h>
#include <time.h>

/* What every answer carries. Strict-Transport-Security only where a proxy speaks TLS for us: see
 * phases.c. */
#define OF_ALL                                                                                     \
    "X-Content-Type-Options: nosniff\r\n"                                                          \
    "X-Frame-Options: DENY\r\n"                                                                    \
    "Cross-Origin-Resource-Policy: same-origin\r\n"

/* And what governs a document: its links, its window, its devices. Data opens none. */
static const char of_pages[] = OF_ALL "Referrer-Policy: no-referrer\r\n"
                                      "Cross-Origin-Opener-Policy: same-origin\r\n"
                                      "Permissions-Policy: camera=(), geolocation=(), "
                                      "microphone=(), payment=(), usb=()\r\n";

static const char default_policy[] =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

void security_init(struct http_server *s)
{
    const char *policy = s->settings.security_policy;
    s->security_pages = mem_strdup(of_pages);
    s->security =
        mem_printf("%sContent-Security-Policy: %s\r\n", OF_ALL, policy ? policy : default_policy);
    s->security_len = strlen(s->security);
    s->security_pages_len = strlen(s->security_pages);
}

const char *http_security_headers(const struct http_server *s)
{
    return s->security;
}

/* IMF-fixdate (RFC 9110 section 5.6.7), independent of the locale. */
static void print_date(struct http_server *s)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct timespec now;
    struct tm t;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &t);
    int n = snprintf(s->date, sizeof s->date, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                     days[t.tm_wday], t.tm_mday, months[t.tm_mon], t.tm_year + 1900, t.tm_hour,
                     t.tm_min, t.tm_sec);
    s->date_len = (size_t)n;
    s->date_until = uv_now(loop_uv(s->loop)) + 1000 - (uint64_t)now.tv_nsec / 1000000;
}

const char *server_date(struct http_server *s, size_t *ret_len)
{
    if (uv_now(loop_uv(s->loop)) >= s->date_until)
        print_date(s);
    *ret_len = s->date_len;
    return s->date;
}
