/* Which lines are meant: a text or a regular expression in them. As journalctl --grep does, a
 * pattern without capitals finds capitals, too. PCRE2 compiles both; its limits keep a pattern
 * that explodes from holding up a thread. */
#include "node/logs-private.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    MATCH_LIMIT = 200000, /* steps of one match */
    DEPTH_LIMIT = 5000,
    HEAP_LIMIT_KIB = 1024,
};

struct log_filter {
    pcre2_code *code; /* NULL = any text */
    pcre2_match_data *data;
    pcre2_match_context *context;
    const atomic_bool *cancelled; /* NULL = never */
    bool gave_up;
};

static bool has_capital(const char *s)
{
    for (; *s; s++)
        if (*s >= 'A' && *s <= 'Z')
            return true;
    return false;
}

static int compile(struct log_filter *f, const struct log_query *q, struct err *e)
{
    int number;
    size_t at;
    uint32_t options =
        PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | (q->regex ? PCRE2_MULTILINE : PCRE2_LITERAL);
    if (!has_capital(q->text))
        options |= PCRE2_CASELESS;
    f->code =
        pcre2_compile((PCRE2_SPTR)q->text, PCRE2_ZERO_TERMINATED, options, &number, &at, NULL);
    if (!f->code) {
        PCRE2_UCHAR text[160] = "";
        pcre2_get_error_message(number, text, sizeof text);
        return err_field(e,
                         err_set(e, -EINVAL, "That is no regular expression: %s, at character %zu.",
                                 (const char *)text, at + 1),
                         "q");
    }
    (void)pcre2_jit_compile(f->code, PCRE2_JIT_COMPLETE); /* without it the interpreter matches */
    f->data = pcre2_match_data_create(1, NULL);
    f->context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(f->context, MATCH_LIMIT);
    pcre2_set_depth_limit(f->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(f->context, HEAP_LIMIT_KIB);
    return 0;
}

int log_filter_new(const struct log_query *q, struct err *e, struct log_filter **ret_filter)
{
    struct log_filter *f = mem_alloc(sizeof *f);
    int r = str_is_empty(q->text) ? 0 : compile(f, q, e);
    if (r < 0)
        log_filter_free(f);
    else
        *ret_filter = f;
    return r;
}

void log_filter_free(struct log_filter *f)
{
    if (!f)
        return;
    pcre2_match_context_free(f->context);
    pcre2_match_data_free(f->data);
    pcre2_code_free(f->code);
    mem_free(f);
}

void log_filter_heed(struct log_filter *f, const atomic_bool *cancelled)
{
    f->cancelled = cancelled;
}

bool log_filter_has_text(const struct log_filter *f)
{
    return f->code != NULL;
}

bool log_filter_gave_up(const struct log_filter *f)
{
    return f->gave_up;
}

bool log_filter_text(struct log_filter *f, const char *text, size_t n)
{
    if (!f->code)
        return true;
    if (f->cancelled && atomic_load_explicit(f->cancelled, memory_order_relaxed))
        return false;
    int r = pcre2_match(f->code, (PCRE2_SPTR)text, n, 0, 0, f->data, f->context);
    if (r < 0 && r != PCRE2_ERROR_NOMATCH)
        f->gave_up = true;
    return r >= 0;
}
