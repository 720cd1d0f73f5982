#include "logs/query.h"

static int refuse(struct err *e, const char *field, const char *why)
{
    return err_field(e, err_set(e, -EINVAL, "%s", why), field);
}

static int read_ms(struct http_exchange *x, const char *name, struct err *e, int64_t *ret_us)
{
    const char *text = http_query(x, name);
    uint64_t ms;
    if (str_is_empty(text))
        return 0;
    if (str_to_u64(text, &ms) < 0 || ms > INT64_MAX / 1000000)
        return err_field(
            e, err_set(e, -EINVAL, "\"%s\" is a time in milliseconds since 1970.", name), name);
    *ret_us = (int64_t)ms * 1000;
    return 0;
}

static int read_limit(struct http_exchange *x, struct err *e, unsigned *ret_limit)
{
    const char *text = http_query(x, "limit");
    uint64_t n = LOGS_LINES_USUAL;
    if (!str_is_empty(text) && (str_to_u64(text, &n) < 0 || n < 1 || n > LIMIT_LOG_LINES))
        return err_field(e, err_set(e, -EINVAL, "\"limit\" is 1 to %d.", LIMIT_LOG_LINES), "limit");
    *ret_limit = (unsigned)n;
    return 0;
}

static int read_search_ms(struct http_exchange *x, struct err *e, unsigned *ret_ms)
{
    const char *text = http_query(x, "search_ms");
    uint64_t ms = 0;
    if (!str_is_empty(text) &&
        (str_to_u64(text, &ms) < 0 || ms < LOGS_SEARCH_MS_LEAST || ms > LOGS_SEARCH_MS_MOST))
        return err_field(e,
                         err_set(e, -EINVAL, "\"search_ms\" is %d to %d.", LOGS_SEARCH_MS_LEAST,
                                 LOGS_SEARCH_MS_MOST),
                         "search_ms");
    *ret_ms = (unsigned)ms;
    return 0;
}

static int read_level(struct http_exchange *x, struct err *e, enum line_level *ret_level)
{
    const char *text = http_query(x, "level");
    *ret_level = LINE_NO_LEVEL;
    if (!str_is_empty(text) && line_level_parse(text, ret_level) < 0)
        return refuse(e, "level",
                      "\"level\" is emerg, alert, crit, err, warning, notice, info or debug.");
    return 0;
}

static int read_text(struct http_exchange *x, struct err *e, struct log_query *q)
{
    const char *text = http_query(x, "q"), *regex = http_query(x, "regex");
    if (!str_is_empty(text))
        q->text = mem_strdup(text);
    if (!str_is_empty(regex) && str_to_bool(regex, &q->regex) < 0)
        return refuse(e, "regex", "\"regex\" is 1 or 0.");
    return 0;
}

static int read_cursor(struct http_exchange *x, struct err *e, struct logs_request *q)
{
    const char *before = http_query(x, "before"), *after = http_query(x, "after");
    if (!str_is_empty(before) && !str_is_empty(after))
        return refuse(e, "after", "Either \"before\" or \"after\", not both.");
    q->newer = !str_is_empty(after);
    if (!str_is_empty(before) || q->newer)
        q->cursor = mem_strdup(q->newer ? after : before);
    return 0;
}

int logs_query_read(struct http_exchange *x, struct logs_request *q, struct err *e)
{
    int r = read_text(x, e, &q->query);
    if (r == 0)
        r = read_level(x, e, &q->query.level);
    if (r == 0)
        r = read_ms(x, "since", e, &q->query.since_us);
    if (r == 0)
        r = read_ms(x, "until", e, &q->query.until_us);
    if (r == 0)
        r = read_limit(x, e, &q->query.limit);
    if (r == 0)
        r = read_search_ms(x, e, &q->query.search_ms);
    if (r == 0)
        r = read_cursor(x, e, q);
    return r == 0 ? logs_request_check(q, e) : r;
}
