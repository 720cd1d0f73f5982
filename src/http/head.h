/* The head of a request: request line and header fields (RFC 9112).
 *
 * llhttp parses; this adds what it lets pass: every byte is checked, framing is unambiguous or the
 * request is refused. Pure: no I/O. A head is looked at in two steps: head_find() waits for its end
 * in bytes that arrive piecemeal, head_parse() takes it apart in place. */
#pragma once

#include "base/mem.h"

struct http_field {
    char *name, *value; /* NUL-terminated; the value without white space around */
    uint16_t name_len, value_len;
};

/* Fields that the server itself reads; head.known[] has the first of each. */
enum head_known {
    HEAD_HOST,
    HEAD_ORIGIN,
    HEAD_COOKIE,
    HEAD_EXPECT,
    HEAD_CONTENT_LENGTH,
    HEAD_TRANSFER_ENCODING,
    HEAD_ACCEPT_ENCODING,
    HEAD_IF_NONE_MATCH,
    HEAD_X_FORWARDED_FOR,
    HEAD_X_FORWARDED_PROTO,
    HEAD_X_FORWARDED_HOST,
    HEAD_KNOWN_COUNT,
};

struct head {
    const char *method; /* static */
    char *target;       /* NUL-terminated, not decoded */
    size_t target_len;
    bool minor_1;    /* HTTP/1.1; else HTTP/1.0 */
    bool keep_alive; /* the peer wants the connection to stay */
    bool chunked;
    bool has_length;
    uint64_t length; /* Content-Length */
    const struct http_field *known[HEAD_KNOWN_COUNT];
    unsigned repeated;         /* bits of those that stand more than once */
    struct http_field *fields; /* the caller's memory, max_fields of them */
    unsigned n_fields, max_fields;
};

/* Looks for the end of the head in bytes[0 … len). *scanned is where the line begins that was not
 * complete last time (0 at first). Returns the head's length, 0 when more is needed, -EBADMSG for
 * what can't become a head (a bare LF, a first byte that begins no method), -E2BIG over `max`. */
int64_t head_find(const char *bytes, size_t len, size_t max, size_t *scanned) MUST_CHECK;

/* Takes a complete head apart; `bytes` is changed and must outlive `h`. 0, or the HTTP status to
 * refuse it with: 400, 417, 431, 501, 505; then *ret_why is a sentence (static). */
int head_parse(struct head *h, char *bytes, size_t len, const char **ret_why) MUST_CHECK;

/* The first field of that name (any case), NULL when there is none. */
const struct http_field *head_field(const struct head *h, const char *name, size_t name_len);
