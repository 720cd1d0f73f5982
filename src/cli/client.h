/* Talking to hydrad: one call at a time, plain and blocking; and reading its event stream. */
#pragma once

#include "base/json.h"
#include "cli/options.h"

struct client;

/* Where and as whom: --server, HYDRA_URL and HYDRA_TOKEN, what `hydra login` kept,
 * http://127.0.0.1:7770. */
/* With --local: the agent of this machine. */
int client_new(const struct invocation *v, struct err *e, struct client **ret_client) MUST_CHECK;
void client_free(struct client *c);
const char *client_url(const struct client *c);

/* How long a call may take from now on; else 30 s. */
void client_set_patience(struct client *c, uint32_t ms);

/* Sends JSON (NULL = no body) and takes JSON (NULL when the answer has none). A problem's detail
 * becomes the sentence. -EACCES: sign in first; -EPERM: not permitted; -ENOENT; -ECONNREFUSED: no
 * hydrad there; -EIO else. */
int client_call(struct client *c, const char *method, const char *path, const json_t *body,
                struct err *e, json_t **ret_answer) MUST_CHECK;

/* Nobody answered, or no more: it may be on its way back. */
bool client_was_cut_off(int code);

struct stream_event {
    const char *id, *type, *data; /* data: JSON */
};

/* Reads the stream at `path`, whose query takes the last id as `resume`, until `on_event` returns
 * false, or it breaks: reconnects with the last id after 1 s. `since` NULL = now. */
int client_stream_of(struct client *c, const char *path, const char *resume, const char *since,
                     bool (*on_event)(void *arg, const struct stream_event *event), void *arg,
                     struct err *e) MUST_CHECK;
/* The same of the cluster's events. */
int client_stream(struct client *c, const char *topics, const char *since,
                  bool (*on_event)(void *arg, const struct stream_event *event), void *arg,
                  struct err *e) MUST_CHECK;

/* What `hydra login` keeps: ~/.config/hydra/login.json, mode 0600. */
int login_keep(const char *url, const char *token, struct err *e) MUST_CHECK;
int login_forget(struct err *e) MUST_CHECK;
