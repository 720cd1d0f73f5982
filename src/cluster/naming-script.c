/* The name of a script from the command line of its interpreter. */
#include "cluster/naming.h"

static bool starts_with_any(const char *s, const char *const *names)
{
    for (; *names; names++)
        if (str_starts(s, *names))
            return true;
    return false;
}

static bool is_interpreter(const char *process)
{
    static const char *const names[] = {"python", "node", "java", "ruby", "perl",
                                        "php",    "deno", "bun",  NULL};
    return process && starts_with_any(process, names);
}

/* The next word of *p in `ret`; false at the end. */
static bool next_word(const char **p, char *ret, size_t size)
{
    while (**p == ' ')
        ++*p;
    size_t n = strcspn(*p, " ");
    size_t keep = n < size ? n : size - 1;
    memcpy(ret, *p, keep);
    ret[keep] = '\0';
    *p += n;
    return n > 0;
}

/* Names that say nothing: the folder says more. */
static bool is_generic(const char *name)
{
    static const char *const names[] = {"main",  "index",  "server",   "app", "run",
                                        "start", "manage", "__main__", "cli", NULL};
    for (const char *const *n = names; *n; n++)
        if (str_eq(name, *n))
            return true;
    return false;
}

static void cut_extension(char *name)
{
    char *dot = strrchr(name, '.');
    if (dot && dot != name && strlen(dot) <= 5)
        *dot = '\0';
}

/* "/opt/tabbyapi/main.py" to "tabbyapi". */
static char *name_of_path(char *path)
{
    char *base = strrchr(path, '/');
    if (!base) {
        cut_extension(path);
        return is_generic(path) ? NULL : mem_strdup(path);
    }
    *base++ = '\0';
    cut_extension(base);
    char *folder = strrchr(path, '/');
    folder = folder ? folder + 1 : path;
    return mem_strdup(is_generic(base) && *folder ? folder : base);
}

char *naming_script(const char *process, const char *command)
{
    char word[256];
    if (!is_interpreter(process) || !command)
        return NULL;
    const char *p = command;
    next_word(&p, word, sizeof word); /* the interpreter itself */
    while (next_word(&p, word, sizeof word)) {
        if (str_eq(word, "-m") || str_eq(word, "-jar"))
            return next_word(&p, word, sizeof word) ? mem_strdup(word) : NULL;
        if (str_eq(word, "-c") || str_eq(word, "-e"))
            return NULL; /* the program stands in the command */
        if (word[0] != '-')
            return name_of_path(word);
    }
    return NULL;
}
