#include "cluster/catalogue.h"

#include <ctype.h>

static bool has_glob(const char *const *list, const char *s)
{
    for (; list && *list; list++)
        if (str_glob(*list, s))
            return true;
    return false;
}

/* The first part of a reference is a registry's host when it looks like one. */
static const char *skip_registry(const char *image)
{
    const char *slash = strchr(image, '/');
    if (!slash)
        return image;
    size_t n = (size_t)(slash - image);
    bool host = memchr(image, '.', n) || memchr(image, ':', n) ||
                (n == 9 && !strncmp(image, "localhost", 9));
    return host ? slash + 1 : image;
}

char *catalogue_image_path(const char *image, char ret[IMAGE_PATH_SIZE])
{
    const char *from = skip_registry(image);
    if (str_starts(from, "library/"))
        from += strlen("library/");
    size_t n = strcspn(from, ":@");
    if (n >= IMAGE_PATH_SIZE)
        n = IMAGE_PATH_SIZE - 1;
    for (size_t i = 0; i < n; i++)
        ret[i] = (char)tolower((unsigned char)from[i]);
    ret[n] = '\0';
    return ret;
}

static const struct integration *by_image(const char *image)
{
    char path[IMAGE_PATH_SIZE];
    catalogue_image_path(image, path);
    for (size_t i = 0; i < integrations_n; i++)
        if (has_glob(integrations[i].images, path))
            return &integrations[i];
    return NULL;
}

static const struct integration *by_unit(const char *unit)
{
    char name[256];
    str_copy(name, sizeof name, unit);
    char *dot = strrchr(name, '.');
    if (dot && str_eq(dot, ".service"))
        *dot = '\0';
    for (size_t i = 0; i < integrations_n; i++)
        if (has_glob(integrations[i].units, name))
            return &integrations[i];
    return NULL;
}

static const struct integration *by_process(const char *process)
{
    for (size_t i = 0; i < integrations_n; i++)
        if (has_glob(integrations[i].processes, process))
            return &integrations[i];
    return NULL;
}

/* "hydra-grafana" and "grafana-1" are Grafana by name: the id as a whole word at either end. */
static bool name_has_word(const char *name, const char *word)
{
    size_t n = strlen(name), w = strlen(word);
    if (n == w)
        return str_eq_nocase(name, word);
    if (n < w + 1)
        return false;
    bool tail = strchr("-_", name[n - w - 1]) && str_eq_nocase(name + n - w, word);
    bool head =
        strchr("-_", name[w]) && !strncasecmp(name, word, w) && isdigit((unsigned char)name[w + 1]);
    return tail || head;
}

static const struct integration *by_name(const char *name)
{
    for (size_t i = 0; i < integrations_n; i++)
        if (name_has_word(name, integrations[i].id) || has_glob(integrations[i].names, name))
            return &integrations[i];
    return NULL;
}

const struct integration *catalogue_find(const struct observed *o, bool *ret_strong)
{
    const struct integration *found = NULL;
    switch (o->kind) {
    case OBSERVED_CONTAINER:
        found = o->image ? by_image(o->image) : NULL;
        break;
    case OBSERVED_UNIT:
        found = by_unit(o->name);
        break;
    case OBSERVED_PROCESS:
        found = by_process(o->name);
        break;
    }
    *ret_strong = found != NULL;
    return found || o->kind != OBSERVED_CONTAINER ? found : by_name(o->name);
}

const struct integration *catalogue_by_id(const char *id)
{
    for (size_t i = 0; i < integrations_n; i++)
        if (str_eq(integrations[i].id, id))
            return &integrations[i];
    return NULL;
}

bool catalogue_has_port(const struct integration *i, uint16_t port)
{
    for (const uint16_t *p = i->ports; p && *p; p++)
        if (*p == port)
            return true;
    return false;
}
