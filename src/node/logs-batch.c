/* Queries and batches: copies, ends, and pages of several readers made into one. */
#include "node/logs-private.h"

#include <stdlib.h>

void log_place_done(struct log_place *p)
{
    mem_free(p->name);
    mem_free(p->folder);
    mem_free(p->socket);
    mem_free(p->api);
    mem_free(p->file);
    mem_free(p->why);
    *p = (struct log_place){0};
}

/* --- queries --- */

void log_query_copy(struct log_query *to, const struct log_query *from)
{
    *to = *from;
    to->services = (struct str_list){0};
    to->from.cursors = (struct str_list){0};
    str_list_copy(&to->services, &from->services);
    str_list_copy(&to->from.cursors, &from->from.cursors);
    to->text = mem_strdup(from->text);
}

void log_query_done(struct log_query *q)
{
    str_list_done(&q->services);
    str_list_done(&q->from.cursors);
    mem_free(q->text);
    *q = (struct log_query){0};
}

static bool is_time(int64_t us)
{
    return us >= 0 && us <= LIMIT_LOG_TIME_US;
}

int log_query_check(const struct log_query *q, struct err *e)
{
    struct log_filter *f = NULL;
    if (q->services.n > LIMIT_LOG_SERVICES)
        return err_field(e, err_set(e, -EINVAL, "At most %d services at once.", LIMIT_LOG_SERVICES),
                         "service");
    if (q->text && strlen(q->text) > LIMIT_LOG_PATTERN)
        return err_field(
            e, err_set(e, -EINVAL, "The text to look for has at most %d bytes.", LIMIT_LOG_PATTERN),
            "q");
    if (q->text && !str_is_utf8(q->text, strlen(q->text)))
        return err_field(e, err_set(e, -EINVAL, "The text to look for is not UTF-8."), "q");
    if (!is_time(q->since_us) || !is_time(q->until_us) || !is_time(q->from.time_us))
        return err_field(e, err_set(e, -EINVAL, "There is no such time."), "since");
    int r = log_filter_new(q, e, &f);
    if (r == 0)
        log_filter_free(f);
    return r;
}

/* --- batches --- */

void log_line_done(struct log_line *l)
{
    mem_free(l->text);
    mem_free(l->cursor);
    mem_free(l->fields);
    mem_free(l->service);
    mem_free(l->container);
    *l = (struct log_line){0};
}

void log_batch_done(struct log_batch *b)
{
    for (size_t i = 0; i < b->lines.n; i++)
        log_line_done(&b->lines.v[i]);
    for (size_t i = 0; i < b->troubles.n; i++)
        mem_free(b->troubles.v[i].text);
    vec_done(&b->lines);
    vec_done(&b->troubles);
    *b = (struct log_batch){0};
}

void log_batch_free(struct log_batch *b)
{
    if (!b)
        return;
    log_batch_done(b);
    mem_free(b);
}

/* What lies beyond the nearest edge of those that are not whole was not looked at everywhere. */
void log_batch_join(struct log_batch *to, struct log_batch *b, uint32_t first, bool newer)
{
    for (size_t i = 0; i < b->lines.n; i++) {
        b->lines.v[i].source += first;
        *vec_add(&to->lines) = b->lines.v[i];
    }
    for (size_t i = 0; i < b->troubles.n; i++) {
        b->troubles.v[i].source += first;
        *vec_add(&to->troubles) = b->troubles.v[i];
    }
    if (!b->whole) {
        bool nearer = newer ? b->reached_us < to->reached_us : b->reached_us > to->reached_us;
        to->reached_us = to->whole || nearer ? b->reached_us : to->reached_us;
        to->whole = false;
    }
    to->dropped += b->dropped;
    b->lines.n = b->troubles.n = 0;
    log_batch_done(b);
}

/* Stable: lines of one source stay in their order, where their clock went back, too. */
static int by_time(const void *a, const void *b)
{
    const struct log_line *x = a, *y = b;
    if (x->time_us != y->time_us)
        return x->time_us < y->time_us ? -1 : 1;
    return x->source != y->source ? (x->source < y->source ? -1 : 1) : 0;
}

static void sort(struct log_batch *b)
{
    bool sorted = true;
    for (size_t i = 1; sorted && i < b->lines.n; i++)
        sorted = by_time(&b->lines.v[i - 1], &b->lines.v[i]) <= 0;
    if (!sorted) /* glibc's is a merge sort for what fits into memory */
        qsort(b->lines.v, b->lines.n, sizeof *b->lines.v, by_time);
}

static void drop_range(struct log_batch *b, size_t from, size_t to)
{
    if (from == to)
        return;
    for (size_t i = from; i < to; i++)
        log_line_done(&b->lines.v[i]);
    memmove(b->lines.v + from, b->lines.v + to, (b->lines.n - to) * sizeof *b->lines.v);
    b->lines.n -= to - from;
}

static bool is_beyond(const struct log_batch *b, const struct log_line *l, bool newer)
{
    return !b->whole && (newer ? l->time_us > b->reached_us : l->time_us < b->reached_us);
}

void log_batch_settle(struct log_batch *b, unsigned limit, bool newer)
{
    sort(b);
    size_t n = b->lines.n, from = 0, to = n;
    while (!newer && from < n && is_beyond(b, &b->lines.v[from], newer))
        from++;
    while (newer && to > from && is_beyond(b, &b->lines.v[to - 1], newer))
        to--;
    bool too_many = to - from > limit;
    if (too_many && newer)
        to = from + limit;
    else if (too_many)
        from = to - limit;
    if (too_many) {
        b->whole = false;
        b->reached_us = b->lines.v[newer ? to - 1 : from].time_us;
    }
    drop_range(b, to, n);
    drop_range(b, 0, from);
}
