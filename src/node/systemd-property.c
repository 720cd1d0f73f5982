/* The properties of a unit, out of D-Bus messages: one table. */
#include "node/systemd-private.h"

#include "node/mask.h"

#include <errno.h>

enum property_kind {
    PROPERTY_TEXT,
    PROPERTY_U32,
    PROPERTY_I32,
    PROPERTY_U64,
    PROPERTY_BOOL,
    PROPERTY_LIST, /* names are appended */
    PROPERTY_INVOCATION,
    PROPERTY_JOB,
    PROPERTY_COMMAND,
    PROPERTY_LISTEN,
};

#define MEMBER(m) offsetof(struct unit, m)
static const struct property {
    const char *name, *type;
    enum property_kind kind;
    size_t at;
} properties[] = {
    {"Description", "s", PROPERTY_TEXT, MEMBER(description)},
    {"LoadState", "s", PROPERTY_TEXT, MEMBER(load)},
    {"ActiveState", "s", PROPERTY_TEXT, MEMBER(active)},
    {"SubState", "s", PROPERTY_TEXT, MEMBER(sub)},
    {"UnitFileState", "s", PROPERTY_TEXT, MEMBER(file_state)},
    {"FragmentPath", "s", PROPERTY_TEXT, MEMBER(fragment)},
    {"Result", "s", PROPERTY_TEXT, MEMBER(result)},
    {"Type", "s", PROPERTY_TEXT, MEMBER(service_type)},
    {"ControlGroup", "s", PROPERTY_TEXT, MEMBER(cgroup)},
    {"StatusText", "s", PROPERTY_TEXT, MEMBER(status_text)},
    {"Requires", "as", PROPERTY_LIST, MEMBER(requires)},
    {"Requisite", "as", PROPERTY_LIST, MEMBER(requires)},
    {"BindsTo", "as", PROPERTY_LIST, MEMBER(requires)},
    {"Wants", "as", PROPERTY_LIST, MEMBER(wants)},
    {"After", "as", PROPERTY_LIST, MEMBER(after)},
    {"Triggers", "as", PROPERTY_LIST, MEMBER(triggers)},
    {"ActiveEnterTimestamp", "t", PROPERTY_U64, MEMBER(active_us)},
    {"InactiveEnterTimestamp", "t", PROPERTY_U64, MEMBER(inactive_us)},
    {"ExecMainStartTimestamp", "t", PROPERTY_U64, MEMBER(main_start_us)},
    {"ExecMainExitTimestamp", "t", PROPERTY_U64, MEMBER(main_exit_us)},
    {"NRestarts", "u", PROPERTY_U32, MEMBER(restarts)},
    {"MainPID", "u", PROPERTY_U32, MEMBER(main_pid)},
    {"ExecMainCode", "i", PROPERTY_I32, MEMBER(exit_code)},
    {"ExecMainStatus", "i", PROPERTY_I32, MEMBER(exit_status)},
    {"ConditionTimestamp", "t", PROPERTY_U64, MEMBER(condition_us)},
    {"ConditionResult", "b", PROPERTY_BOOL, MEMBER(condition)},
    {"InvocationID", "ay", PROPERTY_INVOCATION, 0},
    {"Job", "(uo)", PROPERTY_JOB, 0},
    {"ExecStart", "a(sasbttttuii)", PROPERTY_COMMAND, 0},
    {"Listen", "a(ss)", PROPERTY_LISTEN, 0},
};

static int read_list(sd_bus_message *m, struct str_list *l)
{
    const char *name;
    int r = sd_bus_message_enter_container(m, 'a', "s");
    while (r >= 0 && (r = sd_bus_message_read(m, "s", &name)) > 0)
        str_list_add(l, name);
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_invocation(sd_bus_message *m, struct unit *u)
{
    const void *bytes;
    size_t n;
    int r = sd_bus_message_read_array(m, 'y', &bytes, &n);
    if (r < 0)
        return r;
    *u->invocation = 0;
    if (n == 16)
        str_hex(bytes, n, u->invocation);
    return 0;
}

static int read_job(sd_bus_message *m, struct unit *u)
{
    const char *path;
    return sd_bus_message_read(m, "(uo)", &u->job, &path);
}

/* The arguments of the first command, joined. */
static int read_command(sd_bus_message *m, struct unit *u)
{
    struct str args = {0};
    const char *arg;
    int r = sd_bus_message_enter_container(m, 'a', "(sasbttttuii)");
    bool first = true;
    while (r >= 0 && (r = sd_bus_message_enter_container(m, 'r', "sasbttttuii")) > 0) {
        r = sd_bus_message_read(m, "s", &arg);
        if (r >= 0)
            r = sd_bus_message_enter_container(m, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read(m, "s", &arg)) > 0)
            if (first && args.len < COMMAND_MAX)
                str_add_n(&args, arg, strlen(arg) + 1);
        first = false;
        if (r >= 0)
            r = sd_bus_message_exit_container(m);
        if (r >= 0)
            r = sd_bus_message_skip(m, "bttttuii");
        if (r >= 0)
            r = sd_bus_message_exit_container(m);
    }
    char command[COMMAND_MAX] = "";
    if (args.len)
        command_mask(args.p, args.len, command);
    mem_set_str(&u->command, *command ? command : NULL);
    str_done(&args);
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* "[::]:22", "127.0.0.1:631", "22"; paths and the like have no port. */
static void add_listen(struct unit *u, const char *kind, const char *address)
{
    bool udp = str_eq(kind, "Datagram");
    const char *colon = strrchr(address, ':');
    uint64_t port;
    if ((!udp && !str_eq(kind, "Stream")) || *address == '/' || *address == '@' ||
        u->ports.n >= LIMIT_UNIT_PORTS)
        return;
    if (str_to_u64(colon ? colon + 1 : address, &port) == 0 && port > 0 && port <= UINT16_MAX)
        *vec_add(&u->ports) = (struct unit_port){.port = (uint16_t)port, .udp = udp};
}

static int read_listen(sd_bus_message *m, struct unit *u)
{
    const char *kind, *address;
    int r = sd_bus_message_enter_container(m, 'a', "(ss)");
    u->ports.n = 0;
    while (r >= 0 && (r = sd_bus_message_read(m, "(ss)", &kind, &address)) > 0)
        add_listen(u, kind, address);
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_text(sd_bus_message *m, char **p)
{
    const char *s;
    int r = sd_bus_message_read(m, "s", &s);
    if (r >= 0)
        mem_set_str(p, s);
    return r;
}

static int read_bool(sd_bus_message *m, bool *p)
{
    int v, r = sd_bus_message_read(m, "b", &v);
    if (r >= 0)
        *p = v;
    return r;
}

static int read_value(struct unit *u, sd_bus_message *m, const struct property *p)
{
    void *at = (char *)u + p->at;
    switch (p->kind) {
    case PROPERTY_TEXT:
        return read_text(m, at);
    case PROPERTY_U32:
    case PROPERTY_I32:
    case PROPERTY_U64:
        return sd_bus_message_read_basic(m, *p->type, at);
    case PROPERTY_BOOL:
        return read_bool(m, at);
    case PROPERTY_LIST:
        return read_list(m, at);
    case PROPERTY_INVOCATION:
        return read_invocation(m, u);
    case PROPERTY_JOB:
        return read_job(m, u);
    case PROPERTY_COMMAND:
        return read_command(m, u);
    case PROPERTY_LISTEN:
        return read_listen(m, u);
    }
    return -EINVAL;
}

static const struct property *find_property(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(properties); i++)
        if (str_eq(properties[i].name, name))
            return &properties[i];
    return NULL;
}

static int read_one(struct unit *u, sd_bus_message *m)
{
    const char *name;
    int r = sd_bus_message_read(m, "s", &name);
    const struct property *p = r >= 0 ? find_property(name) : NULL;
    if (r < 0 || !p)
        return r < 0 ? r : sd_bus_message_skip(m, "v");
    r = sd_bus_message_enter_container(m, 'v', p->type);
    if (r == -ENXIO) /* of another type than we know it */
        return sd_bus_message_skip(m, "v");
    if (r >= 0)
        r = read_value(u, m, p);
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* A job while it goes down means that it was asked to; coming up starts the story anew. */
static void note_asked(struct unit *u)
{
    if (u->job && (str_eq(u->active, "active") || str_eq(u->active, "deactivating")))
        u->asked = true;
    else if (!u->job && (str_eq(u->active, "active") || str_eq(u->active, "activating")))
        u->asked = false;
}

void unit_forget_lists(struct unit *u)
{
    struct str_list *lists[] = {&u->requires, &u->wants, &u->after, &u->triggers};
    for (size_t i = 0; i < COUNT_OF(lists); i++)
        str_list_done(lists[i]);
}

int unit_read_properties(struct unit *u, sd_bus_message *m)
{
    int r = sd_bus_message_enter_container(m, 'a', "{sv}");
    while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
        r = read_one(u, m);
        if (r >= 0)
            r = sd_bus_message_exit_container(m);
    }
    if (r >= 0)
        r = sd_bus_message_exit_container(m);
    note_asked(u);
    u->dirty = true;
    return r < 0 ? r : 0;
}
