/* hydra completion bash|zsh|fish: made from the table of verbs, so that it can't lag behind. */
#include "cli/verbs.h"

#include <stdio.h>

static void add_options(struct str *out, const struct option_def *o)
{
    for (; o && o->name; o++)
        str_addf(out, " --%s", o->name);
}

static void add_words(struct str *out, size_t at, const char *first)
{
    struct str_list seen = {0};
    for (const struct verb *v = verbs; v->run; v++) {
        const char *word = v->words[at];
        if (!word || (first && !str_eq(v->words[0], first)) || str_list_has(&seen, word))
            continue;
        str_list_add(&seen, word);
        str_addf(out, "%s%s", seen.n > 1 ? " " : "", word);
    }
    str_list_done(&seen);
}

/* After an option: its choices, or files. An option means the same with every verb that has it. */
static void bash_values(struct str *out)
{
    struct str_list seen = {0};
    for (const struct verb *v = verbs;; v++) {
        for (const struct option_def *o = v->run ? v->options : global_options; o && o->name; o++) {
            if (!o->value || str_list_has(&seen, o->name))
                continue;
            str_list_add(&seen, o->name);
            str_addf(out, "    --%s", o->name);
            if (o->letter)
                str_addf(out, "|-%c", o->letter);
            if (str_ends(o->name, "-file"))
                str_add(out, ") COMPREPLY=($(compgen -f -- \"$cur\")); return;;\n");
            else
                str_addf(out, ") COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")); return;;\n",
                         o->choices ? o->choices : "");
        }
        if (!v->run)
            break;
    }
    str_list_done(&seen);
}

/* After the first word: the second, of verbs that have one. */
static void bash_seconds(struct str *out)
{
    struct str_list seen = {0};
    str_add(out, "  if [ \"$COMP_CWORD\" -eq 2 ]; then case ${COMP_WORDS[1]} in\n");
    for (const struct verb *v = verbs; v->run; v++) {
        if (!v->words[1] || str_list_has(&seen, v->words[0]))
            continue;
        str_list_add(&seen, v->words[0]);
        str_addf(out, "    %s) COMPREPLY=($(compgen -W \"", v->words[0]);
        add_words(out, 1, v->words[0]);
        str_add(out, "\" -- \"$cur\")); return;;\n");
    }
    str_add(out, "    completion) COMPREPLY=($(compgen -W \"bash zsh fish\" -- \"$cur\")); "
                 "return;;\n  esac; fi\n");
    str_list_done(&seen);
}

static void bash(struct str *out)
{
    str_add(out, "_hydra() {\n  local cur=${COMP_WORDS[COMP_CWORD]} "
                 "prev=${COMP_WORDS[COMP_CWORD-1]}\n  case $prev in\n");
    bash_values(out);
    str_add(out, "  esac\n  if [ \"$COMP_CWORD\" -eq 1 ]; then COMPREPLY=($(compgen -W \"");
    add_words(out, 0, NULL);
    str_add(out, "\" -- \"$cur\")); return; fi\n");
    bash_seconds(out);
    str_add(out, "  case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
    for (const struct verb *v = verbs; v->run; v++) {
        str_addf(out, "    \"%s %s\"*) COMPREPLY=($(compgen -W \"", v->words[0],
                 v->words[1] ? v->words[1] : "");
        add_options(out, v->options);
        add_options(out, global_options);
        str_add(out, "\" -- \"$cur\"));;\n");
    }
    str_add(out, "  esac\n}\ncomplete -F _hydra hydra\n");
}

static void zsh(struct str *out)
{
    str_add(out, "#compdef hydra\nautoload -U +X bashcompinit && bashcompinit\n");
    bash(out);
    /* As a file in $fpath this is the body of the first call, which would otherwise end here. */
    str_add(out, "if [ \"$funcstack[1]\" = _hydra ]; then _bash_complete -F _hydra; fi\n");
}

static void fish_description(struct str *out, const char *help)
{
    str_add(out, " -d '");
    for (const char *p = help; *p; p++)
        str_add(out, *p == '\'' ? "\\'" : (char[]){*p, 0});
    str_add(out, "'\n");
}

static void fish_option(struct str *out, const char *condition, const struct option_def *o)
{
    str_addf(out, "complete -c hydra %s -l %s", condition, o->name);
    if (o->letter)
        str_addf(out, " -s %c", o->letter);
    if (o->choices)
        str_addf(out, " -x -a '%s'", o->choices);
    else if (o->value)
        str_add(out, str_ends(o->name, "-file") ? " -r" : " -x");
    fish_description(out, o->help);
}

static void fish_word(struct str *out, const char *condition, const char *word, const char *help)
{
    str_addf(out, "complete -c hydra %s -a %s", condition, word);
    fish_description(out, help);
}

static void fish(struct str *out)
{
    struct str_list seen = {0};
    str_add(out, "complete -c hydra -f\n");
    for (const struct option_def *o = global_options; o->name; o++)
        fish_option(out, "", o);
    for (const struct verb *v = verbs; v->run; v++) {
        char condition[160];
        bool first = !str_list_has(&seen, v->words[0]);
        str_list_add(&seen, v->words[0]);
        snprintf(condition, sizeof condition, "-n '__fish_seen_subcommand_from %s'", v->words[0]);
        if (first)
            fish_word(out, "-n __fish_use_subcommand", v->words[0], v->words[1] ? "" : v->help);
        if (v->words[1]) {
            fish_word(out, condition, v->words[1], v->help);
            snprintf(condition, sizeof condition,
                     "-n '__fish_seen_subcommand_from %s; and __fish_seen_subcommand_from %s'",
                     v->words[0], v->words[1]);
        }
        for (const struct option_def *o = v->options; o && o->name; o++)
            fish_option(out, condition, o);
    }
    str_add(out, "complete -c hydra -n '__fish_seen_subcommand_from completion' -a 'bash zsh "
                 "fish'\n");
    str_list_done(&seen);
}

int verb_completion(struct invocation *v)
{
    static const struct {
        const char *shell;
        void (*print)(struct str *out);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; v->words.n == 1 && i < COUNT_OF(shells); i++)
        if (str_eq(shells[i].shell, v->words.v[0])) {
            struct str out = {0};
            shells[i].print(&out);
            fputs(str_text(&out), stdout);
            str_done(&out);
            return 0;
        }
    return verb_usage(v);
}
