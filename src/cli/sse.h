/* Server-sent events (WHATWG HTML §9.2), read from pieces of any size. Pure. */
#pragma once

#include "cli/client.h"

enum { LIMIT_SSE_EVENT = 32 << 20 };

/* Zero-initialise but for on_event and arg. */
struct sse_reader {
    bool (*on_event)(void *arg, const struct stream_event *event);
    void *arg;
    struct str last_id; /* to resume from */
    struct str line, type, data;
    bool ended; /* on_event said so, or an event was too large */
};

/* Returns false once the reader has ended. */
bool sse_reader_feed(struct sse_reader *r, const char *bytes, size_t n);
void sse_reader_break(
    struct sse_reader *r); /* the connection ended: what is half-read is dropped */
void sse_reader_done(struct sse_reader *r);
