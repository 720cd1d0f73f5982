/* Labels of containers, and the texts near them: one `key=value` a line. Whatever comes, links are
 * safe, names are text, and nothing that is masked is shown. */
#include "fuzz.h"

#include "cluster/label.h"
#include "cluster/model.h"

#include <stdlib.h>

enum { LIMIT_LABELS = 64 };

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct label *)a)->key, ((const struct label *)b)->key);
}

static void add_label(struct observed *o, char *line)
{
    char *equals = strchr(line, '=');
    struct label *l = vec_add(&o->labels);
    l->key = mem_strndup(line, equals ? (size_t)(equals - line) : strlen(line));
    l->value = mem_strdup(equals ? equals + 1 : "");
}

static void add_labels(struct observed *o, const char *text)
{
    while (*text && o->labels.n < LIMIT_LABELS) {
        size_t n = strcspn(text, "\n");
        char *line = mem_strndup(text, n);
        add_label(o, line);
        mem_free(line);
        text += n + (text[n] == '\n');
    }
    if (o->labels.n)
        qsort(o->labels.v, o->labels.n, sizeof o->labels.v[0], by_key);
}

static void try_identity(const struct observed *o)
{
    struct identity i = {0};
    bool strong;
    identity_make(o, catalogue_find(o, &strong), NULL, "10.0.0.2", &i);
    FUZZ_CHECK(i.name && i.name[0] && strlen(i.name) <= LIMIT_NAME);
    FUZZ_CHECK(i.group && i.group[0] && strlen(i.group) <= LIMIT_NAME);
    FUZZ_CHECK(str_is_utf8(i.name, strlen(i.name)) && str_is_utf8(i.group, strlen(i.group)));
    FUZZ_CHECK(!i.url || link_is_safe(i.url));
    FUZZ_CHECK(!i.icon || (strlen(i.icon) < ICON_SIZE && !strchr(i.icon, '/')));
    FUZZ_CHECK(!i.description || strlen(i.description) <= LIMIT_DESCRIPTION);
    identity_done(&i);
}

static void try_texts(const char *text)
{
    char path[IMAGE_PATH_SIZE], value[64];
    char *link = traefik_rule_link(text, true);
    FUZZ_CHECK(!link || (link_is_safe(link) && str_starts(link, "https://")));
    mem_free(link);
    FUZZ_CHECK(!strpbrk(catalogue_image_path(text, path), ":@"));
    if (series_label(text, "cpu", value, sizeof value))
        FUZZ_CHECK(strlen(value) < sizeof value);
    char *masked = mask_command(text);
    FUZZ_CHECK(masked != NULL);
    mem_free(masked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_strndup((const char *)data, size);
    struct observed *o = mem_alloc(sizeof *o);
    struct observed_port *p = vec_add(&o->ports);
    p->address = mem_strdup("0.0.0.0");
    p->port = 3380;
    p->inner = 80;
    o->id = mem_strdup("docker/x");
    o->engine = mem_strdup("docker");
    o->name = mem_strdup("x");
    o->run_text = mem_strdup("");
    o->image = mem_strdup("x");
    add_labels(o, text);
    try_identity(o);
    try_texts(text);
    observed_free(o);
    mem_free(text);
    return 0;
}
