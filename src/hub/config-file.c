#include "hub/config-file.h"

#include "base/str.h"

#include <stdio.h>
#include <yaml.h>

struct reading {
    const char *path;
    int (*pair)(void *arg, const char *name, const char *value, unsigned line, struct err *e);
    void *arg;
};

static unsigned line_of(const yaml_node_t *n)
{
    return (unsigned)n->start_mark.line + 1;
}

static int shape_error(const struct reading *r, const yaml_node_t *n, struct err *e)
{
    return err_set(
        e, -EINVAL,
        "%s line %u: expected `name: value`, where value is a text, a number or a list of those.",
        r->path, line_of(n));
}

static int add_value(const struct reading *r, yaml_document_t *d, yaml_node_t *n, struct str *out,
                     struct err *e)
{
    if (n->type == YAML_SCALAR_NODE) {
        str_add_n(out, n->data.scalar.value, n->data.scalar.length);
        return 0;
    }
    if (n->type != YAML_SEQUENCE_NODE)
        return shape_error(r, n, e);
    for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++) {
        yaml_node_t *item = yaml_document_get_node(d, *i);
        if (item->type != YAML_SCALAR_NODE)
            return shape_error(r, item, e);
        if (i != n->data.sequence.items.start)
            str_add_char(out, ',');
        str_add_n(out, item->data.scalar.value, item->data.scalar.length);
    }
    return 0;
}

static int read_mapping(const struct reading *r, yaml_document_t *d, yaml_node_t *root,
                        struct err *e)
{
    if (root->type != YAML_MAPPING_NODE)
        return shape_error(r, root, e);
    int status = 0;
    for (yaml_node_pair_t *p = root->data.mapping.pairs.start;
         status >= 0 && p < root->data.mapping.pairs.top; p++) {
        yaml_node_t *key = yaml_document_get_node(d, p->key),
                    *value = yaml_document_get_node(d, p->value);
        if (key->type != YAML_SCALAR_NODE)
            return shape_error(r, key, e);
        struct str text = {0};
        status = add_value(r, d, value, &text, e);
        if (status >= 0)
            status = r->pair(r->arg, (const char *)key->data.scalar.value, str_text(&text),
                             line_of(key), e);
        str_done(&text);
    }
    return status;
}

int config_text_read(const char *path, const char *text, size_t len,
                     int (*pair)(void *arg, const char *name, const char *value, unsigned line,
                                 struct err *e),
                     void *arg, struct err *e)
{
    struct reading r = {path, pair, arg};
    yaml_parser_t parser;
    yaml_document_t document;
    if (!yaml_parser_initialize(&parser))
        return err_set(e, -ENOMEM, "%s: out of memory.", path);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    int status = 0;
    if (!yaml_parser_load(&parser, &document)) {
        status = err_set(e, -EINVAL, "%s line %zu: not valid YAML: %s.", path,
                         parser.problem_mark.line + 1,
                         parser.problem ? parser.problem : "unknown error");
    } else {
        yaml_node_t *root = yaml_document_get_root_node(&document);
        if (root)
            status = read_mapping(&r, &document, root, e);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return status;
}

int config_file_read(const char *path,
                     int (*pair)(void *arg, const char *name, const char *value, unsigned line,
                                 struct err *e),
                     void *arg, struct err *e)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return err_set(e, -errno, "The settings file %s can't be read: %s.", path, strerror(errno));
    AUTO(mem_freep) char *text = mem_alloc(LIMIT_CONFIG_FILE + 1);
    size_t n = fread(text, 1, LIMIT_CONFIG_FILE + 1, f);
    fclose(f);
    if (n > LIMIT_CONFIG_FILE)
        return err_set(e, -E2BIG, "The settings file %s is larger than %d KiB.", path,
                       LIMIT_CONFIG_FILE / 1024);
    return config_text_read(path, text, n, pair, arg, e);
}
