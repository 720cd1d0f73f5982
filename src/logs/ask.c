/* One request is a query at each node concerned; a node's whole journal is a query of its own. */
#include "logs/logs-private.h"

/* --- the request --- */

void logs_request_add(struct logs_request *q, const char *node, const char *observed)
{
    char *id = observed ? mem_printf("%s/%s", node, observed) : mem_strdup(node);
    for (size_t i = 0; i < q->sources.n; i++)
        if (str_eq(q->sources.v[i].id, id)) {
            mem_free(id);
            return;
        }
    *vec_add(&q->sources) =
        (struct logs_source){.id = id, .node = mem_strdup(node), .observed = mem_strdup(observed)};
}

static bool belongs_before(const struct logs_source *a, const struct logs_source *b)
{
    int by_node = strcmp(a->node, b->node);
    return by_node ? by_node < 0 : !a->observed && b->observed;
}

/* So that those of one query stand together. Few: insertion. */
static void order(struct logs_request *q)
{
    for (size_t i = 1; i < q->sources.n; i++) {
        struct logs_source s = q->sources.v[i];
        size_t k = i;
        for (; k > 0 && belongs_before(&s, &q->sources.v[k - 1]); k--)
            q->sources.v[k] = q->sources.v[k - 1];
        q->sources.v[k] = s;
    }
}

int logs_request_check(struct logs_request *q, struct err *e)
{
    if (!q->sources.n)
        return err_field(
            e, err_set(e, -EINVAL, "Say whose log: with service=ID, or node=ID for its journal."),
            "service");
    if (q->sources.n > LIMIT_LOG_SERVICES)
        return err_field(e, err_set(e, -EINVAL, "At most %d services at once.", LIMIT_LOG_SERVICES),
                         "service");
    struct position p = {0};
    if (q->cursor && position_parse(q->cursor, &p) < 0)
        return err_field(e,
                         err_set(e, -EINVAL, "That cursor is none of ours: begin anew without it."),
                         q->newer ? "after" : "before");
    position_done(&p);
    order(q);
    return log_query_check(&q->query, e);
}

void logs_request_done(struct logs_request *q)
{
    for (size_t i = 0; i < q->sources.n; i++) {
        mem_free(q->sources.v[i].id);
        mem_free(q->sources.v[i].node);
        mem_free(q->sources.v[i].observed);
    }
    vec_done(&q->sources);
    log_query_done(&q->query);
    mem_free(TAKE(q->cursor));
}

/* --- the queries --- */

static bool goes_together(const struct logs_source *a, const struct logs_source *b)
{
    return a->observed && b->observed && str_eq(a->node, b->node);
}

static void on_batch(void *arg, struct log_batch *b)
{
    struct ask *k = arg;
    for (size_t i = 0; i < b->lines.n; i++)
        b->lines.v[i].source = k->first + (b->lines.v[i].source < k->n ? b->lines.v[i].source : 0);
    for (size_t i = 0; i < b->troubles.n; i++)
        b->troubles.v[i].source =
            k->first + (b->troubles.v[i].source < k->n ? b->troubles.v[i].source : 0);
    k->all->batch(k->all->arg, (unsigned)(k - k->all->asks), b);
}

static void on_done(void *arg)
{
    struct ask *k = arg;
    k->all->done(k->all->arg, (unsigned)(k - k->all->asks));
}

static void make_query(const struct logs_request *q, const struct ask *k, enum log_mode mode,
                       const struct position *from, struct log_query *ret)
{
    log_query_copy(ret, &q->query);
    ret->mode = mode;
    ret->from.time_us = from->time_us;
    for (uint32_t i = k->first; i < k->first + k->n; i++) {
        const struct logs_source *s = &q->sources.v[i];
        const char *cursor = position_of(from, s->id);
        if (s->observed)
            str_list_add(&ret->services, s->observed);
        if (q->cursor)
            str_list_add(&ret->from.cursors, cursor ? cursor : "");
    }
}

void asking_init(struct asking *a, const struct logs_request *q, enum log_mode mode)
{
    struct position from = {0};
    if (q->cursor && position_parse(q->cursor, &from) < 0)
        from = (struct position){0};
    for (uint32_t i = 0; i < q->sources.n; i++) {
        const struct logs_source *s = &q->sources.v[i];
        if (a->n && goes_together(&q->sources.v[i - 1], s)) {
            a->asks[a->n - 1].n++;
            continue;
        }
        a->asks[a->n++] = (struct ask){.all = a, .first = i, .n = 1, .node = s->node};
    }
    for (unsigned i = 0; i < a->n; i++) {
        struct log_query query;
        make_query(q, &a->asks[i], mode, &from, &query);
        a->asks[i].reader = log_reader_new(
            &query, &(struct log_sink){.batch = on_batch, .done = on_done, .arg = &a->asks[i]});
        log_query_done(&query);
    }
    position_done(&from);
}

/* The last one's `done` may free everything. */
void asking_start(struct asking *a, struct logs *l)
{
    unsigned n = a->n;
    struct log_reader *readers[LIMIT_LOG_SERVICES];
    const char *nodes[LIMIT_LOG_SERVICES];
    for (unsigned i = 0; i < n; i++) {
        readers[i] = log_reader_ref(a->asks[i].reader);
        nodes[i] = a->asks[i].node;
    }
    for (unsigned i = 0; i < n; i++) {
        l->hooks.read(l->hooks.arg, nodes[i], readers[i]);
        log_reader_unref(readers[i]);
    }
}

void asking_cancel(struct asking *a)
{
    for (unsigned i = 0; i < a->n; i++)
        log_reader_cancel(a->asks[i].reader);
}

bool asking_is_cancelled(const struct asking *a)
{
    for (unsigned i = 0; i < a->n; i++)
        if (log_reader_is_cancelled(a->asks[i].reader))
            return true;
    return false;
}

void asking_release(struct asking *a)
{
    for (unsigned i = 0; i < a->n; i++)
        log_reader_unref(a->asks[i].reader);
    a->n = 0;
}
