#include "rpc/status.h"

#include <nghttp2/nghttp2.h>

#include <errno.h>
#include <stdio.h>

static const char *const names[] = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

struct rpc_status rpc_status_of(enum rpc_code code, const char *fmt, ...)
{
    struct rpc_status s = {.code = code};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s.message, sizeof s.message, fmt, ap);
    va_end(ap);
    return s;
}

const char *rpc_code_name(enum rpc_code code)
{
    return (size_t)code < COUNT_OF(names) ? names[code] : "UNKNOWN";
}

enum rpc_code rpc_code_parse(const char *s, size_t n)
{
    unsigned code = 0;
    if (n == 0 || n > 2)
        return RPC_UNKNOWN;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return RPC_UNKNOWN;
        code = code * 10 + (unsigned)(s[i] - '0');
    }
    return code < COUNT_OF(names) ? (enum rpc_code)code : RPC_UNKNOWN;
}

void rpc_message_print(const char *message, struct str *out)
{
    for (const unsigned char *p = (const unsigned char *)message; *p; p++) {
        if (*p >= 0x20 && *p < 0x7f && *p != '%')
            str_add_char(out, (char)*p);
        else
            str_addf(out, "%%%02X", *p);
    }
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

void rpc_message_parse(const char *s, size_t n, char ret_message[RPC_MESSAGE_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < n && len + 1 < RPC_MESSAGE_MAX; i++) {
        int high = s[i] == '%' && n - i > 2 ? hex_digit(s[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(s[i + 2]) : -1;
        char c = s[i];
        if (low >= 0) {
            c = (char)(high << 4 | low);
            i += 2;
        }
        ret_message[len++] = c ? c : ' ';
    }
    ret_message[len] = '\0';
}

enum rpc_code rpc_code_of_http(int status)
{
    switch (status) {
    case 400:
        return RPC_INTERNAL;
    case 401:
        return RPC_UNAUTHENTICATED;
    case 403:
        return RPC_PERMISSION_DENIED;
    case 404:
        return RPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return RPC_UNAVAILABLE;
    default:
        return RPC_UNKNOWN;
    }
}

enum rpc_code rpc_code_of_reset(uint32_t http2_code)
{
    switch (http2_code) {
    case NGHTTP2_REFUSED_STREAM:
        return RPC_UNAVAILABLE;
    case NGHTTP2_CANCEL:
        return RPC_CANCELLED;
    case NGHTTP2_ENHANCE_YOUR_CALM:
        return RPC_RESOURCE_EXHAUSTED;
    case NGHTTP2_INADEQUATE_SECURITY:
        return RPC_PERMISSION_DENIED;
    default:
        return RPC_INTERNAL;
    }
}

int rpc_timeout_parse(const char *s, size_t n, uint64_t *ret_ms)
{
    static const struct {
        char unit;
        uint64_t ns;
    } units[] = {{'H', 3600000000000}, {'M', 60000000000}, {'S', 1000000000},
                 {'m', 1000000},       {'u', 1000},        {'n', 1}};
    uint64_t v = 0;
    if (n < 2 || n > 9)
        return -EINVAL;
    for (size_t i = 0; i + 1 < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -EINVAL;
        v = v * 10 + (uint64_t)(s[i] - '0');
    }
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (units[i].unit == s[n - 1]) {
            *ret_ms = units[i].ns >= 1000000 ? v * (units[i].ns / 1000000)
                                             : (v * units[i].ns + 999999) / 1000000;
            return 0;
        }
    return -EINVAL;
}

void rpc_timeout_print(uint64_t ms, struct str *out)
{
    enum { MOST = 99999999 };
    if (ms <= MOST)
        str_addf(out, "%um", (unsigned)ms);
    else
        str_addf(out, "%uS", (unsigned)(ms / 1000 < MOST ? ms / 1000 : MOST));
}
