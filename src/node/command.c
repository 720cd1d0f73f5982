#include "node/command.h"

#include <assert.h>
#include <string.h>

static const char *const verbs[COMMAND_COUNT] = {
    [COMMAND_UNIT_START] = "unit.start",
    [COMMAND_UNIT_STOP] = "unit.stop",
    [COMMAND_UNIT_RESTART] = "unit.restart",
    [COMMAND_UNIT_RELOAD] = "unit.reload",
    [COMMAND_UNIT_RESET_FAILED] = "unit.reset-failed",
    [COMMAND_UNIT_MASK] = "unit.mask",
    [COMMAND_UNIT_UNMASK] = "unit.unmask",
    [COMMAND_CONTAINER_START] = "container.start",
    [COMMAND_CONTAINER_STOP] = "container.stop",
    [COMMAND_CONTAINER_RESTART] = "container.restart",
    [COMMAND_CONTAINER_PAUSE] = "container.pause",
    [COMMAND_CONTAINER_UNPAUSE] = "container.unpause",
    [COMMAND_CONTAINER_KILL] = "container.kill",
    [COMMAND_CONTAINER_RENAME] = "container.rename",
    [COMMAND_CONTAINER_REMOVE] = "container.remove",
    [COMMAND_CONTAINER_UPDATE] = "container.update",
    [COMMAND_CONTAINER_CONNECT] = "container.connect",
    [COMMAND_CONTAINER_DISCONNECT] = "container.disconnect",
    [COMMAND_CONTAINER_TRUNCATE_LOG] = "container.truncate-log",
    [COMMAND_PROJECT_UP] = "project.up",
    [COMMAND_PROJECT_DOWN] = "project.down",
    [COMMAND_PROJECT_RESTART] = "project.restart",
    [COMMAND_PROJECT_PULL] = "project.pull",
    [COMMAND_PROCESS_SIGNAL] = "process.signal",
    [COMMAND_MACHINE_REBOOT] = "machine.reboot",
    [COMMAND_MACHINE_POWER_OFF] = "machine.power-off",
    [COMMAND_GENERATION_SWITCH] = "generation.switch",
    [COMMAND_GENERATION_ROLLBACK] = "generation.rollback",
    [COMMAND_GENERATION_REBUILD] = "generation.rebuild",
    [COMMAND_GENERATION_COLLECT] = "generation.collect",
    [COMMAND_GENERATION_CONFIRM] = "generation.confirm",
    [COMMAND_DOCKER_PRUNE] = "docker.prune",
    [COMMAND_AGENT_UPGRADE] = "agent.upgrade",
    [COMMAND_MACHINE_WAKE] = "machine.wake",
    [COMMAND_MOUNT_REMOUNT] = "mount.remount",
    [COMMAND_MACHINE_POWER] = "machine.power",
    [COMMAND_JOURNAL_VACUUM] = "journal.vacuum",
};

const char *command_verb_name(enum command_verb v)
{
    assert((unsigned)v < COMMAND_COUNT);
    return verbs[v];
}

const char *const command_prune_words[COMMAND_PRUNE_WORDS] = {
    "containers", "networks", "images", "volumes", "named-volumes", "build-cache"};

static bool is_prune_word(const char *word)
{
    for (size_t i = 0; i < COMMAND_PRUNE_WORDS; i++)
        if (str_eq(word, command_prune_words[i]))
            return true;
    return false;
}

int command_check_prune(const char *argument, struct err *e)
{
    AUTO(str_list_done) struct str_list list = {0};
    str_list_split(&list, argument, ',');
    for (size_t i = 0; i < list.n; i++)
        if (!is_prune_word(list.v[i]))
            return err_set(e, -EINVAL,
                           "\"%.60s\" can't be removed: say containers, networks, images, volumes, "
                           "named-volumes or build-cache, with commas between.",
                           list.v[i]);
    return 0;
}

bool vacuum_is_valid(const struct vacuum *v)
{
    bool size = v->bytes >= VACUUM_MIN_BYTES && v->bytes <= VACUUM_MAX_BYTES;
    bool age = v->seconds >= VACUUM_MIN_S && v->seconds <= VACUUM_MAX_S;
    return (size || !v->bytes) && (age || !v->seconds) && (v->bytes || v->seconds);
}

static bool read_vacuum_word(const char *word, struct vacuum *v)
{
    static const char size[] = "size:", age[] = "age:";
    bool is_size = str_starts(word, size);
    uint64_t *n = is_size ? &v->bytes : &v->seconds;
    if (!is_size && !str_starts(word, age))
        return false;
    return !*n && str_to_u64(word + strlen(is_size ? size : age), n) >= 0 && *n;
}

int command_read_vacuum(const char *argument, struct err *e, struct vacuum *ret_v)
{
    AUTO(str_list_done) struct str_list words = {0};
    struct vacuum v = {0};
    bool good = true;
    str_list_split(&words, argument, ' ');
    for (size_t i = 0; good && i < words.n; i++)
        good = read_vacuum_word(words.v[i], &v);
    if (!good || !vacuum_is_valid(&v))
        return err_set(e, -EINVAL,
                       "Say what of the journal stays: size:BYTES, from 1048576 on, age:SECONDS, "
                       "from 3600 on, or both with a blank between.");
    *ret_v = v;
    return 0;
}

int command_read_generation(const char *text, unsigned *ret_generation, struct err *e)
{
    uint64_t n;
    if (str_to_u64(text, &n) < 0 || n == 0 || n > INT32_MAX)
        return err_set(e, -EINVAL, "\"%.60s\" is no generation: say its number, such as 42.", text);
    *ret_generation = (unsigned)n;
    return 0;
}

int command_verb_parse(const char *name, enum command_verb *ret_v)
{
    for (unsigned v = 0; v < COMMAND_COUNT; v++) {
        if (str_eq(name, verbs[v])) {
            *ret_v = (enum command_verb)v;
            return 0;
        }
    }
    return -ENOENT;
}

void command_done(struct command *c)
{
    mem_free(c->user);
    mem_free(c->target);
    mem_free(c->argument);
    if (c->secret)
        explicit_bzero(c->secret, strlen(c->secret));
    mem_free(c->secret);
}

void command_copy(struct command *to, const struct command *from)
{
    *to = *from;
    to->user = mem_strdup(from->user);
    to->target = mem_strdup(from->target);
    to->argument = mem_strdup(from->argument);
    to->secret = mem_strdup(from->secret);
}

const char *outcome_state_name(enum outcome_state s)
{
    static const char *const names[] = {"running", "done", "failed", "refused", "unknown"};
    return names[s];
}

void command_outcome_free(struct command_outcome *o)
{
    if (!o)
        return;
    mem_free(o->step);
    mem_free(o->text);
    mem_free(o->output);
    mem_free(o);
}
