/* node-watch: runs a node and prints what it reports, one JSON object a line, with the wall time.
 *
 *   node-watch [--root DIR] [--docker URL] [--dbus ADDRESS] [--frames]
 *              [--policy FILE] [--state DIR] [--commands]
 *              [--check 'SERVICE KIND TARGET [INTERVAL_MS [TIMEOUT_MS]] [status=…] [body=…]
 *              [process=…]']…
 *
 * With --commands, each line of stdin is a command, and outcomes are printed:
 *   ID VERB TARGET|- [argument=…] [secret=…] [sequence=N] [expires=WALL_MS], or: query ID, or a
 * question: inspect NUMBER KIND [target=…] [argument=…] [timeout=MS]
 *
 * A tool for tests and for looking at a machine; ends with SIGINT or SIGTERM. */
#include "base/clock.h"
#include "base/json.h"
#include "node/inspect.h"
#include "node/node.h"

#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>

enum { CHECKS_MAX = 64 };

static bool with_frames;

/* --- printing --- */

static void print_ports(struct jw *w, const struct observed *o)
{
    jw_key(w, "ports");
    jw_array(w);
    for (size_t i = 0; i < o->ports.n; i++) {
        const struct observed_port *p = &o->ports.v[i];
        jw_object(w);
        jw_key_str(w, "address", p->address);
        jw_key_int(w, "port", p->port);
        jw_key_int(w, "inner", p->inner);
        jw_key_bool(w, "udp", p->udp);
        jw_key_int(w, "pid", p->pid);
        jw_key_str(w, "process", p->process);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void print_service(struct jw *w, const struct observed *o)
{
    static const char *const runs[] = {"running", "starting",   "stopping", "stopped",
                                       "failed",  "restarting", "paused"};
    static const char *const healths[] = {"none", "starting", "healthy", "unhealthy"};
    jw_key_str(w, "id", o->id);
    jw_key_str(w, "engine", o->engine);
    jw_key_str(w, "name", o->name);
    jw_key_str(w, "description", o->description);
    jw_key_str(w, "run", runs[o->run]);
    jw_key_str(w, "run_text", o->run_text);
    jw_key_str(w, "health", healths[o->health]);
    jw_key_str(w, "health_text", o->health_text);
    jw_key_time(w, "started", o->started_ms);
    jw_key_time(w, "ended", o->ended_ms);
    if (o->has_exit)
        jw_key_int(w, "exit", o->exit_code);
    jw_key_bool(w, "oom_killed", o->oom_killed);
    jw_key_bool(w, "enabled", o->enabled);
    jw_key_bool(w, "on_purpose", o->on_purpose);
    jw_key_str(w, "why", o->why);
    jw_key_int(w, "restarts", o->restarts);
    jw_key_str(w, "image", o->image);
    jw_key_str(w, "project", o->project);
    jw_key_str(w, "unit_file", o->unit_file);
    jw_key_str(w, "command", o->command);
    jw_key_int(w, "main_pid", o->main_pid);
    jw_key_str(w, "cgroup", o->cgroup);
    jw_key_int(w, "labels", (int64_t)o->labels.n);
    jw_key_strs(w, "depends_on", &o->depends_on);
    jw_key_strs(w, "mounts", &o->mounts);
    jw_key_strs(w, "networks", &o->networks);
    print_ports(w, o);
}

static void print_source(struct jw *w, const struct source_report *s)
{
    static const char *const states[] = {"ok", "absent", "denied", "failed"};
    jw_key_str(w, "name", s->name);
    jw_key_str(w, "state", states[s->state]);
    jw_key_str(w, "text", s->text);
    jw_key_str(w, "hint", s->hint);
    jw_key_bool(w, "complete", s->services_complete);
}

static void print_check(struct jw *w, const struct check_result *c)
{
    static const char *const states[] = {"up", "down", "unknown"};
    jw_key_str(w, "id", c->service);
    jw_key_str(w, "state", states[c->state]);
    jw_key_str(w, "text", c->text);
    jw_key_int(w, "code", c->code);
    jw_key_int(w, "latency_us", c->latency_us);
    jw_key_time(w, "tls_expires", c->tls_expires_ms);
}

static void print_outcome(struct jw *w, const struct command_outcome *o)
{
    jw_key_str(w, "id", o->id);
    jw_key_str(w, "state", outcome_state_name(o->state));
    jw_key_str(w, "step", o->step);
    jw_key_str(w, "text", o->text);
    jw_key_str(w, "output", o->output);
}

static struct str_list series; /* "name{labels}", by number */

static void take_series(const struct series_defs *d)
{
    if (d->first == 0)
        str_list_done(&series);
    for (uint32_t i = 0; i < d->n; i++)
        str_list_take(&series, mem_printf("%s{%s}", d->v[i].name, d->v[i].labels));
}

/* What services use; of the rest only how much there is. */
static void print_frame(struct jw *w, const struct frame *f)
{
    jw_key_int(w, "n", f->n);
    for (uint32_t i = 0; i < f->n && i < series.n; i++)
        if (str_starts(series.v[i], "hydra_service_") && !isnan(f->values[i])) {
            jw_key(w, series.v[i]);
            jw_fixed(w, f->values[i], 6);
        }
}

static bool is_wanted(const struct node_report *r)
{
    bool data = r->kind == REPORT_FRAME || r->kind == REPORT_SERIES || r->kind == REPORT_FACTS ||
                r->kind == REPORT_PROCESSES;
    return !data || with_frames;
}

static void print_report(struct jw *w, const struct node_report *r)
{
    static const char *const kinds[] = {"facts",   "series",    "frame",  "service",
                                        "gone",    "processes", "source", "check",
                                        "outcome", "policy",    "local"};
    jw_key_int(w, "t", clock_wall_ms());
    jw_key_str(w, "report", kinds[r->kind]);
    switch (r->kind) {
    case REPORT_SERVICE:
        print_service(w, r->service);
        break;
    case REPORT_SERVICE_GONE:
        jw_key_str(w, "id", r->gone);
        break;
    case REPORT_SOURCE:
        print_source(w, r->source);
        break;
    case REPORT_CHECK:
        print_check(w, r->check);
        break;
    case REPORT_FRAME:
        print_frame(w, r->frame);
        break;
    case REPORT_OUTCOME:
        print_outcome(w, r->outcome);
        break;
    case REPORT_POLICY:
        jw_key_str(w, "path", r->policy->path);
        jw_key_str(w, "trouble", r->policy->trouble);
        jw_key_int(w, "rules", (int64_t)r->policy->rules.n);
        break;
    case REPORT_FACTS:
    case REPORT_SERIES:
    case REPORT_PROCESSES:
    case REPORT_LOCAL: /* nobody is asked here */
        break;
    }
}

static void on_report(void *arg, struct node_report *r)
{
    (void)arg;
    if (r->kind == REPORT_SERIES)
        take_series(r->series);
    if (is_wanted(r)) {
        struct str s = {0};
        struct jw w = jw_begin(&s);
        jw_object(&w);
        print_report(&w, r);
        jw_end_object(&w);
        str_add_char(&s, '\n');
        fwrite(s.p, 1, s.len, stdout);
        fflush(stdout);
        str_done(&s);
    }
    node_report_free(r);
}

/* --- arguments --- */

static void set_option(struct check_spec *c, const char *word)
{
    if (str_starts(word, "status="))
        c->expect_status = mem_strdup(word + 7);
    else if (str_starts(word, "body="))
        c->expect_body = mem_strdup(word + 5);
    else if (str_starts(word, "process="))
        c->expect_process = mem_strdup(word + 8);
    else if (str_eq(word, "verify"))
        c->tls_verify = true;
}

static int parse_check(const char *text, struct check_spec *c)
{
    struct str_list words = {0};
    str_list_split(&words, text, ' ');
    uint64_t ms[2] = {1000, 1000};
    size_t numbers = 0;
    int r = words.n >= 3 ? check_kind_parse(words.v[1], &c->kind) : -EINVAL;
    for (size_t i = 3; r == 0 && i < words.n; i++)
        if (numbers < 2 && str_to_u64(words.v[i], &ms[numbers]) == 0)
            numbers++;
        else
            set_option(c, words.v[i]);
    if (r == 0) {
        c->service = mem_strdup(words.v[0]);
        c->target = mem_strdup(words.v[2]);
        c->interval_ms = (uint32_t)ms[0];
        c->timeout_ms = (uint32_t)ms[1];
    }
    str_list_done(&words);
    return r;
}

/* --- commands on stdin --- */

static struct str typed;

static void set_member(struct command *c, const char *word)
{
    if (str_starts(word, "argument="))
        c->argument = mem_strdup(word + 9);
    else if (str_starts(word, "secret=")) /* lines of it are divided by commas */
        for (char *p = c->secret = mem_strdup(word + 7); *p; p++)
            *p = *p == ',' ? '\n' : *p;
    else if (str_starts(word, "sequence="))
        (void)!str_to_u64(word + 9, &c->sequence);
    else if (str_starts(word, "expires="))
        (void)!str_to_i64(word + 8, &c->expires_ms);
}

static void on_inspected(void *arg, uint64_t id, const struct inspect_answer *a)
{
    struct str s = {0};
    struct jw w = jw_begin(&s);
    (void)arg;
    jw_object(&w);
    jw_key_str(&w, "report", "inspected");
    jw_key_uint(&w, "id", id);
    jw_key_int(&w, "code", a->code);
    jw_key_str(&w, "text", a->text);
    jw_key(&w, "answer");
    if (a->len)
        jw_raw(&w, a->json, a->len);
    else
        jw_null(&w);
    jw_end_object(&w);
    printf("%s\n", s.p);
    fflush(stdout);
    str_done(&s);
}

static void inspect(struct node *n, const struct str_list *words)
{
    struct inspection q = {0};
    uint64_t id, ms = 0;
    if (words->n < 3 || str_to_u64(words->v[1], &id) < 0 ||
        inspect_kind_parse(words->v[2], &q.kind) < 0) {
        fprintf(stderr, "no question\n");
        return;
    }
    for (size_t i = 3; i < words->n; i++)
        if (str_starts(words->v[i], "target="))
            q.target = words->v[i] + 7;
        else if (str_starts(words->v[i], "argument="))
            q.argument = words->v[i] + 9;
        else if (str_starts(words->v[i], "timeout=") && str_to_u64(words->v[i] + 8, &ms) == 0)
            q.timeout_ms = (uint32_t)ms;
    node_inspect(n, id, &q, on_inspected, NULL);
}

static void take_command(struct node *n, const char *line)
{
    struct str_list words = {0};
    struct command c = {0};
    str_list_split(&words, line, ' ');
    if (words.n == 2 && str_eq(words.v[0], "query")) {
        node_command_query(n, words.v[1]);
    } else if (words.n > 1 && str_eq(words.v[0], "inspect")) {
        inspect(n, &words);
    } else if (words.n < 3 || command_verb_parse(words.v[1], &c.verb) < 0) {
        fprintf(stderr, "no command: %s\n", line);
    } else {
        str_copy(c.id, sizeof c.id, words.v[0]);
        c.user = mem_strdup("tester");
        c.target = mem_strdup(str_eq(words.v[2], "-") ? "" : words.v[2]);
        for (size_t i = 3; i < words.n; i++)
            set_member(&c, words.v[i]);
        if (!c.argument)
            c.argument = mem_strdup("");
        node_command(n, &c);
        command_done(&c);
    }
    str_list_done(&words);
}

static void on_typed(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    char *nl;
    if (n < 0) {
        uv_read_stop(s);
        return;
    }
    str_add_n(&typed, buf->base, (size_t)n);
    while ((nl = memchr(typed.p, '\n', typed.len))) {
        *nl = 0;
        take_command(s->data, typed.p);
        size_t done = (size_t)(nl + 1 - typed.p);
        memmove(typed.p, nl + 1, typed.len - done);
        typed.len -= done;
    }
}

static void on_typed_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *ret_buf)
{
    static char bytes[4096];
    (void)h, (void)suggested;
    *ret_buf = uv_buf_init(bytes, sizeof bytes);
}

static void read_commands(struct loop *l, uv_pipe_t *in, struct node *n)
{
    uv_pipe_init(loop_uv(l), in, 0);
    in->data = n;
    if (uv_pipe_open(in, 0) == 0)
        uv_read_start((uv_stream_t *)in, on_typed_alloc, on_typed);
}

static void on_signal(uv_signal_t *s, int number)
{
    (void)number;
    loop_stop(s->data);
}

static void watch_signal(struct loop *l, uv_signal_t *s, int number)
{
    uv_signal_init(loop_uv(l), s);
    s->data = l;
    uv_signal_start(s, on_signal, number);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"root", required_argument, NULL, 'r'},    {"docker", required_argument, NULL, 'd'},
        {"dbus", required_argument, NULL, 'b'},    {"check", required_argument, NULL, 'c'},
        {"journal", required_argument, NULL, 'j'}, {"frames", no_argument, NULL, 'f'},
        {"policy", required_argument, NULL, 'p'},  {"state", required_argument, NULL, 's'},
        {"unraid", required_argument, NULL, 'u'},  {"unraid-key", required_argument, NULL, 'k'},
        {"commands", no_argument, NULL, 'i'},      {0},
    };
    if (argc > 1 && str_eq(argv[1], "node-probe"))
        return node_probe_main(argc, argv);
    struct check_spec checks[CHECKS_MAX] = {0};
    size_t n_checks = 0;
    bool with_commands = false;
    uv_pipe_t in;
    struct node_settings settings = {.interval_ms = 1000, .root = "", .report = on_report};
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 'r')
            settings.root = optarg;
        else if (o == 'd')
            settings.docker_host = optarg;
        else if (o == 'b')
            settings.dbus_address = optarg;
        else if (o == 'j')
            settings.journal = optarg;
        else if (o == 'p')
            settings.policy = optarg;
        else if (o == 's')
            settings.state_dir = optarg;
        else if (o == 'u')
            settings.unraid_url = optarg;
        else if (o == 'k')
            settings.unraid_key = optarg;
        else if (o == 'f')
            with_frames = true;
        else if (o == 'i')
            with_commands = true;
        else if (o != 'c' || n_checks == CHECKS_MAX || parse_check(optarg, &checks[n_checks++]) < 0)
            return 2;
    }
    struct loop *l = loop_new("node");
    uv_signal_t on_int, on_term;
    watch_signal(l, &on_int, SIGINT);
    watch_signal(l, &on_term, SIGTERM);
    struct node *n = node_new(l, &settings);
    node_start(n);
    node_set_checks(n, checks, n_checks);
    if (with_commands)
        read_commands(l, &in, n);
    loop_run(l);
    node_free(n);
    for (size_t i = 0; i < n_checks; i++)
        check_spec_done(&checks[i]);
    loop_free(l);
    str_done(&typed);
    return 0;
}
