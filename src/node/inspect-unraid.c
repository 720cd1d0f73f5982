/* Array, parity, disks and shares of an Unraid machine, by its own API: one part after the other.
 * What it is asked comes from its memory: no disk is woken. */
#include "io/http-client.h"
#include "node/facts.h"
#include "node/inspect-private.h"
#include "node/kfile.h"
#include "node/rooted.h"
#include "node/unraid.h"

enum { PART_MS = 10000, LIMIT_KEY = 512 };

struct survey {
    struct inspect *i;
    struct http_call *call;
    char *url, *key_header;
    unsigned part, spelling;
    bool any;
    json_t *data[UNRAID_PARTS];
    char *troubles[UNRAID_PARTS];
};

static void ask(struct survey *s);

static void finish(struct survey *s)
{
    AUTO(str_done) struct str json = {0};
    struct jw w = jw_begin(&json);
    if (!s->any) {
        inspect_fail(s->i, -EIO, "%s", s->troubles[0]);
        return;
    }
    unraid_print(s->data, s->troubles, &w);
    inspect_answer(s->i, &json);
}

static int take(struct survey *s, const struct http_answer *a, struct err *e)
{
    if (a->error)
        return err_set(e, -EIO, "Unraid's API can't be asked: %s", a->text);
    if (a->status == 401 || a->status == 403)
        return err_set(e, -EIO,
                       "Unraid does not take the API key: make one with the role VIEWER under "
                       "Settings, Management Access, API Keys.");
    if (a->status / 100 == 3)
        return err_set(e, -EIO,
                       "Unraid's page sends elsewhere (%.200s): give that address by --unraid.",
                       a->redirect ? a->redirect : "no address");
    if (a->status == 404)
        return err_set(e, -EIO, "There is no API there: it comes with Unraid 7.2.");
    return unraid_take(a->body ? a->body : "", a->body_len, e, &s->data[s->part]);
}

static void on_answer(void *arg, const struct http_answer *a)
{
    struct survey *s = arg;
    struct err e = {0};
    s->call = NULL;
    int r = take(s, a, &e);
    if (r == -EINVAL && unraid_question((enum unraid_part)s->part, s->spelling + 1)) {
        s->spelling++; /* an older release may know it by that */
        ask(s);
        return;
    }
    if (r < 0)
        s->troubles[s->part] = mem_strdup(e.text);
    s->any |= r >= 0;
    s->spelling = 0;
    if (++s->part < UNRAID_PARTS && !a->error)
        ask(s);
    else
        finish(s);
}

static void ask(struct survey *s)
{
    const char *const headers[] = {"Content-Type: application/json", s->key_header, NULL};
    const char *body = unraid_question((enum unraid_part)s->part, s->spelling);
    struct err e = {0};
    const struct http_request r = {.url = s->url,
                                   .headers = headers,
                                   .body = body,
                                   .body_len = strlen(body),
                                   .timeout_ms = PART_MS,
                                   .body_max = LIMIT_UNRAID_ANSWER,
                                   .tls_verify = true,
                                   .on_done = on_answer,
                                   .arg = s};
    if (http_client_call(inspect_http(s->i), &r, &e, &s->call) < 0)
        inspect_fail(s->i, -EIO, "Unraid's API can't be asked: %s", e.text);
}

/* --- life --- */

static bool is_unraid(const struct node *n)
{
    AUTO(str_done) struct str text = {0};
    if (rooted_read(n->settings.root, "/etc/os-release", 64 << 10, &text) < 0)
        return kfile_exists(n->settings.root, "/etc/unraid-version");
    AUTO(mem_freep) char *id = facts_os_release(str_text(&text), "ID");
    return str_eq(id, "unraid") || kfile_exists(n->settings.root, "/etc/unraid-version");
}

/* A key is one word. */
static char *read_key(const char *file)
{
    AUTO(str_done) struct str text = {0};
    if (!file || rooted_read("", file, LIMIT_KEY, &text) < 0 || !text.len)
        return NULL;
    str_trim(text.p);
    return *text.p && !strpbrk(text.p, " \t\r\n") ? mem_printf("x-api-key: %s", text.p) : NULL;
}

static void start(struct inspect *i)
{
    const struct node_settings *set = &i->node->settings;
    struct survey *s = i->state = mem_alloc(sizeof *s);
    s->i = i;
    s->url = mem_printf("%s/graphql", set->unraid_url ? set->unraid_url : "http://127.0.0.1");
    s->key_header = read_key(set->unraid_key);
    if (s->key_header)
        ask(s);
    else if (is_unraid(i->node))
        inspect_fail(i, -EIO,
                     "The agent has no key for Unraid's API: make one with the role VIEWER under "
                     "Settings, Management Access, API Keys, put it into a file, and name that by "
                     "--unraid-key (HYDRA_AGENT_UNRAID_KEY).");
    else
        inspect_fail(i, -EOPNOTSUPP, "This machine does not run Unraid.");
}

static void stop(struct inspect *i)
{
    struct survey *s = i->state;
    http_call_cancel(TAKE(s->call));
    for (size_t k = 0; k < UNRAID_PARTS; k++) {
        json_decref(s->data[k]);
        mem_free(s->troubles[k]);
    }
    mem_free(s->url);
    mem_free(s->key_header);
    mem_free(s);
}

const struct inspect_ops unraid_inspect = {.start = start, .stop = stop};
