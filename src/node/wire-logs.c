/* Queries of logs and their lines as messages, and back. */
#include "node/wire.h"

#include "base/json.h"

/* JSON of masked members may be a little longer. */
enum { FIELDS_MAX = 2 * LIMIT_LOG_FIELDS };

static char *text(const char *s)
{
    return s ? (char *)s : (char *)"";
}

/* --- queries --- */

void wire_log_open_print(uint64_t id, const struct log_query *q, unsigned credit, struct str *out)
{
    PB(FromHub) m = HYDRA__AGENT__V1__FROM_HUB__INIT;
    PB(LogOpen) o = HYDRA__AGENT__V1__LOG_OPEN__INIT;
    PB(LogQuery) p = HYDRA__AGENT__V1__LOG_QUERY__INIT;
    p.n_services = q->services.n;
    p.services = q->services.v;
    p.text = text(q->text);
    p.regex = q->regex;
    p.level = q->level;
    p.since_us = q->since_us;
    p.until_us = q->until_us;
    p.mode = (PB(LogQuery__Mode))q->mode;
    p.from_us = q->from.time_us;
    p.n_cursors = q->from.cursors.n;
    p.cursors = q->from.cursors.v;
    p.limit = q->limit;
    p.search_ms = q->search_ms;
    o.id = id;
    o.query = &p;
    o.credit = credit;
    m.body_case = HYDRA__AGENT__V1__FROM_HUB__BODY_LOG_OPEN;
    m.log_open = &o;
    wire_print(&m.base, out);
}

static bool take_texts(size_t n, char *const *v, size_t max, struct str_list *to)
{
    if (n > LIMIT_LOG_SERVICES)
        return false;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(v[i]);
        if (len > max || !str_is_utf8(v[i], len))
            return false;
        str_list_add(to, v[i]);
    }
    return true;
}

int wire_log_query_take(const PB(LogQuery) * m, struct err *e, struct log_query *ret_q)
{
    struct log_query q = {.regex = m->regex,
                          .level =
                              m->level < LINE_NO_LEVEL ? (enum line_level)m->level : LINE_NO_LEVEL,
                          .since_us = m->since_us,
                          .until_us = m->until_us,
                          .mode = (enum log_mode)m->mode,
                          .limit = m->limit,
                          .search_ms = m->search_ms};
    q.from.time_us = m->from_us;
    q.text = *m->text ? mem_strdup(m->text) : NULL;
    bool good = m->mode >= 0 && m->mode <= HYDRA__AGENT__V1__LOG_QUERY__MODE__FOLLOW &&
                m->limit >= 1 && m->limit <= LIMIT_LOG_LINES &&
                take_texts(m->n_services, m->services, LIMIT_WIRE_TEXT, &q.services) &&
                take_texts(m->n_cursors, m->cursors, LIMIT_LOG_CURSOR, &q.from.cursors);
    int r = good ? log_query_check(&q, e)
                 : err_set(e, -EBADMSG, "The query makes no sense to this agent.");
    if (r < 0)
        log_query_done(&q);
    else
        *ret_q = q;
    return r;
}

/* --- lines --- */

static PB(LogBatch__Line) line_of(const struct log_line *l)
{
    PB(LogBatch__Line) p = HYDRA__AGENT__V1__LOG_BATCH__LINE__INIT;
    p.time_us = l->time_us;
    p.source = l->source;
    p.level = l->level;
    p.cut = l->cut;
    p.text = text(l->text);
    p.cursor = text(l->cursor);
    p.fields = text(l->fields);
    p.service = text(l->service);
    return p;
}

static size_t size_of(const struct log_line *l)
{
    return 64 + strlen(l->text) + (l->fields ? strlen(l->fields) : 0) +
           (l->cursor ? strlen(l->cursor) : 0);
}

static size_t fitting(const struct log_batch *b, size_t first)
{
    size_t n = 0, bytes = 0;
    while (first + n < b->lines.n && (n == 0 || bytes < LIMIT_WIRE_LOGS))
        bytes += size_of(&b->lines.v[first + n++]);
    return n;
}

static void print_troubles(PB(LogBatch) * m, const struct log_batch *b, struct str *out)
{
    size_t n = b->troubles.n;
    AUTO(mem_freep) PB(LogBatch__Trouble) *troubles = mem_array(n + 1, sizeof *troubles);
    AUTO(mem_freep) PB(LogBatch__Trouble) **list = mem_array(n + 1, sizeof *list);
    for (size_t i = 0; i < n; i++) {
        troubles[i] = (PB(LogBatch__Trouble))HYDRA__AGENT__V1__LOG_BATCH__TROUBLE__INIT;
        troubles[i].source = b->troubles.v[i].source;
        troubles[i].text = b->troubles.v[i].text;
        list[i] = &troubles[i];
    }
    m->n_troubles = n;
    m->troubles = list;
    m->dropped = b->dropped;
    m->reached_us = b->reached_us;
    m->whole = b->whole;
    wire_print(&m->base, out);
}

size_t wire_log_batch_print(uint64_t id, const struct log_batch *b, size_t first, struct str *out)
{
    PB(LogBatch) m = HYDRA__AGENT__V1__LOG_BATCH__INIT;
    size_t n = fitting(b, first);
    AUTO(mem_freep) PB(LogBatch__Line) *lines = mem_array(n + 1, sizeof *lines);
    AUTO(mem_freep) PB(LogBatch__Line) **list = mem_array(n + 1, sizeof *list);
    for (size_t i = 0; i < n; i++) {
        lines[i] = line_of(&b->lines.v[first + i]);
        list[i] = &lines[i];
    }
    m.id = id;
    m.n_lines = n;
    m.lines = list;
    if (first + n == b->lines.n)
        print_troubles(&m, b, out);
    else
        wire_print(&m.base, out);
    return first + n;
}

static bool is_text(const char *s, size_t max)
{
    size_t n = strlen(s);
    return n <= max && str_is_utf8(s, n);
}

/* What goes into answers as JSON must be JSON. */
static bool is_object(const char *s)
{
    AUTO(json_decrefp) json_t *v = NULL;
    return !*s || (json_parse(s, strlen(s), FIELDS_MAX, NULL, &v) == 0 && json_is_object(v));
}

static char *may(const char *s)
{
    return *s ? mem_strdup(s) : NULL;
}

static bool take_line(const PB(LogBatch__Line) * p, uint32_t n_sources, struct log_batch *b)
{
    if (p->source >= n_sources || p->time_us < 0 || p->time_us > LIMIT_LOG_TIME_US ||
        !is_text(p->text, LIMIT_LOG_TEXT) || !is_text(p->cursor, LIMIT_LOG_CURSOR) ||
        strpbrk(p->cursor, "\n") || !is_text(p->service, LIMIT_LOG_CURSOR) ||
        !is_text(p->fields, FIELDS_MAX) || !is_object(p->fields))
        return false;
    *vec_add(&b->lines) = (struct log_line){
        .time_us = p->time_us,
        .source = p->source,
        .level = p->level < LINE_NO_LEVEL ? (enum line_level)p->level : LINE_NO_LEVEL,
        .cut = p->cut,
        .text = mem_strdup(p->text),
        .cursor = may(p->cursor),
        .fields = may(p->fields),
        .service = may(p->service)};
    return true;
}

static bool take_trouble(const PB(LogBatch__Trouble) * p, uint32_t n_sources, struct log_batch *b)
{
    if (p->source >= n_sources || !is_text(p->text, ERR_TEXT_MAX))
        return false;
    *vec_add(&b->troubles) = (struct log_trouble){p->source, mem_strdup(p->text)};
    return true;
}

int wire_log_batch_take(const PB(LogBatch) * m, uint32_t n_sources, struct err *e,
                        struct log_batch *ret_b)
{
    struct log_batch b = {.dropped = m->dropped, .reached_us = m->reached_us, .whole = m->whole};
    bool good = m->n_lines <= LIMIT_LOG_LINES && m->n_troubles <= LIMIT_LOG_LINES;
    for (size_t i = 0; good && i < m->n_lines; i++)
        good = take_line(m->lines[i], n_sources, &b);
    for (size_t i = 0; good && i < m->n_troubles; i++)
        good = take_trouble(m->troubles[i], n_sources, &b);
    if (!good) {
        log_batch_done(&b);
        return err_set(e, -EBADMSG, "Lines of logs make no sense.");
    }
    *ret_b = b;
    return 0;
}
