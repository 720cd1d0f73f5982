/* HTTP/1 answers (RFC 9112), as they arrive. Pure; for http-plain.c and its tests.
 *
 * Lenient where servers are sloppy and nothing hangs on it (bare LF, no reason phrase, HTTP/1.0);
 * strict where lengths are concerned. */
#pragma once

#include "base/str.h"

enum {
    LIMIT_ANSWER_LINE = 16 << 10,
    LIMIT_ANSWER_HEAD = 64 << 10,
};

enum answer_state {
    ANSWER_STATUS,     /* before or in the status line */
    ANSWER_HEADERS,    /* header lines */
    ANSWER_LENGTH,     /* body, `left` bytes of it to come */
    ANSWER_CHUNK_SIZE, /* the line before a chunk */
    ANSWER_CHUNK,      /* `left` bytes of it to come */
    ANSWER_CHUNK_END,  /* the line end after it */
    ANSWER_TRAILERS,   /* after the last chunk */
    ANSWER_TO_CLOSE,   /* body until the connection is closed */
    ANSWER_DONE,
};

struct answer_parser {
    /* Callbacks; false stops the parser. NULL = not of interest. */
    bool (*on_head)(void *arg);
    bool (*on_body)(void *arg, const char *bytes, size_t n);
    void *arg;
    bool head_only; /* the answer to a HEAD request: no body follows */
    /* What was read so far. */
    enum answer_state state;
    int status;
    char *location; /* NULL = none */
    bool chunked, has_length;
    uint64_t left;
    size_t head_bytes;
    struct str line; /* unfinished */
};

/* 0 = more is expected; 1 = the answer is complete; -EBADMSG, -E2BIG; -ECANCELED: a callback said
 * so. */
int answer_feed(struct answer_parser *p, const char *bytes, size_t n) MUST_CHECK;
/* The connection was closed: 1 = that was the end of the body; -ECONNRESET. */
int answer_close(struct answer_parser *p) MUST_CHECK;
void answer_parser_done(struct answer_parser *p);
