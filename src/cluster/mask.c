/* Hides what looks like a secret before it is shown. Better one too many than one too few. */
#include "cluster/model.h"

#include <ctype.h>

static bool has_secret_word(const char *key, size_t n)
{
    static const char *const words[] = {
        "password",   "passwd",    "passphrase", "secret",  "token",     "apikey",     "api_key",
        "api-key",    "api.key",   "credential", "private", "basicauth", "digestauth", "access_key",
        "access-key", "accesskey", "auth.users", "_pwd",    "-pwd",      NULL};
    char lower[256];
    if (n >= sizeof lower)
        n = sizeof lower - 1;
    for (size_t i = 0; i < n; i++)
        lower[i] = (char)tolower((unsigned char)key[i]);
    lower[n] = '\0';
    for (const char *const *p = words; *p; p++)
        if (strstr(lower, *p))
            return true;
    size_t last = n;
    while (last > 0 && isalnum((unsigned char)lower[last - 1]))
        last--;
    return str_eq(lower + last, "pass") || str_eq(lower + last, "pw") ||
           str_eq(lower + last, "key");
}

static bool has_secret_prefix(const char *v)
{
    static const char *const heads[] = {
        "sk-",  "ghp_", "gho_", "github_pat_", "glpat-",    "xoxb-",   "xoxp-",      "AKIA", "eyJ",
        "hyd_", "tk_",  "hf_",  "npm_",        "dckr_pat_", "Bearer ", "-----BEGIN", NULL};
    for (const char *const *p = heads; *p; p++)
        if (str_starts(v, *p) && strlen(v) > strlen(*p) + 4)
            return true;
    return false;
}

/* "scheme://user:password@host": where the password stands; NULL when there is none. */
static const char *url_password(const char *v, size_t *ret_n)
{
    for (const char *p = strstr(v, "://"); p; p = strstr(p + 3, "://")) {
        const char *authority = p + 3;
        size_t n = strcspn(authority, "/?# \t\"'");
        const char *at = memrchr(authority, '@', n);
        const char *colon = at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
        if (colon && colon + 1 < at) {
            *ret_n = (size_t)(at - colon - 1);
            return colon + 1;
        }
    }
    return NULL;
}

bool mask_is_secret(const char *key, const char *value)
{
    size_t n;
    if (str_is_empty(value))
        return false;
    return has_secret_word(key, strlen(key)) || has_secret_prefix(value) ||
           url_password(value, &n) != NULL;
}

static void add_masked_url(struct str *out, const char *word)
{
    size_t n;
    const char *password = url_password(word, &n);
    if (!password) {
        str_add(out, word);
        return;
    }
    str_add_n(out, word, (size_t)(password - word));
    str_add(out, "***");
    str_add(out, password + n);
}

/* Adds one argument; returns true when the next one is the secret it names. */
static bool add_argument(struct str *out, const char *word)
{
    size_t name = strcspn(word, "=");
    bool option = word[0] == '-' || word[name] == '=';
    bool secret = option && has_secret_word(word, name);
    if (secret && word[name] == '=') {
        str_add_n(out, word, name + 1);
        str_add(out, "***");
        return false;
    }
    if (has_secret_prefix(word))
        str_add(out, "***");
    else
        add_masked_url(out, word);
    return secret;
}

char *mask_command(const char *command)
{
    struct str out = {0};
    bool next_is_secret = false;
    for (const char *p = command; *p;) {
        size_t n = strcspn(p, " ");
        char *word = mem_strndup(p, n);
        if (next_is_secret && word[0] && word[0] != '-') {
            str_add(&out, "***");
            next_is_secret = false;
        } else {
            next_is_secret = add_argument(&out, word);
        }
        mem_free(word);
        p += n;
        for (; *p == ' '; p++)
            str_add_char(&out, ' ');
    }
    return str_take(&out);
}
