/* Lines as JSON, and the cursors that go with them. */
#include "logs/logs-private.h"

/* In a node's whole journal entries say whose they are. */
static char *service_of(const struct logs_source *s, const struct log_line *l)
{
    if (s->observed)
        return mem_strdup(s->id);
    return l->service ? mem_printf("%s/%s", s->node, l->service) : NULL;
}

char *cursor_of_line(const struct logs_request *q, const struct log_line *l)
{
    struct position p = {.time_us = l->time_us};
    if (l->cursor)
        position_set(&p, q->sources.v[l->source].id, l->cursor);
    char *text = position_print(&p);
    position_done(&p);
    return text;
}

static void print_line(struct jw *w, const struct logs_request *q, const struct log_line *l)
{
    const struct logs_source *s = &q->sources.v[l->source];
    AUTO(mem_freep) char *service = service_of(s, l);
    AUTO(mem_freep) char *cursor = cursor_of_line(q, l);
    jw_object(w);
    jw_key_int(w, "t", l->time_us / 1000);
    jw_key_str(w, "service", service);
    jw_key_str(w, "node", s->node);
    jw_key_str(w, "level", line_level_name(l->level));
    jw_key_str(w, "text", l->text);
    if (l->cut)
        jw_key_bool(w, "cut", true);
    jw_key_str(w, "cursor", cursor);
    jw_key(w, "fields");
    if (l->fields)
        jw_raw(w, l->fields, strlen(l->fields));
    else
        jw_null(w);
    jw_end_object(w);
}

void print_lines(struct jw *w, const struct logs_request *q, const struct log_batch *b)
{
    jw_key(w, "lines");
    jw_array(w);
    for (size_t i = 0; i < b->lines.n; i++)
        print_line(w, q, &b->lines.v[i]);
    jw_end_array(w);
}

void print_troubles(struct jw *w, const struct logs_request *q, const struct log_batch *b)
{
    jw_key(w, "partial");
    jw_array(w);
    for (size_t i = 0; i < b->troubles.n; i++) {
        jw_object(w);
        jw_key_str(w, "service", q->sources.v[b->troubles.v[i].source].id);
        jw_key_str(w, "text", b->troubles.v[i].text);
        jw_end_object(w);
    }
    jw_end_array(w);
}

/* Of each source the place of its first line. */
char *cursor_before(const struct logs_request *q, const struct log_batch *b, int64_t time_us)
{
    struct position p = {.time_us = time_us};
    for (size_t i = b->lines.n; i-- > 0;)
        if (b->lines.v[i].cursor)
            position_set(&p, q->sources.v[b->lines.v[i].source].id, b->lines.v[i].cursor);
    char *text = position_print(&p);
    position_done(&p);
    return text;
}

char *cursor_after(const struct logs_request *q, const struct log_batch *b, int64_t time_us)
{
    struct position p = {.time_us = time_us};
    for (size_t i = 0; i < b->lines.n; i++)
        if (b->lines.v[i].cursor)
            position_set(&p, q->sources.v[b->lines.v[i].source].id, b->lines.v[i].cursor);
    char *text = position_print(&p);
    position_done(&p);
    return text;
}
