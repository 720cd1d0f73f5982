#include "http/http-private.h"

struct status {
    int code;
    const char *reason, *line;
    size_t len;
};

#define STATUS(code, reason)                                                                       \
    {                                                                                              \
        code, reason, "HTTP/1.1 " #code " " reason "\r\n",                                         \
            sizeof("HTTP/1.1 " #code " " reason "\r\n") - 1                                        \
    }

/* RFC 9110 section 15; the most frequent first. */
static const struct status statuses[] = {
    STATUS(200, "OK"),
    STATUS(304, "Not Modified"),
    STATUS(204, "No Content"),
    STATUS(201, "Created"),
    STATUS(202, "Accepted"),
    STATUS(206, "Partial Content"),
    STATUS(301, "Moved Permanently"),
    STATUS(302, "Found"),
    STATUS(303, "See Other"),
    STATUS(307, "Temporary Redirect"),
    STATUS(308, "Permanent Redirect"),
    STATUS(400, "Bad Request"),
    STATUS(401, "Unauthorized"),
    STATUS(403, "Forbidden"),
    STATUS(404, "Not Found"),
    STATUS(405, "Method Not Allowed"),
    STATUS(406, "Not Acceptable"),
    STATUS(408, "Request Timeout"),
    STATUS(409, "Conflict"),
    STATUS(410, "Gone"),
    STATUS(411, "Length Required"),
    STATUS(412, "Precondition Failed"),
    STATUS(413, "Content Too Large"),
    STATUS(414, "URI Too Long"),
    STATUS(415, "Unsupported Media Type"),
    STATUS(417, "Expectation Failed"),
    STATUS(421, "Misdirected Request"),
    STATUS(422, "Unprocessable Content"),
    STATUS(423, "Locked"),
    STATUS(428, "Precondition Required"),
    STATUS(429, "Too Many Requests"),
    STATUS(431, "Request Header Fields Too Large"),
    STATUS(500, "Internal Server Error"),
    STATUS(501, "Not Implemented"),
    STATUS(502, "Bad Gateway"),
    STATUS(503, "Service Unavailable"),
    STATUS(504, "Gateway Timeout"),
    STATUS(505, "HTTP Version Not Supported"),
    STATUS(507, "Insufficient Storage"),
};

/* An unlisted one is a mistake of ours and said as such. */
static const struct status *find(int code)
{
    const struct status *fallback = NULL;
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        if (statuses[i].code == code)
            return &statuses[i];
        if (statuses[i].code == 500)
            fallback = &statuses[i];
    }
    return fallback;
}

const char *status_line(int status, size_t *ret_len)
{
    const struct status *s = find(status);
    *ret_len = s->len;
    return s->line;
}

const char *status_reason(int status)
{
    return find(status)->reason;
}
