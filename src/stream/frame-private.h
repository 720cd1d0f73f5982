/* The bytes of one SSE event, written once and shared by reference count between the log, the
 * stream threads' windows and the few sockets that are in the middle of it. Immutable once shared.
 * Any thread. */
#pragma once

#include "stream/event-log.h"

#include <stdatomic.h>

struct event_frame {
    atomic_uint refs;
    uint32_t len;
    const char *text;     /* in `room`, behind what the id did not need */
    uint64_t sequence;    /* its place in the log; 0 = never in a log (resync, goodbye) */
    uint64_t resource;    /* event_topics_hash(), 0 = about no resource */
    uint64_t permissions; /* what a reader must have */
    enum event_class topic;
    char room[];
};

/* "event: type", the data as `data:` lines, the blank line; no id yet. NULL when memory is out. */
struct event_frame *event_frame_new(const char *type, const char *data, size_t len) MUST_CHECK;

/* Puts "id: epoch-sequence" in front. Once, before the frame is shared. */
void event_frame_set_id(struct event_frame *f, uint64_t epoch, uint64_t sequence);

/* Bytes as they are. */
struct event_frame *event_frame_verbatim(const char *text, size_t len);

struct event_frame *event_frame_ref(struct event_frame *f);
void event_frame_unref(struct event_frame *f);
DEFINE_FREEP(struct event_frame, event_frame_unref)
