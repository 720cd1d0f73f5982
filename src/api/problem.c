#include "api/problem.h"

#include "base/json.h"
#include "base/log.h"

#include <stdio.h>

static const char *title_of(int status)
{
    static const struct {
        int status;
        const char *title;
    } titles[] = {
        {400, "The request is not valid"},
        {401, "Not signed in"},
        {403, "Not permitted"},
        {404, "Not found"},
        {405, "Method not allowed"},
        {406, "Not acceptable"},
        {408, "The request took too long"},
        {409, "Conflict"},
        {413, "The body is too large"},
        {415, "Unsupported content type"},
        {421, "Unknown host name"},
        {429, "Too many requests"},
        {431, "The head is too large"},
        {503, "Not available now"},
    };
    for (size_t i = 0; i < COUNT_OF(titles); i++)
        if (titles[i].status == status)
            return titles[i].title;
    return status >= 500 ? "Something failed here" : "The request was refused";
}

void problem_reply(struct http_exchange *x, const struct problem *p)
{
    struct str body = {0};
    struct jw w = jw_begin(&body);
    char type[96];
    snprintf(type, sizeof type, "https://hydra.local/problems/%s", p->type);
    jw_object(&w);
    jw_key_str(&w, "type", type);
    jw_key_str(&w, "title", title_of(p->status));
    jw_key_int(&w, "status", p->status);
    jw_key_str(&w, "detail", p->detail);
    jw_key_str(&w, "request_id", http_request_id(x));
    if (p->permission)
        jw_key_str(&w, "permission", p->permission);
    if (p->field)
        jw_key_str(&w, "field", p->field);
    if (p->retry_after_s) {
        char seconds[16];
        snprintf(seconds, sizeof seconds, "%u", p->retry_after_s);
        http_add_header(x, "Retry-After", seconds);
        jw_key_uint(&w, "retry_after", p->retry_after_s);
    }
    jw_end_object(&w);
    http_add_header(x, "Cache-Control", "no-store");
    http_reply_str(x, p->status, "application/problem+json", &body);
}

static const struct {
    int code, status;
    const char *type;
} kinds[] = {
    {-EINVAL, 400, PROBLEM_INVALID},        {-E2BIG, 413, PROBLEM_INVALID},
    {-ERANGE, 400, PROBLEM_INVALID},        {-EACCES, 401, PROBLEM_SIGNED_OUT},
    {-EPERM, 403, PROBLEM_FORBIDDEN},       {-ENOENT, 404, PROBLEM_NOT_FOUND},
    {-EEXIST, 409, PROBLEM_CONFLICT},       {-EBUSY, 409, PROBLEM_CONFLICT},
    {-ENOTCONN, 409, PROBLEM_NODE_AWAY},    {-EKEYREJECTED, 409, PROBLEM_GUARDED},
    {-EAGAIN, 429, PROBLEM_TOO_MANY},       {-ENOSPC, 503, PROBLEM_UNAVAILABLE},
    {-EROFS, 503, PROBLEM_UNAVAILABLE},     {-ECONNREFUSED, 503, PROBLEM_UNAVAILABLE},
    {-EPIPE, 503, PROBLEM_UNAVAILABLE},     {-EIO, 503, PROBLEM_UNAVAILABLE},
    {-ETIMEDOUT, 503, PROBLEM_UNAVAILABLE}, {-ESHUTDOWN, 503, PROBLEM_UNAVAILABLE},
};

void problem_reply_err(struct http_exchange *x, int code, const struct err *e)
{
    struct problem p = {.status = 500,
                        .type = PROBLEM_INTERNAL,
                        .detail = err_text(e, code),
                        .field = e && e->field[0] ? e->field : NULL};
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (kinds[i].code == code) {
            p.status = kinds[i].status;
            p.type = kinds[i].type;
        }
    if (p.status == 503)
        p.retry_after_s = 5;
    if (p.status >= 500)
        log_warn("api", "request failed", "path=%s status=%d error=%s", LOG_Q(http_path(x)),
                 p.status, LOG_Q(p.detail));
    problem_reply(x, &p);
}

void problem_hook(void *arg, struct http_exchange *x, int status, const char *type,
                  const char *detail)
{
    (void)arg;
    problem_reply(x, &(struct problem){.status = status,
                                       .type = type,
                                       .detail = detail,
                                       .retry_after_s = status == 503 ? 5 : 0});
}
