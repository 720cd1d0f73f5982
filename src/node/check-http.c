/* http: the status is one of the expected, the body holds the expected text, the port is held by
 * the expected process. Redirects are told, not followed. */
#include "node/check-private.h"

static void down(struct check_run *run, const struct http_answer *a, const char *text)
{
    check_finish(run, CHECK_DOWN, &(struct check_details){a->status, a->tls_expires_ms}, "%s",
                 text);
}

static bool has_text(const struct http_answer *a, const char *text)
{
    return memmem(a->body, a->body_len, text, strlen(text)) != NULL;
}

/* It answers, but is it itself? */
static char *wrong_body(const struct check_run *run, const struct http_answer *a)
{
    const char *expected = run->spec->expect_body;
    if (str_is_empty(expected) || has_text(a, expected))
        return NULL;
    char *title = check_page_title(a->body, a->body_len);
    char *text =
        title ? mem_printf("answers, but it is “%s”: the body lacks “%.80s”", title, expected)
              : mem_printf("answers, but the body lacks “%.80s”", expected);
    mem_free(title);
    return text;
}

static char *wrong_owner(const struct check_run *run)
{
    char host[CHECK_HOST_SIZE], found[128];
    uint16_t port;
    if (check_split_url(run->spec->target, host, &port) < 0 ||
        check_owner_fits(run->node, run->spec->expect_process, host, port, found, sizeof found))
        return NULL;
    return mem_printf("answers, but port %u is held by %s, not %s", port, found,
                      run->spec->expect_process);
}

static void judge(struct check_run *run, const struct http_answer *a)
{
    char took[CHECK_TOOK_SIZE];
    char *wrong = NULL;
    if (!check_status_in(run->spec->expect_status, a->status))
        wrong = a->redirect ? mem_printf("HTTP %d to %.200s", a->status, a->redirect)
                            : mem_printf("HTTP %d", a->status);
    if (!wrong)
        wrong = wrong_body(run, a);
    if (!wrong)
        wrong = wrong_owner(run);
    if (wrong)
        down(run, a, wrong);
    else
        check_finish(run, CHECK_UP, &(struct check_details){a->status, a->tls_expires_ms},
                     "HTTP %d in %s", a->status, check_took(run, took));
    mem_free(wrong);
}

static void on_done(void *arg, const struct http_answer *a)
{
    struct check_run *run = arg;
    run->state = NULL;
    if (a->error)
        down(run, a, a->text);
    else
        judge(run, a);
}

static void start(struct check_run *run)
{
    static const char *const headers[] = {"User-Agent: Hydra/" HYDRA_VERSION " (health check)",
                                          "Accept: */*", NULL};
    bool body = !str_is_empty(run->spec->expect_body);
    struct http_request r = {
        .url = run->spec->target,
        .headers = headers,
        .only_head = !body,
        .body_max = LIMIT_CHECK_BODY,
        .cut_body = true,
        .fresh = true,
        .tls_verify = run->spec->tls_verify,
        .want_certificate = str_starts(run->spec->target, "https:"),
        .on_done = on_done,
        .arg = run,
    };
    struct http_call *call;
    struct err e = {0};
    int code = http_client_call(run->http, &r, &e, &call);
    if (code < 0)
        check_finish(run, CHECK_UNKNOWN, NULL, "%s", err_text(&e, code));
    else
        run->state = call;
}

static void clean(struct check_run *run)
{
    http_call_cancel(run->state);
}

const struct check_kind_ops check_http = {.start = start, .clean = clean};
