/* Help, made from the table of verbs; and how a verb says that it failed. */
#include "cli/help.h"

#include "cli/verbs.h"

#include <stdio.h>

/* printf() counts bytes, a terminal characters. */
static void add_line(struct str *out, const char *typed, const char *help)
{
    enum { COLUMN = 30 };
    int bytes_more = 0;
    for (const char *p = typed; *p; p++)
        bytes_more += (*p & 0xc0) == 0x80;
    str_addf(out, "  %-*s %s\n", COLUMN + bytes_more, typed, help);
}

static void add_option_help(struct str *out, const struct option_def *o)
{
    for (; o && o->name; o++) {
        char typed[64];
        snprintf(typed, sizeof typed, "%s%c%s--%s%s%s", o->letter ? "-" : " ",
                 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        add_line(out, typed, o->help);
    }
}

static void add_verb_line(struct str *out, const struct verb *v)
{
    char typed[64];
    snprintf(typed, sizeof typed, "%s%s%s %s", v->words[0], v->words[1] ? " " : "",
             v->words[1] ? v->words[1] : "", v->arguments);
    add_line(out, typed, v->help);
}

int help_all(void)
{
    struct str out = {0};
    str_add(&out, "usage: hydra VERB [OPTION …], hydra help VERB\n\n");
    for (const struct verb *v = verbs; v->run; v++)
        add_verb_line(&out, v);
    str_add(&out, "\nEverywhere:\n");
    add_option_help(&out, global_options);
    fputs(str_text(&out), stdout);
    str_done(&out);
    return 0;
}

int help_verb(const struct verb *v, FILE *to)
{
    struct str out = {0};
    str_addf(&out, "usage: hydra %s%s%s%s%s [OPTION …]\n%s\n\n", v->words[0],
             v->words[1] ? " " : "", v->words[1] ? v->words[1] : "", *v->arguments ? " " : "",
             v->arguments, v->help);
    add_option_help(&out, v->options);
    add_option_help(&out, global_options);
    fputs(str_text(&out), to);
    str_done(&out);
    return 0;
}

int verb_usage(const struct invocation *v)
{
    help_verb(v->verb, stderr);
    return 2;
}

int verb_fail(const struct err *e, int code)
{
    fprintf(stderr, "hydra: %s\n", err_text(e, code));
    return 2;
}
