#include "cli/sse.h"

static void dispatch(struct sse_reader *r)
{
    if (r->data.len) {
        struct stream_event event = {.id = str_text(&r->last_id),
                                     .type = r->type.len ? r->type.p : "message",
                                     .data = r->data.p};
        r->ended = !r->on_event(r->arg, &event);
    }
    str_clear(&r->type);
    str_clear(&r->data);
}

static void take_field(struct sse_reader *r, const char *name, const char *value)
{
    if (str_eq(name, "data")) {
        if (r->data.len)
            str_add_char(&r->data, '\n');
        str_add(&r->data, value);
    } else if (str_eq(name, "event")) {
        str_clear(&r->type);
        str_add(&r->type, value);
    } else if (str_eq(name, "id")) {
        str_clear(&r->last_id);
        str_add(&r->last_id, value);
    }
}

static void take_line(struct sse_reader *r)
{
    char *line = r->line.len ? r->line.p : (char *)"";
    if (!*line) {
        dispatch(r);
        return;
    }
    char *colon = strchr(line, ':');
    if (colon == line)
        return; /* a comment: the heartbeat */
    const char *value = "";
    if (colon) {
        *colon = 0;
        value = colon[1] == ' ' ? colon + 2 : colon + 1;
    }
    take_field(r, line, value);
}

bool sse_reader_feed(struct sse_reader *r, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n && !r->ended; i++) {
        if (bytes[i] == '\n') {
            take_line(r);
            str_clear(&r->line);
        } else if (bytes[i] != '\r') {
            str_add_char(&r->line, bytes[i]);
        }
        if (r->line.len + r->data.len > LIMIT_SSE_EVENT)
            r->ended = true;
    }
    return !r->ended;
}

void sse_reader_break(struct sse_reader *r)
{
    str_clear(&r->line);
    str_clear(&r->type);
    str_clear(&r->data);
}

void sse_reader_done(struct sse_reader *r)
{
    str_done(&r->last_id);
    str_done(&r->line);
    str_done(&r->type);
    str_done(&r->data);
}
