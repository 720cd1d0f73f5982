/* hydra service start|stop|restart …, hydra node reboot|poweroff, hydra jobs, hydra job cancel. */
#include "cli/list.h"
#include "cli/order.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include "base/clock.h"

#include <stdio.h>
#include <unistd.h>

enum {
    POLL_FIRST_MS = 150,
    POLL_LAST_MS = 1000,
    LOCAL_TRIES = 5,
    AWAY_MS = 10 * 60 * 1000, /* hydrad may be away that long: it may be what is rebooted */
};

/* Exit codes of what came of a job. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_REFUSED = 2 };

static char *job_path(const char *id)
{
    struct str path = {0};
    str_add(&path, "/api/cli/jobs/");
    path_add(&path, id);
    return str_take(&path);
}

static bool is_over(const json_t *job)
{
    const char *state = json_get_str(job, "state", "");
    return !str_eq(state, "waiting") && !str_eq(state, "running");
}

static int exit_code_of(const json_t *job)
{
    const char *state = json_get_str(job, "state", "");
    return str_eq(state, "done")      ? EXIT_DONE
           : str_eq(state, "refused") ? EXIT_REFUSED
                                      : EXIT_FAILED;
}

/* --- telling --- */

/* Text of hydrad without what would steer a terminal. */
static void add_plain(struct str *out, const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x20 || *text == '\n' || *text == '\t')
            str_add_char(out, *text == 0x7f ? '?' : *text);
}

static void tell(FILE *to, const struct invocation *v, const char *state, const char *mark,
                 const char *text)
{
    struct str line = {0};
    str_addf(&line, "%s%s", color_of(v, state), mark);
    add_plain(&line, text);
    str_addf(&line, "%s\n", color_end(v));
    fputs(str_text(&line), to);
    fflush(to);
    str_done(&line);
}

static bool tells_steps(const struct invocation *v)
{
    return v->output == OUTPUT_TABLE && isatty(STDOUT_FILENO);
}

static void print_json(const struct invocation *v, const json_t *job)
{
    struct str out = {0};
    print_value(v->output == OUTPUT_TABLE ? OUTPUT_YAML : v->output, job, &out);
    fputs(str_text(&out), stdout);
    str_done(&out);
}

static void tell_end(const struct invocation *v, const json_t *job)
{
    if (v->output != OUTPUT_TABLE) {
        print_json(v, job);
        return;
    }
    const char *state = json_get_str(job, "state", ""), *text = json_get_str(job, "text", "");
    const char *output = json_get_str(job, "output", "");
    bool done = str_eq(state, "done");
    AUTO(mem_freep)
    char *line =
        mem_printf("%s: %s%s%s", json_get_str(job, "title", ""), state, *text ? ". " : "", text);
    tell(done ? stdout : stderr, v, done ? "ok" : "bad", done ? "✓ " : "✗ ", line);
    if (!done && *output)
        tell(stderr, v, "", "", output);
}

/* --- following --- */

struct following {
    struct invocation *v;
    struct client *client;
    char *path;
    char *step; /* told last */
    int64_t heard_ms;
    unsigned gap_ms;
};

static void tell_step(struct following *f, const json_t *job)
{
    const char *step = json_get_str(job, "step", "");
    if (mem_set_str(&f->step, step) && *step && tells_steps(f->v))
        tell(stdout, f->v, "", "  ", step);
}

/* A hydrad that is away for a while has not forgotten the job. */
static int look(struct following *f, struct err *e, json_t **ret_job)
{
    int r = client_call(f->client, "GET", f->path, NULL, e, ret_job);
    if (r >= 0)
        f->heard_ms = clock_mono_ms();
    if (client_was_cut_off(r) && clock_mono_ms() - f->heard_ms < AWAY_MS) {
        *ret_job = NULL;
        return 0;
    }
    return r;
}

static void wait_a_little(struct following *f)
{
    usleep(f->gap_ms * 1000);
    f->gap_ms = f->gap_ms * 2 < POLL_LAST_MS ? f->gap_ms * 2 : POLL_LAST_MS;
}

/* Until the job is over; tells steps and outcome. Returns the exit code. */
static int follow(struct invocation *v, struct client *c, const char *id)
{
    struct err e = {0};
    struct following f = {.v = v,
                          .client = c,
                          .path = job_path(id),
                          .heard_ms = clock_mono_ms(),
                          .gap_ms = POLL_FIRST_MS};
    json_t *job = NULL;
    int r = look(&f, &e, &job);
    while (r >= 0 && (!job || !is_over(job))) {
        if (job)
            tell_step(&f, job);
        json_decref(job);
        job = NULL;
        wait_a_little(&f);
        r = look(&f, &e, &job);
    }
    int code = r < 0 ? verb_fail(&e, r) : exit_code_of(job);
    if (r >= 0)
        tell_end(v, job);
    json_decref(job);
    mem_free(f.path);
    mem_free(f.step);
    return code;
}

/* --- ordering --- */

/* An agent that is asked twice with one key does it once: its answer may have been lost with it. */
static int place(const struct invocation *v, struct client *c, const json_t *body, struct err *e,
                 json_t **ret_job)
{
    int r = client_call(c, "POST", "/api/cli/jobs", body, e, ret_job);
    for (unsigned i = 0; i < LOCAL_TRIES && client_was_cut_off(r) && invocation_has(v, "local");
         i++) {
        sleep(1);
        r = client_call(c, "POST", "/api/cli/jobs", body, e, ret_job);
    }
    return r;
}

int order_give(struct invocation *v, const json_t *body)
{
    struct err e = {0};
    struct client *c = NULL;
    AUTO(json_decrefp) json_t *job = NULL;
    int r = client_new(v, &e, &c);
    if (r >= 0)
        r = place(v, c, body, &e, &job);
    int code = EXIT_DONE;
    const char *id = json_get_str(job, "id", "");
    if (r < 0) {
        code = verb_fail(&e, r);
    } else if (invocation_has(v, "no-wait")) {
        puts(id);
    } else {
        if (tells_steps(v))
            tell(stdout, v, "", "", json_get_str(job, "title", ""));
        code = follow(v, c, id);
    }
    client_free(c);
    return code;
}

json_t *order_of(const struct invocation *v, const char *verb)
{
    json_t *body = json_object();
    json_object_set_new(body, "verb", json_string(verb));
    if (invocation_has(v, "force"))
        json_object_set_new(body, "force", json_true());
    if (invocation_has(v, "signal"))
        json_object_set_new(body, "argument", json_string(invocation_option(v, "signal")));
    return body;
}

/* --- what is said before --- */

static const json_t *offer_of(const json_t *actions, const char *verb)
{
    size_t i;
    const json_t *action;
    json_array_foreach (json_object_get(actions, "actions"), i, action)
        if (str_eq(json_get_str(action, "verb", ""), verb))
            return action;
    return NULL;
}

/* The id that `word` means; NULL when that can't be told: the order itself says why. */
static char *service_id(struct client *c, const char *word)
{
    struct err e = {0};
    AUTO(json_decrefp) json_t *service = NULL;
    AUTO(str_done) struct str path = {0};
    str_add(&path, "/api/cli/services/");
    path_add(&path, word);
    int r = client_call(c, "GET", path.p, NULL, &e, &service);
    const char *id = r >= 0 ? json_get_str(service, "id", NULL) : NULL;
    return id ? mem_strdup(id) : NULL;
}

/* True when there was something to say. */
static bool warn_of(const struct invocation *v, struct client *c, const char *word)
{
    struct err e = {0};
    AUTO(json_decrefp) json_t *actions = NULL;
    AUTO(str_done) struct str path = {0};
    AUTO(mem_freep) char *id = service_id(c, word);
    if (!id)
        return false;
    str_add(&path, "/api/cli/actions/");
    path_add(&path, id);
    if (client_call(c, "GET", path.p, NULL, &e, &actions) < 0)
        return false;
    const json_t *update = offer_of(actions, "container.update");
    const char *warning = update ? json_get_str(update, "warning", NULL) : NULL;
    AUTO(mem_freep) char *line = warning ? mem_printf("%s: %s", id, warning) : NULL;
    if (line)
        tell(stderr, v, "warn", "", line);
    return line;
}

static bool says_yes(void)
{
    char answer[16] = "";
    fputs("Go on? [y/N] ", stderr);
    return fgets(answer, sizeof answer, stdin) && (*answer == 'y' || *answer == 'Y');
}

/* Asks only where somebody sits; a script was told. False: it was not meant. */
static bool is_meant(struct invocation *v)
{
    struct err e = {0};
    struct client *c = NULL;
    bool warned = false;
    if (client_new(v, &e, &c) < 0)
        return true; /* the order says why */
    for (size_t i = 0; i < v->words.n; i++)
        warned |= warn_of(v, c, v->words.v[i]);
    client_free(c);
    return !warned || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO) || says_yes();
}

int verb_service_act(struct invocation *v)
{
    if (v->words.n < 1)
        return verb_usage(v);
    if (str_eq(v->verb->words[1], "update") && !is_meant(v))
        return EXIT_REFUSED;
    AUTO(json_decrefp)
    json_t *body = order_of(v, v->verb->words[1] ? v->verb->words[1] : v->verb->words[0]);
    json_t *ids = json_array();
    for (size_t i = 0; i < v->words.n; i++)
        json_array_append_new(ids, json_string(v->words.v[i]));
    json_object_set_new(body, "services", ids);
    return order_give(v, body);
}

/* hydra service connect|disconnect ID NETWORK, rename ID NAME. */
int verb_service_with(struct invocation *v)
{
    if (v->words.n != 2)
        return verb_usage(v);
    AUTO(json_decrefp) json_t *body = order_of(v, v->verb->words[1]);
    json_object_set_new(body, "services", json_pack("[s]", v->words.v[0]));
    json_object_set_new(body, "argument", json_string(v->words.v[1]));
    return order_give(v, body);
}

int verb_node_act(struct invocation *v)
{
    if (v->words.n != 1)
        return verb_usage(v);
    const char *word = v->verb->words[1];
    AUTO(json_decrefp)
    json_t *body = order_of(v, str_eq(word, "reboot") ? "machine.reboot"
                               : str_eq(word, "wake") ? "machine.wake"
                                                      : "machine.power-off");
    json_object_set_new(body, "node", json_string(v->words.v[0]));
    return order_give(v, body);
}

int verb_node_remount(struct invocation *v)
{
    if (v->words.n != 2)
        return verb_usage(v);
    AUTO(json_decrefp) json_t *body = order_of(v, "mount.remount");
    json_object_set_new(body, "node", json_string(v->words.v[0]));
    json_object_set_new(body, "target", json_string(v->words.v[1]));
    return order_give(v, body);
}

/* "500M", "1.5G": as journalctl has them, powers of 1024. */
static bool parse_size(const char *text, uint64_t *ret_bytes)
{
    static const char letters[] = "KMGT";
    size_t n = strlen(text);
    const char *at = n ? strchr(letters, text[n - 1]) : NULL;
    AUTO(mem_freep) char *number = mem_strndup(text, n - (at ? 1 : 0));
    double v;
    if (str_to_double(number, &v) < 0)
        return false;
    for (long i = at ? at - letters + 1 : 0; i > 0; i--)
        v *= 1024;
    if (!(v >= 1 && v < 1e18))
        return false;
    *ret_bytes = (uint64_t)v;
    return true;
}

/* What is to stay, as the order says it. */
static int read_vacuum_words(const struct invocation *v, struct str *out, struct err *e)
{
    const char *size = invocation_option(v, "size"), *age = invocation_option(v, "age");
    uint64_t bytes;
    int64_t ms = 0;
    if (!size && !age)
        return err_set(e, -EINVAL,
                       "Say what of the journal stays: --size 500M, --age 14d or both.");
    if (size && !parse_size(size, &bytes))
        return err_set(e, -EINVAL, "--size is a size such as 500M or 2G, not \"%s\".", size);
    if (age && (clock_parse_duration(age, &ms) < 0 || ms < 1000))
        return err_set(e, -EINVAL, "--age is a duration such as 36h or 14d, not \"%s\".", age);
    if (size)
        str_addf(out, "size:%llu", (unsigned long long)bytes);
    if (age)
        str_addf(out, "%sage:%lld", size ? " " : "", (long long)ms / 1000);
    return 0;
}

int verb_node_vacuum(struct invocation *v)
{
    struct err e = {0};
    AUTO(str_done) struct str words = {0};
    if (v->words.n != 1)
        return verb_usage(v);
    if (read_vacuum_words(v, &words, &e) < 0)
        return verb_fail(&e, -EINVAL);
    AUTO(json_decrefp) json_t *body = order_of(v, "journal.vacuum");
    json_object_set_new(body, "node", json_string(v->words.v[0]));
    json_object_set_new(body, "argument", json_string(words.p));
    return order_give(v, body);
}

/* What may stand beside a switch: "reboot", "within:90". */
static int read_switch_words(const struct invocation *v, json_t *body, struct err *e)
{
    const char *within = invocation_option(v, "within");
    int64_t ms = 0;
    if (within && (clock_parse_duration(within, &ms) < 0 || ms < 1000))
        return err_set(e, -EINVAL, "--within is a duration such as 90s or 5m, not \"%s\".", within);
    AUTO(mem_freep) char *seconds = within ? mem_printf("within:%lld", (long long)ms / 1000) : NULL;
    bool reboot = invocation_has(v, "reboot");
    AUTO(mem_freep)
    char *words = mem_printf("%s%s%s", reboot ? "reboot" : "", reboot && within ? " " : "",
                             within ? seconds : "");
    if (*words)
        json_object_set_new(body, "argument", json_string(words));
    return 0;
}

/* hydra switch|rollback|rebuild|collect NODE [GENERATION|FLAKE]. */
int verb_generation_act(struct invocation *v)
{
    static const struct {
        const char *word,
            *second; /* the order's member that the second word becomes; NULL = none */
    } acts[] = {
        {"switch", "target"}, {"rollback", NULL}, {"rebuild", "argument"}, {"collect", NULL}};
    struct err e = {0};
    const char *word = v->verb->words[0], *second = NULL,
               *days = invocation_option(v, "older-than");
    for (size_t i = 0; i < COUNT_OF(acts); i++)
        if (str_eq(acts[i].word, word))
            second = acts[i].second;
    if (v->words.n != (second ? 2u : 1u))
        return verb_usage(v);
    AUTO(mem_freep) char *verb = mem_printf("generation.%s", word);
    AUTO(json_decrefp) json_t *body = order_of(v, verb);
    json_object_set_new(body, "node", json_string(v->words.v[0]));
    if (read_switch_words(v, body, &e) < 0)
        return verb_fail(&e, -EINVAL);
    if (second)
        json_object_set_new(body, second, json_string(v->words.v[1]));
    if (days)
        json_object_set_new(body, "argument", json_string(days));
    return order_give(v, body);
}

int verb_node_prune(struct invocation *v)
{
    static const struct {
        const char *option, *member;
    } texts[] = {{"what", "argument"}, {"engine", "target"}};
    if (v->words.n != 1)
        return verb_usage(v);
    AUTO(json_decrefp) json_t *body = order_of(v, "docker.prune");
    json_object_set_new(body, "node", json_string(v->words.v[0]));
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (invocation_has(v, texts[i].option))
            json_object_set_new(body, texts[i].member,
                                json_string(invocation_option(v, texts[i].option)));
    return order_give(v, body);
}

static int upgrade(struct invocation *v, const char *node)
{
    AUTO(json_decrefp) json_t *body = order_of(v, "agent.upgrade");
    json_object_set_new(body, "node", json_string(node));
    return order_give(v, body);
}

/* One after another, up to the first that does not come back well. */
static int upgrade_all(struct invocation *v)
{
    AUTO(json_decrefp) json_t *nodes = NULL;
    struct err e = {0};
    struct client *c = NULL;
    unsigned n = 0;
    int code = EXIT_DONE, r = client_new(v, &e, &c);
    if (r >= 0)
        r = client_call(c, "GET", "/api/web/nodes", NULL, &e, &nodes);
    client_free(c);
    if (r < 0)
        return verb_fail(&e, r);
    const json_t *list = json_object_get(nodes, "nodes");
    for (size_t i = 0; code == EXIT_DONE && i < json_array_size(list); i++) {
        const json_t *node = json_array_get(list, i), *agent = json_object_get(node, "agent");
        if (!json_get_str(agent, "upgrade", NULL) || json_get_str(agent, "upgrade_obstacle", NULL))
            continue;
        n++;
        code = upgrade(v, json_get_str(node, "id", ""));
    }
    if (!n)
        puts("Every agent that can be upgraded from here is up to date.");
    return code;
}

int verb_node_upgrade(struct invocation *v)
{
    bool all = invocation_has(v, "all");
    if (v->words.n != (all ? 0 : 1))
        return verb_usage(v);
    return all ? upgrade_all(v) : upgrade(v, v->words.v[0]);
}

/* --- looking --- */

static int show_job(struct invocation *v)
{
    struct err e = {0};
    struct client *c = NULL;
    AUTO(json_decrefp) json_t *job = NULL;
    AUTO(mem_freep) char *path = job_path(v->words.v[0]);
    int code = 0, r = client_new(v, &e, &c);
    if (r >= 0 && invocation_has(v, "watch")) {
        code = follow(v, c, v->words.v[0]);
    } else {
        if (r >= 0)
            r = client_call(c, "GET", path, NULL, &e, &job);
        if (r >= 0)
            print_json(v, job);
    }
    client_free(c);
    return r < 0 ? verb_fail(&e, r) : code;
}

int verb_jobs(struct invocation *v)
{
    static const char *const filters[] = {"service", "node", "limit"};
    const char *before = invocation_option(v, "before");
    if (v->words.n == 1)
        return show_job(v);
    if (v->words.n > 1)
        return verb_usage(v);
    struct str path = {0};
    str_add(&path, "/api/cli/jobs");
    for (size_t i = 0; i < COUNT_OF(filters); i++)
        query_add(&path, filters[i], invocation_option(v, filters[i]));
    query_add(&path, "cursor", before ? before : invocation_option(v, "cursor"));
    int code = list_show(v, path.p, "jobs");
    str_done(&path);
    return code;
}

int verb_job_cancel(struct invocation *v)
{
    if (v->words.n != 1)
        return verb_usage(v);
    struct err e = {0};
    struct client *c = NULL;
    AUTO(json_decrefp) json_t *answer = NULL;
    AUTO(mem_freep) char *path = job_path(v->words.v[0]);
    int r = client_new(v, &e, &c);
    if (r >= 0)
        r = client_call(c, "DELETE", path, NULL, &e, &answer);
    client_free(c);
    if (r < 0)
        return verb_fail(&e, r);
    puts("Cancelled");
    return 0;
}
