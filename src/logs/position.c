/* Cursors as they are handed out: "TIME\nID\nCURSOR\nID\nCURSOR…" in base64url. They say nothing
 * that the reader may not know, and are checked when they come back. */
#include "logs/logs-private.h"

#include <errno.h>

enum { LIMIT_POSITION = 12 << 10 };

void position_set(struct position *p, const char *id, const char *cursor)
{
    for (size_t i = 0; i < p->places.n; i++)
        if (str_eq(p->places.v[i].id, id)) {
            mem_set_str(&p->places.v[i].cursor, cursor);
            return;
        }
    struct position_place *place = vec_add(&p->places);
    place->id = mem_strdup(id);
    place->cursor = mem_strdup(cursor);
}

const char *position_of(const struct position *p, const char *id)
{
    for (size_t i = 0; i < p->places.n; i++)
        if (str_eq(p->places.v[i].id, id))
            return p->places.v[i].cursor;
    return NULL;
}

void position_done(struct position *p)
{
    for (size_t i = 0; i < p->places.n; i++) {
        mem_free(p->places.v[i].id);
        mem_free(p->places.v[i].cursor);
    }
    vec_done(&p->places);
}

char *position_print(const struct position *p)
{
    AUTO(str_done) struct str s = {0};
    str_add_i64(&s, p->time_us);
    for (size_t i = 0; i < p->places.n; i++)
        str_addf(&s, "\n%s\n%s", p->places.v[i].id, p->places.v[i].cursor);
    char *text = mem_alloc(4 * ((s.len + 2) / 3) + 1);
    str_base64url(s.p, s.len, text);
    return text;
}

/* The next line; *at moves behind it. */
static char *cut_line(char **at)
{
    char *line = *at, *nl = strchr(line, '\n');
    if (nl)
        *nl = 0;
    *at = nl ? nl + 1 : line + strlen(line);
    return line;
}

static int take_places(struct position *p, char *at)
{
    while (*at) {
        const char *id = cut_line(&at), *cursor = cut_line(&at);
        if (!*id || !*cursor || strlen(cursor) > LIMIT_LOG_CURSOR ||
            p->places.n >= LIMIT_LOG_SERVICES)
            return -EINVAL;
        position_set(p, id, cursor);
    }
    return 0;
}

int position_parse(const char *text, struct position *ret)
{
    struct position p = {0};
    size_t len = strlen(text);
    if (len > LIMIT_POSITION)
        return -EINVAL;
    AUTO(mem_freep) char *plain = mem_alloc(len + 1);
    int n = str_unbase64url(text, plain, len);
    if (n <= 0 || memchr(plain, 0, (size_t)n) || !str_is_utf8(plain, (size_t)n))
        return -EINVAL;
    plain[n] = 0;
    char *at = plain;
    uint64_t time_us;
    int r = str_to_u64(cut_line(&at), &time_us);
    if (r == 0 && time_us > LIMIT_LOG_TIME_US)
        r = -EINVAL;
    if (r == 0)
        r = take_places(&p, at);
    if (r < 0) {
        position_done(&p);
        return -EINVAL;
    }
    p.time_us = (int64_t)time_us;
    *ret = p;
    return 0;
}
