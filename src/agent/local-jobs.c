/* What is to be done to a service, ordered on the node itself: a command of this machine. */
#include "agent/local-private.h"

#include "base/clock.h"
#include "base/rand.h"
#include "node/processes.h"

#include <ctype.h>
#include <stdio.h>

enum {
    EXPIRES_MS = 5 * 60 * 1000, /* what waits longer for its turn is not wanted any more */
    LIMIT_KEY = COMMAND_ID_SIZE - (int)sizeof LOCAL_ID,
};

static void free_action(struct local_action *a)
{
    if (a)
        node_report_free(&(struct node_report){.kind = REPORT_LOCAL, .local = a});
}

static void free_told(struct local *l)
{
    free_action(TAKE(l->told));
}

void local_free_jobs(struct local *l)
{
    free_told(l);
    for (size_t i = 0; i < COUNT_OF(l->refused); i++)
        free_action(TAKE(l->refused[i]));
}

static struct local_action *copy_of(const struct local_action *a)
{
    struct local_action *copy = mem_alloc(sizeof *copy);
    *copy = (struct local_action){.user = mem_strdup(a->user),
                                  .uid = a->uid,
                                  .verb = mem_strdup(a->verb),
                                  .target = mem_strdup(a->target),
                                  .argument = mem_strdup(a->argument),
                                  .outcome = mem_dup(a->outcome, sizeof *a->outcome)};
    copy->outcome->step = mem_strdup(a->outcome->step);
    copy->outcome->text = mem_strdup(a->outcome->text);
    copy->outcome->output = mem_strdup(a->outcome->output);
    return copy;
}

/* The node forgets what it refuses to people here; whoever ordered it asks for it all the same. */
static void keep_refused(struct local *l, const struct local_action *a)
{
    struct local_action **place = &l->refused[l->n_refused++ % COUNT_OF(l->refused)];
    free_action(*place);
    *place = copy_of(a);
}

static const struct local_action *find_refused(const struct local *l, const char *id)
{
    for (size_t i = 0; i < COUNT_OF(l->refused); i++)
        if (l->refused[i] && str_eq(l->refused[i]->outcome->id, id))
            return l->refused[i];
    return NULL;
}

void local_outcome(struct local *l, const struct local_action *a)
{
    if (!l)
        return;
    free_told(l);
    l->told = copy_of(a);
    if (a->outcome->state == OUTCOME_REFUSED)
        keep_refused(l, a);
}

/* --- a job as the API shows one --- */

/* "unit.restart" of "systemd/nginx.service": "Restart nginx.service on tower". */
static char *title_of(const struct local *l, const struct local_action *a)
{
    const char *dot = strchr(a->verb, '.'), *slash = strchr(a->target, '/');
    AUTO(mem_freep) char *word = mem_strdup(dot ? dot + 1 : a->verb);
    *word = (char)toupper((unsigned char)*word);
    for (char *p = word; *p; p++)
        *p = *p == '-' ? ' ' : *p;
    return mem_printf("%s %s on %s", word, slash ? slash + 1 : a->target,
                      l->settings.identity->node);
}

static void reply_job(struct http_exchange *x, int status, const struct local_action *a)
{
    const struct local *l = local_of(x);
    const struct command_outcome *o = a->outcome;
    AUTO(mem_freep) char *title = title_of(l, a);
    AUTO(mem_freep) char *service = mem_printf("%s/%s", l->settings.identity->node, a->target);
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key_str(&w, "id", o->id);
    jw_key_str(&w, "title", title);
    jw_key_str(&w, "verb", a->verb);
    jw_key_str(&w, "node", l->settings.identity->node);
    jw_key_str(&w, "service", service);
    jw_key_str(&w, "actor", a->user);
    jw_key_str(&w, "state", outcome_state_name(o->state));
    jw_key_str(&w, "step", o->step);
    jw_key_str(&w, "text", o->text);
    jw_key_str(&w, "output", o->output);
    jw_end_object(&w);
    local_reply_json(x, status, &body);
}

static void reply_told(struct http_exchange *x, int status, const char *id)
{
    struct local *l = local_of(x);
    struct local_action *a = TAKE(l->told);
    struct err e = {0};
    if (a && str_eq(a->outcome->id, id)) {
        reply_job(x, status, a);
    } else {
        err_set(&e, -ENOENT, "This node knows of no job %s that was ordered here.", id);
        local_refuse(x, 404, "not-found", &e);
    }
    free_action(a);
}

void local_get_job(struct http_exchange *x)
{
    struct local *l = local_of(x);
    const char *id = http_param(x, "id");
    const struct local_action *refused = find_refused(l, id);
    free_told(l);
    if (str_starts(id, LOCAL_ID))
        node_command_query(l->settings.node, id);
    if (!l->told && refused)
        reply_job(x, 200, refused);
    else
        reply_told(x, 200, id);
}

/* --- an order --- */

/* "restart" of a unit is "unit.restart". */
static int verb_of(const char *id, const char *word, struct err *e, enum command_verb *ret_v)
{
    bool unit = str_starts(id, "systemd/"), process = str_starts(id, "process/");
    const char *kind = unit ? "unit" : "container";
    AUTO(mem_freep)
    char *name = strchr(word, '.') ? mem_strdup(word) : mem_printf("%s.%s", kind, word);
    if (process)
        return err_set(e, -EINVAL,
                       "%s is a bare process: nothing manages it that could be told to do that.",
                       id);
    if (!str_starts(name, kind) || name[strlen(kind)] != '.' || command_verb_parse(name, ret_v) < 0)
        return err_set(e, -EINVAL, "%s is a %s: there is no %.60s for it.", id, kind, name);
    return 0;
}

/* The one service that is meant, by whichever member. */
static int word_of(const json_t *body, struct err *e, const char **ret_word)
{
    const json_t *list = json_object_get(body, "services");
    if (json_array_size(list) > 1)
        return err_set(e, -EINVAL, "On the node itself it is one service at a time.");
    const char *one = json_string_value(json_array_get(list, 0));
    *ret_word = one ? one : json_get_str(body, "service", "");
    return **ret_word ? 0 : err_set(e, -EINVAL, "Say which service: with service or services.");
}

static int read_order(struct http_exchange *x, const json_t *body, struct command *c, struct err *e)
{
    const char *word = "", *verb = json_get_str(body, "verb", "");
    const char *argument = json_get_str(body, "argument", "");
    int r = *verb ? word_of(body, e, &word) : err_set(e, -EINVAL, "\"verb\" is missing.");
    if (r == 0 && (strlen(argument) > LIMIT_COMMAND_TEXT || strlen(word) > LIMIT_COMMAND_TEXT))
        r = err_set(e, -EINVAL, "A text is longer than %d bytes.", LIMIT_COMMAND_TEXT);
    if (r == 0)
        r = local_find(local_of(x), word, e, &c->target);
    if (r == 0)
        r = err_field(e, verb_of(c->target, verb, e, &c->verb), "verb");
    if (r == 0)
        c->argument = mem_strdup(argument);
    return r;
}

/* The caller's key, so that what is sent twice is done once. */
static int read_id(const struct http_exchange *x, struct command *c, struct err *e)
{
    const char *key = http_header(x, "Idempotency-Key");
    char made[RAND_ID_SIZE];
    if (!key)
        key = rand_id(made);
    size_t n = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789");
    if (!n || key[n] || n > LIMIT_KEY)
        return err_set(e, -EINVAL, "Idempotency-Key is 1 to %d of a-z and 0-9.", LIMIT_KEY);
    snprintf(c->id, sizeof c->id, LOCAL_ID "%s", key);
    return 0;
}

static int read_body(struct http_exchange *x, struct err *e, json_t **ret_body)
{
    size_t len;
    const char *text = http_body(x, &len);
    int r = json_parse(text, len, 16 << 10, e, ret_body);
    if (r == 0 && !json_is_object(*ret_body))
        r = err_set(e, -EINVAL, "The body must be a JSON object.");
    return r;
}

static int read_command(struct http_exchange *x, struct command *c, struct err *e)
{
    AUTO(json_decrefp) json_t *body = NULL;
    int r = http_peer_user(x, &c->uid);
    if (r < 0)
        return err_set(e, -EPERM, "The system does not say who asks.");
    r = read_body(x, e, &body);
    if (r == 0)
        r = read_id(x, c, e);
    if (r == 0)
        r = read_order(x, body, c, e);
    c->user = process_user_name("", c->uid);
    c->expires_ms = clock_wall_ms() + EXPIRES_MS;
    c->is_local = true;
    return r;
}

void local_post_job(struct http_exchange *x)
{
    struct local *l = local_of(x);
    struct command c = {0};
    struct err e = {0};
    int r = read_command(x, &c, &e);
    free_told(l);
    if (r == -ENOENT)
        local_refuse(x, 404, "not-found", &e);
    else if (r < 0)
        local_refuse(x, r == -EPERM ? 403 : 400, r == -EPERM ? "forbidden" : "invalid", &e);
    if (r == 0) {
        node_command(l->settings.node, &c);
        if (!l->told || !str_eq(l->told->outcome->id, c.id)) /* it has said nothing yet */
            node_command_query(l->settings.node, c.id);
        reply_told(x, 202, c.id);
    }
    command_done(&c);
}
