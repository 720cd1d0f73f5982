#include "node/root-request.h"

#include "node/nix-garbage.h"
#include "node/rooted.h"

#include <stdio.h>

enum { PARTS_MAX = 5 };

static const char of_generations[] = ROOT_GENERATION_PREFIX, of_root[] = ROOT_UNIT_PREFIX;

static const struct {
    const char *name;
    size_t parts; /* with the name */
    const char *unit;
} shapes[ROOT_VERBS] = {
    [ROOT_PLAN] = {"plan", 3, of_generations},
    [ROOT_SWITCH] = {"switch", 5, of_generations},
    [ROOT_REBUILD] = {"rebuild", 5, of_generations},
    [ROOT_COLLECT] = {"collect", 3, of_generations},
    [ROOT_CONFIRM] = {"confirm", 2, of_generations},
    [ROOT_SETTLE] = {"settle", 1, of_generations},
    [ROOT_REMOUNT] = {"remount", 3, of_root},
    [ROOT_DISKS] = {"disks", 2, of_root},
    [ROOT_VACUUM] = {"vacuum", 4, of_root},
    [ROOT_EMPTY] = {"empty", 3, of_root},
    [ROOT_LOGS] = {"logs", 2, of_root},
};

/* --- parts --- */

static bool take_id(const char *part, struct root_request *r)
{
    size_t n = strspn(part, "0123456789abcdefghijklmnopqrstuvwxyz-");
    return n > 0 && part[n] == 0 && str_copy(r->id, sizeof r->id, part);
}

static bool take_number(const char *part, unsigned least, unsigned most, unsigned *ret_n)
{
    uint64_t n;
    if (str_to_u64(part, &n) < 0 || n < least || n > most)
        return false;
    *ret_n = (unsigned)n;
    return true;
}

static bool take_generation(const char *part, struct root_request *r)
{
    return str_eq(part, "previous") || take_number(part, 1, INT32_MAX, &r->generation);
}

static bool take_mode(const char *part, struct root_request *r)
{
    r->reboot = str_eq(part, "reboot");
    return r->reboot || str_eq(part, "test");
}

static bool take_hash(const char *part, struct root_request *r)
{
    return strspn(part, "0123456789abcdef") == 16 && str_copy(r->hash, sizeof r->hash, part);
}

static bool take_vacuum(const char *bytes, const char *seconds, struct root_request *r)
{
    return str_to_u64(bytes, &r->vacuum.bytes) >= 0 &&
           str_to_u64(seconds, &r->vacuum.seconds) >= 0 && vacuum_is_valid(&r->vacuum);
}

static bool take_name(const char *part, struct root_request *r)
{
    return container_name_is_valid(part) && str_copy(r->name, sizeof r->name, part);
}

static bool take_within(const char *part, struct root_request *r)
{
    return take_number(part, SWITCH_WITHIN_MIN_S, SWITCH_WITHIN_MAX_S, &r->within_s);
}

static bool take(char **parts, struct root_request *r)
{
    switch (r->verb) {
    case ROOT_PLAN:
        return take_generation(parts[1], r) && take_id(parts[2], r);
    case ROOT_SWITCH:
        return take_generation(parts[1], r) && take_mode(parts[2], r) && take_within(parts[3], r) &&
               take_id(parts[4], r);
    case ROOT_REBUILD:
        return take_hash(parts[1], r) && take_mode(parts[2], r) && take_within(parts[3], r) &&
               take_id(parts[4], r);
    case ROOT_COLLECT:
        return take_number(parts[1], 0, GARBAGE_DAYS_MAX, &r->days) && take_id(parts[2], r);
    case ROOT_CONFIRM:
    case ROOT_DISKS:
    case ROOT_LOGS:
        return take_id(parts[1], r);
    case ROOT_SETTLE:
        return true;
    case ROOT_REMOUNT:
        return take_hash(parts[1], r) && take_id(parts[2], r);
    case ROOT_VACUUM:
        return take_vacuum(parts[1], parts[2], r) && take_id(parts[3], r);
    case ROOT_EMPTY:
        return take_name(parts[1], r) && take_id(parts[2], r);
    case ROOT_VERBS:
        break;
    }
    return false;
}

int root_request_parse(const char *instance, struct root_request *ret_r)
{
    AUTO(mem_freep) char *copy = mem_strdup(instance);
    char none[1] = "", *parts[PARTS_MAX] = {none, none, none, none, none}, *rest = copy;
    size_t n = 0;
    for (char *part; (part = strsep(&rest, ":")); n++) {
        if (n == PARTS_MAX)
            return -EINVAL;
        parts[n] = part;
    }
    struct root_request r = {0};
    for (r.verb = 0; r.verb < ROOT_VERBS; r.verb++)
        if (str_eq(parts[0], shapes[r.verb].name))
            break;
    if (r.verb == ROOT_VERBS || n != shapes[r.verb].parts || !take(parts, &r))
        return -EINVAL;
    *ret_r = r;
    return 0;
}

/* --- names --- */

static void add_instance(const struct root_request *r, struct str *out)
{
    const char *mode = r->reboot ? "reboot" : "test";
    AUTO(mem_freep)
    char *generation = r->generation ? mem_printf("%u", r->generation) : mem_strdup("previous");
    str_add(out, shapes[r->verb].name);
    if (r->verb == ROOT_PLAN)
        str_addf(out, ":%s", generation);
    if (r->verb == ROOT_SWITCH)
        str_addf(out, ":%s:%s:%u", generation, mode, r->within_s);
    if (r->verb == ROOT_REBUILD)
        str_addf(out, ":%s:%s:%u", r->hash, mode, r->within_s);
    if (r->verb == ROOT_REMOUNT)
        str_addf(out, ":%s", r->hash);
    if (r->verb == ROOT_COLLECT)
        str_addf(out, ":%u", r->days);
    if (r->verb == ROOT_VACUUM)
        str_addf(out, ":%llu:%llu", (unsigned long long)r->vacuum.bytes,
                 (unsigned long long)r->vacuum.seconds);
    if (r->verb == ROOT_EMPTY)
        str_addf(out, ":%s", r->name);
    if (r->verb != ROOT_SETTLE)
        str_addf(out, ":%s", r->id);
}

char *root_request_unit(const struct root_request *r)
{
    struct str out = {0};
    str_add(&out, shapes[r->verb].unit);
    add_instance(r, &out);
    str_add(&out, ".service");
    return str_take(&out);
}

char *root_unit_instance(const char *unit)
{
    static const char prefix[] = "systemd/", ending[] = ".service";
    if (str_starts(unit, prefix))
        unit += strlen(prefix);
    bool generation = str_starts(unit, of_generations);
    size_t head = strlen(generation ? of_generations : of_root);
    size_t tail = strlen(ending), n = strlen(unit);
    if ((!generation && !str_starts(unit, of_root)) || !str_ends(unit, ending) || n < head + tail)
        return NULL;
    return mem_strndup(unit + head, n - head - tail);
}

int root_request_reads_back(const struct root_request *r, struct err *e)
{
    struct root_request back;
    AUTO(mem_freep) char *unit = root_request_unit(r);
    AUTO(mem_freep) char *instance = root_unit_instance(unit);
    return instance && root_request_parse(instance, &back) >= 0
               ? 0
               : err_set(e, -EINVAL, "The order's id can't be part of a unit's name.");
}

/* FNV-1a. */
void root_hash(const char *name, char ret_hash[17])
{
    uint64_t h = 0xcbf29ce484222325;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 0x100000001b3;
    snprintf(ret_hash, 17, "%016llx", (unsigned long long)h);
}

/* --- what the policy says --- */

typedef int named_fn(const struct policy *p, const char *name, struct err *e);

static const char *find_in(const struct policy *p, const struct policy_rule *rule, const char *hash,
                           named_fn *check)
{
    char own[17];
    for (size_t i = 0; i < rule->targets.n; i++) {
        root_hash(rule->targets.v[i], own);
        if (str_eq(own, hash) && check(p, rule->targets.v[i], NULL) >= 0)
            return rule->targets.v[i];
    }
    return NULL;
}

static const char *find_named(const struct policy *p, const char *hash, named_fn *check)
{
    const char *name = NULL;
    for (size_t i = 0; !name && i < p->rules.n; i++)
        if (!p->rules.v[i].deny)
            name = find_in(p, &p->rules.v[i], hash, check);
    return name;
}

const char *flake_find(const struct policy *p, const char *hash)
{
    return find_named(p, hash, policy_check_flake);
}

const char *mount_find(const struct policy *p, const char *hash)
{
    return find_named(p, hash, policy_check_mount);
}

static int check_generation(const struct root_request *r, const struct policy *p, struct err *e)
{
    char number[16];
    if (r->reboot && policy_check(p, command_verb_name(COMMAND_MACHINE_REBOOT), "", e) < 0)
        return -EACCES;
    snprintf(number, sizeof number, "%u", r->generation);
    return r->generation ? policy_check(p, command_verb_name(COMMAND_GENERATION_SWITCH), number, e)
                         : policy_check(p, command_verb_name(COMMAND_GENERATION_ROLLBACK), "", e);
}

static int check_container(const struct root_request *r, const struct policy *p, struct err *e)
{
    AUTO(mem_freep) char *target = mem_printf("docker/%s", r->name);
    return policy_check(p, command_verb_name(COMMAND_CONTAINER_TRUNCATE_LOG), target, e);
}

int root_request_check(const struct root_request *r, const struct policy *p, struct err *e)
{
    switch (r->verb) {
    case ROOT_PLAN:
    case ROOT_SWITCH:
        return check_generation(r, p, e);
    case ROOT_REBUILD:
        if (!flake_find(p, r->hash))
            return err_set(e, -EACCES, "The policy of this node names no such flake.");
        return r->reboot ? policy_check(p, command_verb_name(COMMAND_MACHINE_REBOOT), "", e) : 0;
    case ROOT_COLLECT:
        return policy_check(p, command_verb_name(COMMAND_GENERATION_COLLECT), "", e);
    case ROOT_CONFIRM:
    case ROOT_SETTLE:
    case ROOT_DISKS:
    case ROOT_LOGS:
        return 0;
    case ROOT_REMOUNT:
        return mount_find(p, r->hash)
                   ? 0
                   : err_set(e, -EACCES, "The policy of this node names no such mount.");
    case ROOT_VACUUM:
        return policy_check(p, command_verb_name(COMMAND_JOURNAL_VACUUM), "", e);
    case ROOT_EMPTY:
        return check_container(r, p, e);
    case ROOT_VERBS:
        break;
    }
    return -EINVAL;
}
/* --- answers --- */

static const char *const answer_states[] = {
    [ROOT_RUNNING] = "running",
    [ROOT_DONE] = "done",
    [ROOT_REFUSED] = "refused",
    [ROOT_FAILED] = "failed",
};

const char *root_answer_state_name(enum root_answer_state s)
{
    return answer_states[s];
}

char *root_answer_file(const struct root_request *r)
{
    return mem_printf("%s/%s%s", ROOT_ANSWERS, r->verb == ROOT_CONFIRM ? "confirm-" : "",
                      *r->id ? r->id : "settle");
}

void root_answer_done(struct root_answer *a)
{
    mem_free(a->text);
    mem_free(a->output);
    *a = (struct root_answer){0};
}

void root_answer_print(enum root_answer_state s, const char *text, const char *output,
                       struct str *out)
{
    str_addf(out, "%s\n", answer_states[s]);
    for (; *text; text++)
        str_add_char(out, (unsigned char)*text < 0x20 ? ' ' : *text);
    str_addf(out, "\n%s", output ? output : "");
}

int root_answer_parse(const char *text, size_t len, struct root_answer *ret_a)
{
    AUTO(mem_freep) char *copy = mem_strndup(text, len);
    char *rest = copy, *word = strsep(&rest, "\n");
    char *sentence = rest ? strsep(&rest, "\n") : NULL;
    for (unsigned s = 0; rest && s < COUNT_OF(answer_states); s++)
        if (str_eq(word, answer_states[s])) {
            *ret_a = (struct root_answer){.state = (enum root_answer_state)s,
                                          .text = str_mend_utf8(mem_strdup(sentence)),
                                          .output = str_mend_utf8(mem_strdup(rest))};
            return 0;
        }
    return -EINVAL;
}

int root_answer_read(const char *file, struct root_answer *ret_a)
{
    AUTO(str_done) struct str text = {0};
    int r = rooted_read("", file, LIMIT_ROOT_ANSWER, &text);
    return r < 0 ? r : root_answer_parse(text.p, text.len, ret_a);
}
