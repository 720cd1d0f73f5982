/* An engine's log stream: frames of [stream, 0, 0, 0, length] (Docker's API, "attach"), or for a
 * terminal the bytes as they came. With timestamps=1 each entry begins with its time. An entry
 * without a line end is a part of a longer line: the engine cuts at 16 KiB. */
#include "node/logs-private.h"

enum { ENTRY_MAX = 16 << 10, RAW_MAX = 64 << 10 };

void log_frames_entry(struct log_frames *f, unsigned stream, int64_t time_ns, const char *text,
                      size_t n, bool ended)
{
    struct frames_part *p = &f->parts[stream];
    if (!p->open) {
        p->time_ns = time_ns;
        p->cut = false;
        str_clear(&p->text);
    }
    size_t room = LIMIT_LOG_TEXT + 4 - p->text.len;
    p->cut = p->cut || n > room;
    if (n)
        str_add_n(&p->text, text, n < room ? n : room);
    p->open = !ended;
    if (ended)
        f->on_line(f->arg, stream, p->time_ns, str_text(&p->text), p->text.len, p->cut);
}

/* A time, a blank, the text. */
static void take_entry(struct log_frames *f, unsigned stream, bool ended)
{
    struct str *raw = &f->parts[stream].raw;
    int64_t ns = 0;
    size_t skip = log_parse_time(str_text(raw), raw->len, &ns);
    if (skip && skip < raw->len && raw->p[skip] == ' ')
        skip++;
    log_frames_entry(f, stream, ns, str_text(raw) + skip, raw->len - skip, ended);
    str_clear(raw);
}

/* Bytes of one stream: up to its line ends. */
static void feed_part(struct log_frames *f, unsigned stream, const char *p, size_t n)
{
    struct frames_part *part = &f->parts[stream];
    while (n) {
        const char *nl = memchr(p, '\n', n);
        size_t len = nl ? (size_t)(nl - p) : n;
        size_t room = RAW_MAX > part->raw.len ? RAW_MAX - part->raw.len : 0;
        str_add_n(&part->raw, p, len < room ? len : room);
        if (nl)
            take_entry(f, stream, true);
        p += len + (nl != NULL);
        n -= len + (nl != NULL);
    }
}

/* A frame ended: what has no line end is a part of a longer line. */
static void end_frame(struct log_frames *f)
{
    if (f->parts[f->stream].raw.len)
        take_entry(f, f->stream, false);
}

static int take_head(struct log_frames *f)
{
    const unsigned char *h = f->head;
    if (h[0] > 2 || h[1] || h[2] || h[3])
        return -EBADMSG;
    f->stream = h[0];
    f->left = (uint32_t)h[4] << 24 | (uint32_t)h[5] << 16 | (uint32_t)h[6] << 8 | h[7];
    return 0;
}

static int feed_framed(struct log_frames *f, const char *p, size_t n)
{
    while (n) {
        if (f->n_head < sizeof f->head) {
            f->head[f->n_head++] = (unsigned char)*p++;
            n--;
            if (f->n_head == sizeof f->head && take_head(f) < 0)
                return -EBADMSG;
            if (f->n_head < sizeof f->head)
                continue;
        }
        size_t len = n < f->left ? n : f->left;
        feed_part(f, f->stream, p, len);
        p += len;
        n -= len;
        f->left -= (uint32_t)len;
        if (!f->left) {
            end_frame(f);
            f->n_head = 0;
        }
    }
    return 0;
}

/* A terminal's long lines: after ENTRY_MAX bytes the next part's time stands in the middle. */
static void feed_raw(struct log_frames *f, const char *p, size_t n)
{
    struct frames_part *part = &f->parts[1];
    while (n) {
        int64_t ns;
        size_t skip = log_parse_time(str_text(&part->raw), part->raw.len, &ns);
        size_t full = skip ? skip + 1 + ENTRY_MAX : RAW_MAX;
        size_t room = full > part->raw.len ? full - part->raw.len : 0;
        size_t len = n < room ? n : room;
        /* Until a time is complete it is not known how much belongs to the entry. */
        if (!skip && part->raw.len < 64)
            len = n < 64 - part->raw.len ? n : 64 - part->raw.len;
        const char *nl = memchr(p, '\n', len);
        if (nl)
            len = (size_t)(nl - p) + 1;
        feed_part(f, 1, p, len);
        p += len;
        n -= len;
        if (!nl && part->raw.len >= full)
            take_entry(f, 1, false);
    }
}

int log_frames_feed(struct log_frames *f, const char *bytes, size_t n)
{
    if (n && f->kind == FRAMES_UNKNOWN)
        f->kind = (unsigned char)*bytes <= 2 ? FRAMES_FRAMED : FRAMES_RAW;
    if (f->kind == FRAMES_FRAMED)
        return feed_framed(f, bytes, n);
    feed_raw(f, bytes, n);
    return 0;
}

void log_frames_end(struct log_frames *f)
{
    for (unsigned i = 0; i < COUNT_OF(f->parts); i++)
        if (f->parts[i].raw.len || f->parts[i].open)
            take_entry(f, i, true);
}

void log_frames_done(struct log_frames *f)
{
    for (size_t i = 0; i < COUNT_OF(f->parts); i++) {
        str_done(&f->parts[i].raw);
        str_done(&f->parts[i].text);
    }
}
