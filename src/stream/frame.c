#include "stream/frame-private.h"

#include <stdio.h>

enum { ID_LINE = sizeof "id: \n" - 1 + EVENT_ID_SIZE };

static struct event_frame *frame_alloc(size_t room)
{
    if (room > UINT32_MAX)
        return NULL;
    struct event_frame *f = mem_try_alloc(sizeof *f + room);
    if (!f)
        return NULL;
    atomic_init(&f->refs, 1);
    f->text = f->room;
    return f;
}

struct event_frame *event_frame_ref(struct event_frame *f)
{
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void event_frame_unref(struct event_frame *f)
{
    if (f && atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1)
        mem_free(f);
}

struct event_frame *event_frame_verbatim(const char *text, size_t len)
{
    struct event_frame *f = mem_alloc(sizeof *f + len);
    atomic_init(&f->refs, 1);
    f->text = memcpy(f->room, text, len);
    f->len = (uint32_t)len;
    return f;
}

/* The next line of *data (CR, LF and CRLF all end one, as in the HTML standard), or false. */
static bool next_line(const char **data, const char *end, const char **ret_line, size_t *ret_len)
{
    const char *p = *data;
    if (!p)
        return false;
    const char *lf = memchr(p, '\n', (size_t)(end - p));
    const char *cr = memchr(p, '\r', (size_t)((lf ? lf : end) - p));
    const char *stop = cr ? cr : lf;
    *ret_line = p;
    *ret_len = (size_t)((stop ? stop : end) - p);
    *data = !stop ? NULL : stop + (cr && stop + 1 < end && stop[1] == '\n' ? 2 : 1);
    return true;
}

static size_t data_size(const char *data, const char *end)
{
    const char *line;
    size_t len, size = 0;
    while (next_line(&data, end, &line, &len))
        size += sizeof "data: \n" - 1 + len;
    return size;
}

static char *put(char *at, const void *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

static char *put_data(char *at, const char *data, const char *end)
{
    const char *line;
    size_t len;
    while (next_line(&data, end, &line, &len)) {
        at = put(at, "data: ", 6);
        at = put(at, line, len);
        *at++ = '\n';
    }
    return at;
}

struct event_frame *event_frame_new(const char *type, const char *data, size_t len)
{
    const char *end = data + len;
    size_t name = strlen(type), size = sizeof "event: \n\n" - 1 + name + data_size(data, end);
    struct event_frame *f = frame_alloc(ID_LINE + size);
    if (!f)
        return NULL;
    char *start = f->room + ID_LINE, *at = put(start, "event: ", 7);
    at = put(at, type, name);
    *at++ = '\n';
    at = put_data(at, data, end);
    *at++ = '\n';
    f->text = start;
    f->len = (uint32_t)(at - start);
    return f;
}

void event_frame_set_id(struct event_frame *f, uint64_t epoch, uint64_t sequence)
{
    char line[ID_LINE];
    int n = snprintf(line, sizeof line, "id: %llu-%llu\n", (unsigned long long)epoch,
                     (unsigned long long)sequence);
    char *start = f->room + ID_LINE - n;
    memcpy(start, line, (size_t)n);
    f->text = start;
    f->len += (uint32_t)n;
    f->sequence = sequence;
}
