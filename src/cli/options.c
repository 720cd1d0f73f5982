#include "cli/verbs.h"

#include <stdlib.h>
#include <unistd.h>

const struct option_def global_options[] = {
    {"server", 0, "URL", "where hydrad is; else HYDRA_URL, else what `hydra login` kept", NULL},
    {"local", 0, NULL, "ask the agent of this machine itself, also while hydrad is away", NULL},
    {"socket", 0, "PATH", "where that one listens; else HYDRA_SOCKET, else " LOCAL_SOCKET, NULL},
    {"output", 'o', "FORMAT", "table, json, yaml or csv", "table json yaml csv"},
    {"watch", 'w', NULL, "show again whenever something changes", NULL},
    {"no-color", 0, NULL, "no colours; also with NO_COLOR set, or when not at a terminal", NULL},
    {"help", 'h', NULL, "explain the verb", NULL},
    {0},
};

static const struct option_def *find_in(const struct option_def *o, const char *name, char letter)
{
    for (; o && o->name; o++)
        if ((name && str_eq(o->name, name)) || (letter && o->letter == letter))
            return o;
    return NULL;
}

static const struct option_def *find_option(const struct verb *verb, const char *name, char letter)
{
    const struct option_def *o = find_in(global_options, name, letter);
    return o || !verb ? o : find_in(verb->options, name, letter);
}

/* The verb that the first one or two words choose, the longer match first. */
static const struct verb *find_verb(const struct str_list *words, size_t *ret_used)
{
    const struct verb *best = NULL;
    for (const struct verb *v = verbs; v->run; v++) {
        size_t n = v->words[1] ? 2 : 1;
        bool fits = words->n >= n && str_eq(v->words[0], words->v[0]) &&
                    (n == 1 || str_eq(v->words[1], words->v[1]));
        if (fits && (!best || n > *ret_used)) {
            best = v;
            *ret_used = n;
        }
    }
    return best;
}

/* "service" alone, or "service shw": what may follow it. False when no verb begins so. */
static bool add_seconds(const char *first, struct str *out)
{
    for (const struct verb *v = verbs; v->run; v++)
        if (v->words[1] && str_eq(v->words[0], first))
            str_addf(out, "%s%s", out->len ? ", " : "", v->words[1]);
    return out->len > 0;
}

static int unknown_verb(const char *word, struct err *e)
{
    struct str seconds = {0};
    int r;
    if (add_seconds(word, &seconds)) {
        r = err_set(e, -EINVAL, "After `hydra %s` comes one of: %s.", word, seconds.p);
    } else {
        const char *names[128];
        size_t n = 0;
        for (const struct verb *v = verbs; v->run && n + 1 < COUNT_OF(names); v++)
            names[n++] = v->words[0];
        names[n] = NULL;
        const char *near = str_nearest(word, names);
        r = err_set(e, -EINVAL, "%s is no verb of hydra%s%s%s `hydra help` lists them.", word,
                    near ? "; did you mean " : "", near ? near : "", near ? "?" : ".");
    }
    str_done(&seconds);
    return r;
}

static int unknown_option(const struct verb *verb, const char *typed, const char *name,
                          struct err *e)
{
    const char *names[64];
    size_t n = 0;
    for (const struct option_def *o = global_options; o->name && n + 1 < COUNT_OF(names); o++)
        names[n++] = o->name;
    for (const struct option_def *o = verb ? verb->options : NULL;
         o && o->name && n + 1 < COUNT_OF(names); o++)
        names[n++] = o->name;
    names[n] = NULL;
    const char *near = *name ? str_nearest(name, names) : NULL;
    return err_set(e, -EINVAL,
                   "The option %s is not known here%s%s%s `hydra %s%s%s --help` lists them.", typed,
                   near ? "; did you mean --" : "", near ? near : "", near ? "?" : ".",
                   verb ? verb->words[0] : "", verb && verb->words[1] ? " " : "",
                   verb && verb->words[1] ? verb->words[1] : "");
}

/* The words come first in one pass, so that options may stand before the verb, too. */
static void take_words(int argc, char **argv, struct str_list *words)
{
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        if (*a != '-' || !a[1]) {
            str_list_add(words, a);
            continue;
        }
        /* Every option that takes a value, of whatever verb: its value is no word. */
        char name[64];
        str_copy(name, sizeof name, a[1] == '-' ? a + 2 : "");
        bool inline_value = strchr(name, '=') != NULL || (a[1] != '-' && a[2]);
        bool takes = false;
        const struct option_def *o = find_in(global_options, *name ? name : NULL, *name ? 0 : a[1]);
        for (const struct verb *v = verbs; v->run && !o; v++)
            o = find_in(v->options, *name ? name : NULL, *name ? 0 : a[1]);
        takes = o && o->value;
        if (takes && !inline_value)
            i++;
    }
}

static int take_option(struct invocation *v, char **argv, int argc, int *i, struct err *e)
{
    const char *a = argv[*i], *value = NULL;
    char name[64] = "";
    const struct option_def *o;
    if (a[1] == '-') {
        str_copy(name, sizeof name, a + 2);
        value = strchr(a, '=') ? strchr(a, '=') + 1 : NULL;
        name[strcspn(name, "=")] = 0;
        o = find_option(v->verb, name, 0);
    } else {
        o = find_option(v->verb, NULL, a[1]);
        value = a[2] ? a + 2 : NULL;
    }
    if (!o)
        return unknown_option(v->verb, a, name, e);
    if (o->value && !value) {
        if (*i + 1 >= argc)
            return err_set(e, -EINVAL, "The option --%s needs a value: %s.", o->name, o->help);
        value = argv[++*i];
    }
    str_list_take(&v->values, mem_printf("%s=%s", o->name, value ? value : ""));
    return 0;
}

static int read_output(struct invocation *v, struct err *e)
{
    static const char *const names[] = {"table", "json", "yaml", "csv"};
    const char *wanted = invocation_option(v, "output");
    if (!wanted)
        return 0;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_eq(names[i], wanted)) {
            v->output = (enum output)i;
            return 0;
        }
    return err_set(e, -EINVAL, "The output is table, json, yaml or csv, not %s.", wanted);
}

/* What the agent answers by itself. */
static int check_local(const struct invocation *v, struct err *e)
{
    static int (*const able[])(struct invocation *) = {verb_status, verb_services, verb_logs,
                                                       verb_service_act};
    if (!v->verb || !invocation_has(v, "local") || invocation_has(v, "help"))
        return 0;
    for (size_t i = 0; i < COUNT_OF(able); i++)
        if (v->verb->run == able[i])
            return 0;
    return err_set(e, -EINVAL,
                   "`hydra %s%s%s` asks the hub. With --local there are status, services, logs, "
                   "restart and what else service can do to one.",
                   v->verb->words[0], v->verb->words[1] ? " " : "",
                   v->verb->words[1] ? v->verb->words[1] : "");
}

/* How many words `arguments` speaks of: "NAME [PATH]" of two, "ID…" of any. */
static size_t words_of(const char *arguments)
{
    size_t n = *arguments != 0;
    if (strstr(arguments, "…"))
        return SIZE_MAX;
    for (; *arguments; arguments++)
        n += *arguments == ' ';
    return n;
}

static int check_words(const struct invocation *v, struct err *e)
{
    const struct verb *verb = v->verb;
    size_t most = verb ? words_of(verb->arguments) : 0;
    if (!verb || v->words.n <= most)
        return 0;
    const char *space = verb->words[1] ? " " : "", *second = verb->words[1] ? verb->words[1] : "";
    return err_set(e, -EINVAL,
                   "\"%.60s\" is one word too many: `hydra %s%s%s%s%s`. `hydra help %s%s%s` says "
                   "more.",
                   v->words.v[most], verb->words[0], space, second, most ? " " : "",
                   verb->arguments, verb->words[0], space, second);
}

int invocation_parse(int argc, char **argv, struct invocation *ret_v, struct err *e)
{
    struct invocation v = {0};
    struct str_list words = {0};
    size_t used = 0;
    take_words(argc, argv, &words);
    v.verb = find_verb(&words, &used);
    int r = words.n && !v.verb ? unknown_verb(words.v[0], e) : 0;
    for (size_t i = used; i < words.n; i++)
        str_list_add(&v.words, words.v[i]);
    for (int i = 1; r >= 0 && i < argc; i++)
        if (argv[i][0] == '-' && argv[i][1])
            r = take_option(&v, argv, argc, &i, e);
    if (r >= 0)
        r = read_output(&v, e);
    if (r >= 0)
        r = check_local(&v, e);
    if (r >= 0)
        r = check_words(&v, e);
    const char *no_color = getenv("NO_COLOR");
    v.color = str_is_empty(no_color) && !invocation_has(&v, "no-color") && isatty(STDOUT_FILENO);
    str_list_done(&words);
    if (r < 0)
        invocation_done(&v);
    else
        *ret_v = v;
    return r;
}

void invocation_done(struct invocation *v)
{
    str_list_done(&v->words);
    str_list_done(&v->values);
}

const char *invocation_option(const struct invocation *v, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = v->values.n; i-- > 0;)
        if (strncmp(v->values.v[i], name, n) == 0 && v->values.v[i][n] == '=')
            return v->values.v[i] + n + 1;
    return NULL;
}

bool invocation_has(const struct invocation *v, const char *name)
{
    return invocation_option(v, name) != NULL;
}
