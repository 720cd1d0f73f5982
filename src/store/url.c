#include "store/store-private.h"

#include <ctype.h>
#include <strings.h>

static const char *after_scheme(const char *url)
{
    static const char *const schemes[] = {"postgresql://", "postgres://"};
    for (size_t i = 0; i < COUNT_OF(schemes); i++)
        if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
            return url + strlen(schemes[i]);
    return NULL;
}

int url_parse(const char *url, struct err *e, enum store_kind *ret_kind, char **ret_path)
{
    const char *path = NULL;
    if (after_scheme(url)) {
        *ret_kind = STORE_POSTGRESQL;
        *ret_path = NULL;
        return 0;
    }
    if (str_starts(url, "sqlite://")) /* sqlite:///srv/x.db, as other programs write it */
        path = url + strlen("sqlite://");
    else if (str_starts(url, "sqlite:"))
        path = url + strlen("sqlite:");
    else if (url[0] == '/')
        path = url;
    if (str_is_empty(path)) {
        AUTO(mem_freep) char *shown = store_mask_url(url);
        return err_set(e, -EINVAL,
                       "\"%s\" is no database: write sqlite:/path/hydra.db or "
                       "postgresql://user@host/name.",
                       shown);
    }
    *ret_kind = STORE_SQLITE;
    *ret_path = mem_strdup(path);
    return 0;
}

/* [start, end) within a URL that must not be seen. */
struct span {
    const char *start, *end;
};

/* user:PASSWORD@ . A password with unescaped '@' or '/' in it is masked whole. */
static bool user_password(const char *authority, struct span *ret)
{
    const char *colon = strchr(authority, ':'), *at = strrchr(authority, '@');
    const char *first_at = strchr(authority, '@');
    if (!colon || !at || first_at < colon)
        return false;
    *ret = (struct span){colon + 1, at};
    return true;
}

static bool is_secret(const char *key, size_t n)
{
    static const char *const keys[] = {"password", "sslpassword", "pass", "pwd"};
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (strlen(keys[i]) == n && strncasecmp(keys[i], key, n) == 0)
            return true;
    return false;
}

/* The next ?password=… at or after `from`. */
static bool query_password(const char *from, struct span *ret)
{
    for (const char *p = from; *p; p++) {
        if (*p != '?' && *p != '&')
            continue;
        const char *key = p + 1;
        size_t n = strcspn(key, "=&");
        if (key[n] != '=' || !is_secret(key, n))
            continue;
        const char *value = key + n + 1;
        *ret = (struct span){value, value + strcspn(value, "&")};
        return true;
    }
    return false;
}

static size_t find_passwords(const char *url, struct span ret[8])
{
    size_t n = 0;
    const char *p = after_scheme(url);
    if (!p)
        p = strstr(url, "://") ? strstr(url, "://") + 3 : url;
    if (user_password(p, &ret[0]))
        p = ret[n++].end;
    while (n < 8 && query_password(p, &ret[n]))
        p = ret[n++].end;
    return n;
}

char *store_mask_url(const char *url)
{
    struct span secrets[8];
    size_t n = find_passwords(url, secrets);
    struct str out = {0};
    const char *p = url;
    for (size_t i = 0; i < n; i++) {
        str_add_n(&out, p, (size_t)(secrets[i].start - p));
        str_add(&out, "***");
        p = secrets[i].end;
    }
    str_add(&out, p);
    return str_take(&out);
}

static char *percent_decoded(const char *s, size_t n)
{
    char *out = mem_alloc(n + 1);
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        char pair[3] = {0};
        unsigned char byte;
        if (s[i] == '%' && i + 2 < n && isxdigit((unsigned char)s[i + 1]))
            memcpy(pair, s + i + 1, 2);
        if (pair[0] && str_unhex(pair, &byte, 1) == 1) {
            out[len++] = (char)byte;
            i += 2;
        } else {
            out[len++] = s[i];
        }
    }
    return out;
}

/* Overwrites in place: a secret of one or two characters becomes as many stars. */
static void hide(char *text, const char *secret)
{
    size_t n = strlen(secret);
    if (n == 0)
        return;
    for (char *at = text; (at = strstr(at, secret));) {
        size_t stars = n < 3 ? n : 3;
        memset(at, '*', stars);
        memmove(at + stars, at + n, strlen(at + n) + 1);
        at += stars;
    }
}

void url_hide_passwords(const char *url, char *text)
{
    struct span secrets[8];
    size_t n = find_passwords(url, secrets);
    for (size_t i = 0; i < n; i++) {
        size_t len = (size_t)(secrets[i].end - secrets[i].start);
        AUTO(mem_freep) char *raw = mem_strndup(secrets[i].start, len);
        AUTO(mem_freep) char *decoded = percent_decoded(secrets[i].start, len);
        hide(text, raw);
        hide(text, decoded);
    }
}
