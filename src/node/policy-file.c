/* The file of a policy: YAML of one shape, everything else is an error with its line. */
#include "node/policy-private.h"

#include "node/command.h"

#include <stdio.h>
#include <yaml.h>

struct reading {
    const char *path;
    yaml_document_t *d;
    struct err *e;
    struct policy *policy;
};

static int fault(const struct reading *r, const yaml_node_t *n, const char *what)
{
    return err_set(r->e, -EINVAL, "%s line %zu: %s.", r->path, n->start_mark.line + 1, what);
}

static int unknown(const struct reading *r, const yaml_node_t *n, const char *kind,
                   const char *const *known)
{
    const char *word = (const char *)n->data.scalar.value, *near = str_nearest(word, known);
    AUTO(mem_freep)
    char *what =
        near ? mem_printf("there is no %s \"%.64s\"; did you mean \"%s\"?", kind, word, near)
             : mem_printf("there is no %s \"%.64s\"", kind, word);
    if (near)
        return err_set(r->e, -EINVAL, "%s line %zu: %s", r->path, n->start_mark.line + 1, what);
    return fault(r, n, what);
}

/* "unit.*", "*", or a whole name. */
static int check_verb(const struct reading *r, const yaml_node_t *n)
{
    const char *word = (const char *)n->data.scalar.value;
    const char *known[COMMAND_COUNT + 2] = {0};
    for (unsigned v = 0; v < COMMAND_COUNT; v++)
        known[v] = command_verb_name((enum command_verb)v);
    known[COMMAND_COUNT] = "logs";
    for (size_t i = 0; known[i]; i++)
        if (str_glob(word, known[i]))
            return 0;
    return unknown(r, n, "action", known);
}

static int check_target(const struct reading *r, const yaml_node_t *n)
{
    return n->data.scalar.length ? 0 : fault(r, n, "a target can't be empty");
}

static int take_word(const struct reading *r, const yaml_node_t *n,
                     int (*check)(const struct reading *, const yaml_node_t *),
                     struct str_list *words)
{
    if (n->type != YAML_SCALAR_NODE)
        return fault(r, n, "expected a word or a list of words");
    const char *word = (const char *)n->data.scalar.value;
    if (strlen(word) != n->data.scalar.length || n->data.scalar.length > LIMIT_POLICY_WORD)
        return fault(r, n, "a word is longer than 256 bytes, or none");
    if (words->n == LIMIT_POLICY_WORDS)
        return fault(r, n, "more than 64 words; make a rule of its own for the others");
    int status = check(r, n);
    if (status == 0)
        str_list_add(words, word);
    return status;
}

static int take_words(const struct reading *r, const yaml_node_t *n,
                      int (*check)(const struct reading *, const yaml_node_t *),
                      struct str_list *words)
{
    if (n->type != YAML_SEQUENCE_NODE)
        return take_word(r, n, check, words);
    int status = 0;
    for (yaml_node_item_t *i = n->data.sequence.items.start;
         status == 0 && i < n->data.sequence.items.top; i++)
        status = take_word(r, yaml_document_get_node(r->d, *i), check, words);
    if (status == 0 && !words->n)
        return fault(r, n, "the list is empty");
    return status;
}

static int take_member(const struct reading *r, const yaml_node_t *key, const yaml_node_t *value,
                       struct policy_rule *rule)
{
    static const char *const known[] = {"do", "on", NULL};
    if (key->type != YAML_SCALAR_NODE)
        return fault(r, key, "expected do: and on:");
    const char *name = (const char *)key->data.scalar.value;
    bool verbs = str_eq(name, "do");
    if (!verbs && !str_eq(name, "on"))
        return unknown(r, key, "key", known);
    struct str_list *words = verbs ? &rule->verbs : &rule->targets;
    if (words->n)
        return fault(r, key, "the key stands here twice");
    return take_words(r, value, verbs ? check_verb : check_target, words);
}

static int take_rule(const struct reading *r, const yaml_node_t *n, bool deny)
{
    struct policy_rule *rule = vec_add(&r->policy->rules);
    int status = 0;
    rule->deny = deny;
    if (n->type != YAML_MAPPING_NODE)
        return fault(r, n, "expected a rule like {do: [unit.restart], on: [nginx.service]}");
    for (yaml_node_pair_t *p = n->data.mapping.pairs.start;
         status == 0 && p < n->data.mapping.pairs.top; p++)
        status = take_member(r, yaml_document_get_node(r->d, p->key),
                             yaml_document_get_node(r->d, p->value), rule);
    if (status == 0 && !rule->verbs.n)
        return fault(r, n, "the rule lacks do:");
    return status;
}

static int take_rules(const struct reading *r, const yaml_node_t *n, bool deny)
{
    int status = 0;
    if (n->type == YAML_SCALAR_NODE && n->data.scalar.length == 0) /* "deny:" and nothing */
        return 0;
    if (n->type != YAML_SEQUENCE_NODE)
        return fault(r, n, "expected a list of rules");
    if (n->data.sequence.items.top - n->data.sequence.items.start > LIMIT_POLICY_RULES)
        return fault(r, n, "more than 64 rules");
    for (yaml_node_item_t *i = n->data.sequence.items.start;
         status == 0 && i < n->data.sequence.items.top; i++)
        status = take_rule(r, yaml_document_get_node(r->d, *i), deny);
    return status;
}

static int take_document(const struct reading *r, const yaml_node_t *root)
{
    static const char *const known[] = {"allow", "deny", NULL};
    bool seen[2] = {false, false};
    int status = 0;
    if (root->type != YAML_MAPPING_NODE)
        return fault(r, root, "expected allow: and deny:");
    for (yaml_node_pair_t *p = root->data.mapping.pairs.start;
         status == 0 && p < root->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = yaml_document_get_node(r->d, p->key);
        if (key->type != YAML_SCALAR_NODE)
            return fault(r, key, "expected allow: and deny:");
        const char *name = (const char *)key->data.scalar.value;
        bool deny = str_eq(name, "deny");
        if (!deny && !str_eq(name, "allow"))
            return unknown(r, key, "key", known);
        if (seen[deny])
            return fault(r, key, "the key stands here twice");
        seen[deny] = true;
        status = take_rules(r, yaml_document_get_node(r->d, p->value), deny);
    }
    return status;
}

static int read_document(struct reading *r, yaml_parser_t *parser)
{
    yaml_document_t document;
    if (!yaml_parser_load(parser, &document))
        return err_set(r->e, -EINVAL, "%s line %zu: not valid YAML: %s.", r->path,
                       parser->problem_mark.line + 1,
                       parser->problem ? parser->problem : "unknown error");
    r->d = &document;
    const yaml_node_t *root = yaml_document_get_root_node(&document);
    int status = root ? take_document(r, root) : 0;
    r->d = NULL;
    yaml_document_delete(&document);
    return status;
}

/* A second one would be left out, and may be where the denials are. */
static int expect_end(struct reading *r, yaml_parser_t *parser)
{
    yaml_document_t document;
    size_t line = parser->mark.line + 1;
    int status = 0;
    if (!yaml_parser_load(parser, &document))
        return err_set(r->e, -EINVAL, "%s line %zu: not valid YAML: %s.", r->path,
                       parser->problem_mark.line + 1,
                       parser->problem ? parser->problem : "unknown error");
    if (yaml_document_get_root_node(&document))
        status = err_set(r->e, -EINVAL,
                         "%s line %zu: a second document begins: put all into the first, without "
                         "\"---\".",
                         r->path, line);
    yaml_document_delete(&document);
    return status;
}

int policy_parse(const char *path, const char *text, size_t len, struct err *e,
                 struct policy **ret_p)
{
    yaml_parser_t parser;
    struct reading r = {.path = path, .e = e};
    if (len > LIMIT_POLICY_FILE)
        return err_set(e, -E2BIG, "%s is larger than %d KiB.", path, LIMIT_POLICY_FILE / 1024);
    if (!yaml_parser_initialize(&parser))
        return err_set(e, -ENOMEM, "%s: out of memory.", path);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    r.policy = policy_new(path);
    int status = read_document(&r, &parser);
    if (status == 0)
        status = expect_end(&r, &parser);
    yaml_parser_delete(&parser);
    if (status < 0)
        policy_free(r.policy);
    else
        *ret_p = r.policy;
    return status;
}

static int read_file(FILE *f, const char *path, struct err *e, struct policy **ret_p)
{
    AUTO(mem_freep) char *text = mem_alloc(LIMIT_POLICY_FILE + 1);
    size_t n = fread(text, 1, LIMIT_POLICY_FILE + 1, f);
    if (ferror(f))
        return err_set(e, -EIO, "%s can't be read.", path);
    return policy_parse(path, text, n, e, ret_p);
}

struct policy *policy_load(const char *path, bool named)
{
    struct policy *p = NULL;
    struct err e = {0};
    FILE *f = path ? fopen(path, "re") : NULL;
    int status;
    if (!f && (!path || (errno == ENOENT && !named)))
        return policy_default();
    if (f) {
        status = read_file(f, path, &e, &p);
        fclose(f);
    } else {
        status = err_set(&e, -errno, "%s can't be read: %s.", path, strerror(errno));
    }
    if (status < 0) {
        p = policy_new(path);
        p->trouble = mem_strdup(err_text(&e, status));
    }
    return p;
}
