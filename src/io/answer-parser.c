#include "io/answer-parser.h"

#include <errno.h>

void answer_parser_done(struct answer_parser *p)
{
    str_done(&p->line);
    mem_free(TAKE(p->location));
}

/* --- lines --- */

/* "HTTP/1.1 200 OK" */
static int take_status(struct answer_parser *p, const char *line)
{
    if (!str_starts(line, "HTTP/1.") || line[7] < '0' || line[7] > '9' || line[8] != ' ')
        return -EBADMSG;
    const char *d = line + 9;
    for (int i = 0; i < 3; i++)
        if (d[i] < '0' || d[i] > '9')
            return -EBADMSG;
    if ((d[3] && d[3] != ' ') || d[0] == '0')
        return -EBADMSG;
    p->status = (d[0] - '0') * 100 + (d[1] - '0') * 10 + (d[2] - '0');
    p->chunked = p->has_length = false;
    mem_free(TAKE(p->location));
    p->state = ANSWER_HEADERS;
    return 0;
}

static int take_length(struct answer_parser *p, const char *value)
{
    uint64_t v;
    if (str_to_u64(value, &v) < 0 || (p->has_length && v != p->left))
        return -EBADMSG;
    p->left = v;
    p->has_length = true;
    return 0;
}

static int take_header(struct answer_parser *p, char *line)
{
    char *colon = strchr(line, ':');
    if (!colon)
        return 0; /* nobody's header; a folded one's rest */
    *colon = 0;
    const char *value = str_trim(colon + 1);
    if (str_eq_nocase(line, "content-length"))
        return take_length(p, value);
    if (str_eq_nocase(line, "transfer-encoding")) {
        if (!str_eq_nocase(value, "chunked") && !str_eq_nocase(value, "identity"))
            return -EBADMSG;
        p->chunked = str_eq_nocase(value, "chunked");
    } else if (str_eq_nocase(line, "location")) {
        mem_set_str(&p->location, value);
    }
    return 0;
}

static int end_of_head(struct answer_parser *p)
{
    if (p->status / 100 == 1 && p->status != 101) { /* the real answer follows */
        p->state = ANSWER_STATUS;
        return 0;
    }
    bool none = p->head_only || p->status == 204 || p->status == 304 || p->status == 101;
    if (none || (p->has_length && !p->chunked && !p->left))
        p->state = ANSWER_DONE;
    else if (p->chunked)
        p->state = ANSWER_CHUNK_SIZE;
    else
        p->state = p->has_length ? ANSWER_LENGTH : ANSWER_TO_CLOSE;
    return p->on_head && !p->on_head(p->arg) ? -ECANCELED : 0;
}

/* "1a;name=value" */
static int take_chunk_size(struct answer_parser *p, const char *line)
{
    uint64_t v = 0;
    size_t n = strspn(line, "0123456789abcdefABCDEF");
    const char *rest = line + n;
    if (n == 0 || n > 15 || (*rest && *rest != ';' && *rest != ' '))
        return -EBADMSG;
    for (size_t i = 0; i < n; i++) {
        char c = line[i];
        v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    p->left = v;
    p->state = v ? ANSWER_CHUNK : ANSWER_TRAILERS;
    return 0;
}

static int take_line(struct answer_parser *p, char *line)
{
    switch (p->state) {
    case ANSWER_STATUS:
        return *line ? take_status(p, line) : 0; /* empty lines before it are let pass */
    case ANSWER_HEADERS:
        return *line ? take_header(p, line) : end_of_head(p);
    case ANSWER_CHUNK_SIZE:
        return take_chunk_size(p, line);
    case ANSWER_CHUNK_END:
        p->state = ANSWER_CHUNK_SIZE;
        return *line ? -EBADMSG : 0;
    case ANSWER_TRAILERS:
        if (!*line)
            p->state = ANSWER_DONE;
        return 0;
    case ANSWER_LENGTH:
    case ANSWER_CHUNK:
    case ANSWER_TO_CLOSE:
    case ANSWER_DONE:
        break;
    }
    return -EBADMSG;
}

/* --- bytes --- */

static bool in_body(const struct answer_parser *p)
{
    return p->state == ANSWER_LENGTH || p->state == ANSWER_CHUNK || p->state == ANSWER_TO_CLOSE;
}

static int feed_body(struct answer_parser *p, const char **at, const char *end)
{
    size_t n = (size_t)(end - *at);
    const char *bytes = *at;
    if (p->state != ANSWER_TO_CLOSE) {
        n = n < p->left ? n : (size_t)p->left;
        p->left -= n;
        if (!p->left)
            p->state = p->state == ANSWER_CHUNK ? ANSWER_CHUNK_END : ANSWER_DONE;
    }
    *at += n;
    return p->on_body && !p->on_body(p->arg, bytes, n) ? -ECANCELED : 0;
}

static int feed_line(struct answer_parser *p, const char **at, const char *end)
{
    const char *nl = memchr(*at, '\n', (size_t)(end - *at));
    size_t n = (size_t)((nl ? nl : end) - *at);
    bool in_head = p->state == ANSWER_STATUS || p->state == ANSWER_HEADERS;
    p->head_bytes += in_head || p->state == ANSWER_TRAILERS ? n + 1 : 0;
    if (p->line.len + n > LIMIT_ANSWER_LINE || p->head_bytes > LIMIT_ANSWER_HEAD)
        return -E2BIG;
    str_add_n(&p->line, *at, n);
    *at += n + (nl ? 1 : 0);
    if (!nl)
        return 0;
    if (p->line.len && p->line.p[p->line.len - 1] == '\r')
        p->line.p[--p->line.len] = 0;
    if (memchr(str_text(&p->line), 0, p->line.len))
        return -EBADMSG;
    char empty[1] = "";
    int r = take_line(p, p->line.p ? p->line.p : empty);
    str_clear(&p->line);
    return r;
}

int answer_feed(struct answer_parser *p, const char *bytes, size_t n)
{
    const char *at = bytes, *end = bytes + n;
    int r = 0;
    while (r == 0 && at < end && p->state != ANSWER_DONE)
        r = in_body(p) ? feed_body(p, &at, end) : feed_line(p, &at, end);
    return r < 0 ? r : p->state == ANSWER_DONE;
}

int answer_close(struct answer_parser *p)
{
    return p->state == ANSWER_DONE || p->state == ANSWER_TO_CLOSE ? 1 : -ECONNRESET;
}
