#include "node/image-pull.h"

#include "node/line.h"

int image_split(const char *image, char **ret_name, char **ret_tag)
{
    const char *slash = strrchr(image, '/'), *colon = strrchr(image, ':');
    size_t n = strspn(image, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:");
    bool is_id = str_starts(image, "sha256:") ||
                 (strlen(image) >= 64 && strspn(image, "0123456789abcdef") == strlen(image));
    if (!*image || image[n] || is_id)
        return -EINVAL;
    if (colon && slash && colon < slash)
        colon = NULL;
    *ret_name = colon ? mem_strndup(image, (size_t)(colon - image)) : mem_strdup(image);
    *ret_tag = mem_strdup(colon ? colon + 1 : "latest");
    return 0;
}

enum { LIMIT_PULL_LINE = 64 << 10 };

static void take_progress(struct pull *p, const json_t *v)
{
    const json_t *detail = json_object_get(v, "progressDetail");
    const char *id = json_get_str(v, "id", "");
    int64_t total = json_get_int(detail, "total", 0);
    size_t i = 0;
    if (!*id || total <= 0 || !str_eq(json_get_str(v, "status", ""), "Downloading"))
        return;
    while (i < p->n && !str_eq(p->layers[i].id, id))
        i++;
    if (i == COUNT_OF(p->layers))
        return;
    if (i == p->n && !str_copy(p->layers[p->n++].id, sizeof p->layers[0].id, id))
        return;
    p->layers[i].done = json_get_int(detail, "current", 0);
    p->layers[i].total = total;
}

static void take_line(struct pull *p, const char *line, size_t len)
{
    json_t *v = NULL;
    if (json_parse(line, len, LIMIT_PULL_LINE, NULL, &v) < 0)
        return;
    const char *error = json_get_str(v, "error", NULL);
    AUTO(mem_freep) char *words = error ? one_line(error, strlen(error)) : NULL;
    if (error)
        str_copy(p->error, sizeof p->error, words ? words : "the engine does not say why");
    take_progress(p, v);
    json_decref(v);
}

int pull_feed(struct pull *p, const char *bytes, size_t n)
{
    char *nl;
    int64_t done = 0, total = 0;
    str_add_n(&p->line, bytes, n);
    while ((nl = memchr(p->line.p, '\n', p->line.len))) {
        size_t len = (size_t)(nl - p->line.p);
        take_line(p, p->line.p, len);
        memmove(p->line.p, nl + 1, p->line.len - len - 1);
        p->line.len -= len + 1;
    }
    if (p->line.len > LIMIT_PULL_LINE)
        str_clear(&p->line);
    for (size_t i = 0; i < p->n; i++) {
        int64_t t = p->layers[i].total, d = p->layers[i].done;
        total += t / 1024;
        done += (d < 0 ? 0 : d > t ? t : d) / 1024;
    }
    return total > 0 ? (int)(done * 100 / total) : -1;
}

void pull_done(struct pull *p)
{
    str_done(&p->line);
}
