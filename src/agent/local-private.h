/* What the files of local.h share. */
#pragma once

#include "agent/known.h"
#include "agent/local.h"
#include "base/json.h"
#include "http/http.h"
#include "logs/logs.h"

struct local {
    struct local_settings settings;
    char *path;
    int fd;
    uv_poll_t *poll; /* somebody knocks; NULL: the server listens */
    struct http_server *server;
    struct loop_timer *idle;
    struct loop_timer *again; /* it could not be made; NULL */
    struct logs *logs;        /* NULL: nobody has read any yet */
    bool ending, server_gone;
    bool failing;              /* nobody could be answered the last time, and that was said */
    struct local_action *told; /* by the command that is being given or asked for */
    struct local_action *refused[LIMIT_LOCAL_REFUSED]; /* the last ones */
    size_t n_refused;
};

static inline struct local *local_of(const struct http_exchange *x)
{
    return http_context(x);
}

/* The observed id that a word means: "systemd/nginx.service", with the node before it, "nginx".
 * -ENOENT, -EINVAL: it may be several. The caller frees. */
int local_find(const struct local *l, const char *word, struct err *e, char **ret_id) MUST_CHECK;

void local_reply_json(struct http_exchange *x, int status, struct str *body); /* taken */
void local_refuse(struct http_exchange *x, int status, const char *type, const struct err *e);

/* --- local-lists.c, local-jobs.c, local-logs.c --- */
void local_get_status(struct http_exchange *x);
void local_get_services(struct http_exchange *x);
void local_get_sources(struct http_exchange *x);
void local_post_job(struct http_exchange *x);
void local_get_job(struct http_exchange *x);
void local_get_logs(struct http_exchange *x);
void local_get_tail(struct http_exchange *x);
void local_free_jobs(struct local *l);
