#include "cli/client.h"

#include "base/rand.h"
#include "cli/sse.h"
#include "io/http-client.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT_LOGIN_FILE = 8192, CALL_TIMEOUT_MS = 30000, RECONNECT_S = 1 };

struct client {
    struct loop *loop;
    struct http_client *http;
    char *url, *token;
    char *socket;           /* of this machine's agent; NULL = hydrad */
    char key[RAND_ID_SIZE]; /* of what is ordered there */
    uint32_t patience_ms;
};

/* --- what was kept --- */

static char *login_folder(void)
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    return !str_is_empty(xdg) ? mem_printf("%s/hydra", xdg)
                              : mem_printf("%s/.config/hydra", str_is_empty(home) ? "/tmp" : home);
}

static char *login_path(void)
{
    AUTO(mem_freep) char *folder = login_folder();
    return mem_printf("%s/login.json", folder);
}

static json_t *login_read(void)
{
    AUTO(mem_freep) char *path = login_path();
    char text[LIMIT_LOGIN_FILE];
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    json_t *kept = NULL;
    return json_parse(text, n, sizeof text, NULL, &kept) < 0 ? NULL : kept;
}

/* Written beside and renamed: a half-written token is no token. */
int login_keep(const char *url, const char *token, struct err *e)
{
    AUTO(mem_freep)
    char *folder = login_folder(), *path = login_path(), *fresh = mem_printf("%s.new", path);
    char *slash = strrchr(folder, '/');
    *slash = 0;
    if (mkdir(folder, 0700) < 0 && errno != EEXIST)
        return err_set(e, -errno, "%s can't be made: %s.", folder, strerror(errno));
    *slash = '/';
    if (mkdir(folder, 0700) < 0 && errno != EEXIST)
        return err_set(e, -errno, "%s can't be made: %s.", folder, strerror(errno));
    struct str text = {0};
    struct jw w = jw_begin(&text);
    jw_object(&w);
    jw_key_str(&w, "url", url);
    jw_key_str(&w, "token", token);
    jw_end_object(&w);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, text.p, text.len) == (ssize_t)text.len && fsync(fd) == 0 &&
              rename(fresh, path) == 0;
    int r = ok ? 0 : err_set(e, -errno, "%s can't be written: %s.", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    str_done(&text);
    return r;
}

int login_forget(struct err *e)
{
    AUTO(mem_freep) char *path = login_path();
    if (unlink(path) == 0 || errno == ENOENT)
        return 0;
    return err_set(e, -errno, "%s can't be removed: %s.", path, strerror(errno));
}

/* --- the client --- */

static const char *first_of(const char *a, const char *b, const char *c)
{
    return !str_is_empty(a) ? a : !str_is_empty(b) ? b : c;
}

static struct client *client_make(const char *url, const char *token)
{
    struct client *c = mem_alloc(sizeof *c);
    c->url = mem_strdup(url);
    while (str_ends(c->url, "/"))
        c->url[strlen(c->url) - 1] = 0;
    c->token = mem_strdup(token);
    c->loop = loop_new("hydra");
    c->http = http_client_new(c->loop);
    return c;
}

static struct client *client_of_agent(const struct invocation *v)
{
    struct client *c = client_make("http://localhost", "");
    c->socket =
        mem_strdup(first_of(invocation_option(v, "socket"), getenv("HYDRA_SOCKET"), LOCAL_SOCKET));
    rand_id(c->key);
    return c;
}

int client_new(const struct invocation *v, struct err *e, struct client **ret_client)
{
    if (invocation_has(v, "local")) {
        *ret_client = client_of_agent(v);
        return 0;
    }
    AUTO(json_decrefp) json_t *kept = login_read();
    const char *kept_url = json_get_str(kept, "url", NULL);
    const char *url = first_of(invocation_option(v, "server"), getenv("HYDRA_URL"),
                               first_of(kept_url, NULL, "http://127.0.0.1:7770"));
    if (!str_starts(url, "http://") && !str_starts(url, "https://"))
        return err_set(e, -EINVAL, "The address %s must begin with http:// or https://.", url);
    struct client *c = client_make(url, "");
    /* A kept token belongs to the address that it was kept for: it goes nowhere else. */
    bool same = str_eq(c->url, kept_url);
    mem_set_str(&c->token, first_of(getenv("HYDRA_TOKEN"),
                                    same ? json_get_str(kept, "token", NULL) : NULL, ""));
    *ret_client = c;
    return 0;
}

void client_free(struct client *c)
{
    if (!c)
        return;
    http_client_free(c->http);
    loop_free(c->loop);
    mem_free(c->url);
    mem_free(c->token);
    mem_free(c->socket);
    mem_free(c);
}

const char *client_url(const struct client *c)
{
    return c->url;
}

/* --- one call --- */

struct call {
    struct client *client;
    bool done;
    int code, status;
    struct str body;
    struct err *e;
    struct http_call *handle;
    struct str arrived; /* of a stream, not read yet */
};

/* Why this machine's agent can't be asked. */
static int say_agent_away(const char *path, const struct http_answer *a, struct err *e)
{
    struct stat st;
    struct group *g = stat(path, &st) == 0 ? getgrgid(st.st_gid) : NULL;
    if (a->error == -EACCES)
        return err_set(
            e, -ECONNREFUSED,
            "You may not ask this machine's agent: %s is for root and the members of the "
            "group %s. As root: usermod -aG %s YOUR-NAME, then sign in anew.",
            path, g ? g->gr_name : "hydra", g ? g->gr_name : "hydra");
    if (a->error == -ENOENT)
        return err_set(e, -ECONNREFUSED,
                       "No agent listens on this machine: there is no %s. Where hydrad runs there "
                       "is none; elsewhere `systemctl start hydra-agent` starts it.",
                       path);
    if (a->error == -ECONNREFUSED)
        return err_set(e, -ECONNREFUSED,
                       "The agent of this machine does not run: `systemctl start hydra-agent` "
                       "starts it, `journalctl -u hydra-agent` says why it ended.");
    return err_set(e, a->error, "The agent of this machine does not answer: %s", a->text);
}

bool client_was_cut_off(int code)
{
    return code == -ECONNREFUSED || code == -ECONNRESET || code == -ETIMEDOUT || code == -EPIPE ||
           code == -EHOSTUNREACH || code == -EIO;
}

static void on_done(void *arg, const struct http_answer *a)
{
    struct call *c = arg;
    c->done = true;
    c->code = a->error;
    c->status = a->status;
    if (a->error && c->client->socket)
        c->code = say_agent_away(c->client->socket, a, c->e);
    else if (a->error)
        err_set(c->e, a->error, "%s does not answer: %s", c->client->url, a->text);
    if (a->body)
        str_add_n(&c->body, a->body, a->body_len);
}

static int code_of_status(int status)
{
    return status == 401   ? -EACCES
           : status == 403 ? -EPERM
           : status == 404 ? -ENOENT
           : status == 409 ? -EEXIST
           : status == 400 ? -EINVAL
                           : -EIO;
}

static int problem(const struct call *c, struct err *e)
{
    AUTO(json_decrefp) json_t *p = NULL;
    const char *detail = NULL;
    if (json_parse(str_text(&c->body), c->body.len, 65536, NULL, &p) == 0)
        detail = json_get_str(p, "detail", NULL);
    if (c->status == 401 && !detail)
        detail = "Sign in first: hydra login.";
    char plain[64];
    snprintf(plain, sizeof plain, "%s answered with status %d.",
             c->client->socket ? "The agent" : "hydrad", c->status);
    return err_set(e, code_of_status(c->status), "%s%s", detail ? detail : plain,
                   c->status == 401 ? " (hydra login, or HYDRA_TOKEN)" : "");
}

static void run_until_done(struct client *c, const bool *done)
{
    while (!*done)
        uv_run(loop_uv(c->loop), UV_RUN_ONCE);
}

static int start(struct call *c, struct http_request *r, struct err *e)
{
    AUTO(mem_freep) char *authorization = mem_printf("Authorization: Bearer %s", c->client->token);
    AUTO(mem_freep) char *key = mem_printf("Idempotency-Key: %s", c->client->key);
    const char *headers[] = {"Accept: application/json, text/event-stream",
                             "Content-Type: application/json",
                             c->client->socket   ? key
                             : *c->client->token ? authorization
                                                 : NULL,
                             NULL};
    r->headers = headers;
    r->unix_socket = c->client->socket;
    r->tls_verify = true;
    r->on_done = on_done;
    r->arg = c;
    return http_client_call(c->client->http, r, e, &c->handle);
}

void client_set_patience(struct client *c, uint32_t ms)
{
    c->patience_ms = ms;
}

int client_call(struct client *c, const char *method, const char *path, const json_t *body,
                struct err *e, json_t **ret_answer)
{
    struct call call = {.client = c, .e = e};
    AUTO(mem_freep) char *url = mem_printf("%s%s", c->url, path);
    AUTO(mem_freep) char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct http_request r = {.method = method,
                             .url = url,
                             .body = text,
                             .body_len = text ? strlen(text) : 0,
                             .timeout_ms = c->patience_ms ? c->patience_ms : CALL_TIMEOUT_MS};
    int status = start(&call, &r, e);
    if (status >= 0) {
        run_until_done(c, &call.done);
        status = call.code;
    }
    if (status >= 0 && call.status >= 300)
        status = problem(&call, e);
    if (status >= 0 && call.body.len)
        status = json_parse(call.body.p, call.body.len, LIMIT_HTTP_ANSWER, e, ret_answer);
    str_done(&call.body);
    return status;
}

/* --- the event stream --- */

static bool on_data(void *arg, const char *bytes, size_t n)
{
    struct call *c = arg;
    str_add_n(&c->arrived, bytes, n);
    return c->arrived.len <= LIMIT_HTTP_ANSWER;
}

/* Events are told outside the loop's callbacks: who hears one may call hydrad, which runs the loop
 * and lets more arrive. */
static void read_stream(struct call *c, struct sse_reader *reader)
{
    while (!reader->ended && (c->arrived.len || !c->done)) {
        if (!c->arrived.len) {
            uv_run(loop_uv(c->client->loop), UV_RUN_ONCE);
            continue;
        }
        struct str bytes = c->arrived;
        c->arrived = (struct str){0};
        sse_reader_feed(reader, bytes.p, bytes.len);
        str_done(&bytes);
    }
    if (!c->done)
        http_call_cancel(c->handle);
    str_done(&c->arrived);
}

int client_stream_of(struct client *c, const char *path, const char *resume, const char *since,
                     bool (*on_event)(void *arg, const struct stream_event *event), void *arg,
                     struct err *e)
{
    struct sse_reader reader = {.on_event = on_event, .arg = arg};
    str_add(&reader.last_id, since ? since : "");
    int r = 0;
    bool ever = false;
    while (!reader.ended && (r >= 0 || ever)) {
        struct call call = {.client = c, .e = e};
        AUTO(mem_freep)
        char *url = reader.last_id.len
                        ? mem_printf("%s%s%c%s=%s", c->url, path, strchr(path, '?') ? '&' : '?',
                                     resume, str_text(&reader.last_id))
                        : mem_printf("%s%s", c->url, path);
        struct http_request request = {.url = url, .on_data = on_data};
        r = start(&call, &request, e);
        if (r >= 0) {
            read_stream(&call, &reader);
            r = call.code;
        }
        ever = ever || call.status == 200;
        if (r >= 0 && call.status >= 300) {
            r = problem(&call, e);
            ever = false;
        }
        str_done(&call.body);
        sse_reader_break(&reader);
        if (!reader.ended && (r >= 0 || ever))
            sleep(RECONNECT_S);
    }
    bool ended = reader.ended;
    sse_reader_done(&reader);
    return ended ? 0 : r;
}

int client_stream(struct client *c, const char *topics, const char *since,
                  bool (*on_event)(void *arg, const struct stream_event *event), void *arg,
                  struct err *e)
{
    AUTO(mem_freep) char *path = mem_printf("/api/events/cluster?topics=%s", topics);
    return client_stream_of(c, path, "since", since, on_event, arg, e);
}
