#include "node/mask.h"

#include <ctype.h>

/* Words that name a secret when no letter follows: "hf-token", not "tokenizer" or "max-tokens". */
static const char *const secret_words[] = {
    "password",    "passwd",        "passphrase",     "passwort",       "pwd",
    "secret",      "token",         "apikey",         "api-key",        "api_key",
    "accesskey",   "access-key",    "access_key",     "privatekey",     "private-key",
    "private_key", "credential",    "credentials",    "authkey",        "auth-key",
    "auth_key",    "encryptionkey", "encryption-key", "encryption_key", "masterkey",
    "master-key",  "master_key",    "authorization",  "cookie",         "pass",
    "salt",        "pin",
};

/* What only tells where or how: "--token-file", "--password-url". */
static const char *const harmless_ends[] = {"file", "path", "dir", "url", "ttl", "type", "policy"};

/* These take all of what follows: "Authorization: Bearer x". */
static const char *const header_words[] = {"authorization", "cookie"};

/* Options whose value is a secret, attached or in the next argument. */
static const struct short_option {
    const char *program, *option;
} short_options[] = {
    {"mysql", "-p"},     {"mysqldump", "-p"}, {"mysqladmin", "-p"}, {"mariadb", "-p"},
    {"sshpass", "-p"},   {"redis-cli", "-a"}, {"ldapsearch", "-w"}, {"curl", "-u"},
    {"curl", "--user"},  {"wget", "--user"},  {"mongosh", "-p"},    {"mongo", "-p"},
    {"smbclient", "-U"}, {"ipmitool", "-P"},  {"snmpwalk", "-c"},   {"snmpget", "-c"},
};

struct writer {
    char *p;
    size_t len;
};

static void put(struct writer *w, const char *p, size_t n)
{
    for (size_t i = 0; i < n && w->len < COMMAND_MAX - 1; i++)
        w->p[w->len++] = (unsigned char)p[i] < 0x20 || p[i] == 0x7f ? '?' : p[i];
}

static void put_mask(struct writer *w)
{
    put(w, "***", 3);
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static size_t name_length(const char *p, const char *end)
{
    size_t n = 0;
    while (p + n < end && is_name_char(p[n]))
        n++;
    return n;
}

static bool ends_with(const char *p, size_t n, const char *word)
{
    size_t m = strlen(word);
    return n >= m && strncasecmp(p + n - m, word, m) == 0;
}

/* Does `word` stand at `i`, as a word of its own? Short ones must also begin one. */
static bool has_word_at(const char *p, size_t n, size_t i, const char *word)
{
    size_t m = strlen(word);
    return i + m <= n && strncasecmp(p + i, word, m) == 0 &&
           (i + m == n || !isalpha((unsigned char)p[i + m])) &&
           (m > 4 || i == 0 || !isalpha((unsigned char)p[i - 1]));
}

static bool contains_word(const char *p, size_t n, const char *const *words, size_t n_words)
{
    for (size_t i = 0; i < n; i++) {
        char c = (char)tolower((unsigned char)p[i]);
        for (size_t k = 0; k < n_words; k++)
            if (c == words[k][0] && has_word_at(p, n, i, words[k]))
                return true;
    }
    return false;
}

static bool is_secret_name(const char *p, size_t n)
{
    for (size_t i = 0; i < COUNT_OF(harmless_ends); i++)
        if (ends_with(p, n, harmless_ends[i]))
            return false;
    return contains_word(p, n, secret_words, COUNT_OF(secret_words));
}

static bool takes_all(const char *p, size_t n)
{
    return contains_word(p, n, header_words, COUNT_OF(header_words));
}

/* The end of `"name": "` or `name=`; NULL when no value follows. */
static const char *value_start(const char *p, const char *end)
{
    if (p < end && (*p == '"' || *p == '\''))
        p++;
    if (p == end || (*p != '=' && *p != ':'))
        return NULL;
    p++;
    while (p < end && (*p == ' ' || *p == '"' || *p == '\''))
        p++;
    return p < end ? p : NULL;
}

static const char *value_end(const char *p, const char *end)
{
    while (p < end && !strchr("&;, \"'}\t\n", *p))
        p++;
    return p;
}

/* The ':' before the secret of "//user:secret@host", with *ret_at at the '@'; NULL = none. */
static const char *url_secret(const char *p, const char *end, const char **ret_at)
{
    const char *colon = NULL;
    if (end - p < 2 || p[0] != '/' || p[1] != '/')
        return NULL;
    for (p += 2; p < end && !strchr("/ ?#\"'", *p); p++) {
        if (*p == ':' && !colon)
            colon = p;
        if (*p == '@' && colon)
            *ret_at = p;
    }
    return colon && *ret_at > colon ? colon : NULL;
}

/* Writes what begins at `p` up to the end of its value, when that is a secret; returns where to go
 * on, NULL when it is none. `first`: it is the argument's first name. */
static const char *put_secret(struct writer *w, const char *p, size_t n, const char *end,
                              bool first)
{
    const char *value = value_start(p + n, end);
    if (!value || !is_secret_name(p, n))
        return NULL;
    put(w, p, (size_t)(value - p));
    put_mask(w);
    return (first && p[n] == '=') || takes_all(p, n) ? end : value_end(value, end);
}

static void put_argument(struct writer *w, const char *p, const char *end)
{
    for (bool first = true; p < end;) {
        const char *at = NULL, *colon = url_secret(p, end, &at), *next;
        size_t n = name_length(p, end);
        if (colon) {
            put(w, p, (size_t)(colon + 1 - p));
            put_mask(w);
            p = at;
        } else if (n == 0) {
            put(w, p++, 1);
        } else if ((next = put_secret(w, p, n, end, first))) {
            p = next;
            first = false;
        } else {
            put(w, p, n);
            p += n;
            first = false;
        }
    }
}

static bool is_long_secret_option(const char *p, const char *end)
{
    return p < end && *p == '-' && name_length(p, end) == (size_t)(end - p) &&
           is_secret_name(p, (size_t)(end - p));
}

struct line {
    const char *program;
    size_t program_len;
    bool mask_next;
};

static const struct short_option *short_option_of(const struct line *l, const char *p,
                                                  const char *end)
{
    for (size_t i = 0; i < COUNT_OF(short_options); i++) {
        const struct short_option *o = &short_options[i];
        size_t n = strlen(o->option);
        if (l->program_len == strlen(o->program) &&
            memcmp(l->program, o->program, l->program_len) == 0 && (size_t)(end - p) >= n &&
            memcmp(p, o->option, n) == 0)
            return o;
    }
    return NULL;
}

static void put_next(struct writer *w, struct line *l, const char *p, const char *end)
{
    bool masked = l->mask_next && !(end - p > 2 && p[0] == '-' && p[1] == '-');
    l->mask_next = false;
    if (masked) {
        put_mask(w);
        return;
    }
    const struct short_option *o = short_option_of(l, p, end);
    size_t n = o ? strlen(o->option) : 0;
    if (o && (size_t)(end - p) > n && (n == 2 || p[n] == '=')) {
        put(w, p, n + (p[n] == '='));
        put_mask(w);
        return;
    }
    put_argument(w, p, end);
    l->mask_next = (o && (size_t)(end - p) == n) || is_long_secret_option(p, end) ||
                   (end - p == 6 && strncasecmp(p, "bearer", 6) == 0);
}

static void set_program(struct line *l, const char *p, const char *end)
{
    const char *slash = memrchr(p, '/', (size_t)(end - p));
    l->program = slash ? slash + 1 : p;
    l->program_len = (size_t)(end - l->program);
}

/* Cuts off a character that did not fit. */
static size_t whole_characters(const char *p, size_t n)
{
    size_t i = n;
    while (i > 0 && n - i < 3 && ((unsigned char)p[i - 1] & 0xc0) == 0x80)
        i--;
    if (i == 0 || (unsigned char)p[i - 1] < 0xc0)
        return n;
    unsigned char lead = (unsigned char)p[i - 1];
    size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    return n - (i - 1) < need ? i - 1 : n;
}

void command_mask(const char *args, size_t n, char ret_text[COMMAND_MAX])
{
    struct writer w = {.p = ret_text};
    struct line l = {0};
    while (n > 0 && args[n - 1] == 0)
        n--;
    for (const char *p = args, *end = args + n; p < end && w.len < COMMAND_MAX - 1;) {
        const char *stop = memchr(p, 0, (size_t)(end - p));
        if (!stop)
            stop = end;
        if (p == args)
            set_program(&l, p, stop);
        else
            put(&w, " ", 1);
        put_next(&w, &l, p, stop);
        p = stop + 1;
    }
    w.len = whole_characters(w.p, w.len);
    w.p[w.len] = 0;
}

/* --- lines of logs --- */

/* Where a secret begins whose name ends before `p`, a '=' or ':'; NULL = it is none. */
static const char *marked_secret(const char *text, const char *p, const char *end)
{
    const char *name_end = p, *name;
    bool quoted = name_end > text && (name_end[-1] == '"' || name_end[-1] == '\'');
    name_end -= quoted;
    for (name = name_end; name > text && name_end - name < 64 && is_name_char(name[-1]);)
        name--;
    size_t n = (size_t)(name_end - name);
    if (!n || !is_secret_name(name, n) || (*p == ':' && !quoted && !takes_all(name, n)))
        return NULL;
    return value_start(p, end);
}

/* The end of a secret that `name` before `p` announces. */
static const char *marked_end(const char *value, const char *end)
{
    const char *stop = value_end(value, end);
    bool scheme = (stop - value == 6 && strncasecmp(value, "bearer", 6) == 0) ||
                  (stop - value == 5 && strncasecmp(value, "basic", 5) == 0);
    return scheme && stop < end && *stop == ' ' ? value_end(stop + 1, end) : stop;
}

/* The next secret from `p` on: where it begins and ends. */
static bool next_secret(const char *text, const char *p, const char *end, const char **ret_from,
                        const char **ret_to)
{
    for (; p < end; p++) {
        const char *at = NULL, *from = NULL;
        if (*p == '/' && (from = url_secret(p, end, &at))) {
            *ret_from = from + 1;
            *ret_to = at;
            return true;
        }
        if ((*p == '=' || *p == ':') && (from = marked_secret(text, p, end))) {
            *ret_from = from;
            *ret_to = marked_end(from, end);
            if (*ret_to > from)
                return true;
        }
    }
    return false;
}

bool text_mask(const char *text, size_t n, struct str *out)
{
    const char *end = text + n, *p = text, *from, *to;
    while (next_secret(text, p, end, &from, &to)) {
        str_add_n(out, p, (size_t)(from - p));
        str_add(out, "***");
        p = to;
    }
    if (p == text)
        return false;
    str_add_n(out, p, (size_t)(end - p));
    return true;
}
