/* hydrad node …: the nodes with agents of their own, beside a running server or without one. */
#include "hub/commands-private.h"

#include "access/fleet.h"
#include "api/enrolment.h"
#include "base/clock.h"
#include "hub/database.h"
#include "hub/hosts.h"

#include <stdio.h>
#include <unistd.h>

struct yard {
    struct store *store;
    struct db *db;
    struct fleet *fleet;
    struct err e;
};

static int open_yard(const struct config *c, struct yard *y)
{
    int r = database_open(c, &y->e, &y->store);
    if (r >= 0)
        r = fleet_new(y->store, c->value[SETTING_DATA], NULL, &y->e, &y->fleet);
    return r < 0 ? r : store_take(y->store, &y->e, &y->db);
}

static int close_yard(struct yard *y, int r)
{
    store_give(y->db);
    fleet_free(y->fleet);
    store_close(y->store);
    return r < 0 ? command_fail(&y->e, r) : 0;
}

/* --- add --- */

static int read_ttl(const struct config *c, int64_t *ret_ms, struct err *e)
{
    const char *text = config_option(c, "ttl");
    *ret_ms = 0;
    if (text && (clock_parse_duration(text, ret_ms) < 0 || *ret_ms <= 0))
        return err_set(e, -EINVAL, "--ttl is a duration such as 15m or 2h, not \"%s\".", text);
    return 0;
}

/* The address that the token names is the running server's to say, unless another one is named
 * here. */
static int find_address(const struct config *c, const struct running *server, char *ret_address,
                        size_t size, struct err *e)
{
    bool named = c->source[SETTING_AGENTS_ADDRESS] == FROM_COMMAND_LINE;
    const char *agents = server ? server->agents : c->value[SETTING_AGENTS];
    if (!*agents || str_eq(agents, "none"))
        return enrolment_kept_out(e);
    if (server && !named)
        str_copy(ret_address, size, server->agents);
    else
        hosts_agents_address(agents, c->value[SETTING_AGENTS_ADDRESS], ret_address, size);
    return 0;
}

static const char *called(const char *database)
{
    return *database ? database : "its data folder";
}

/* A token in another database than the running server's is one that it never hears of. */
static int check_database(const struct config *c, const struct running *server, struct err *e)
{
    AUTO(mem_freep) char *database = data_folder_database(c);
    if (str_eq(database, server->database))
        return 0;
    return err_set(
        e, -EINVAL,
        "The hydrad that runs here (process %d) keeps its nodes in %.300s; this would "
        "make a token in %.300s, which it never hears of. Say --database (or --config) as "
        "it was started with.",
        server->pid, called(server->database), called(database));
}

static void print_token(struct fleet *f, const struct enrolment *n, const char *secret,
                        const char *address)
{
    char age[CLOCK_AGE_SIZE];
    struct str token = {0};
    enrolment_token(f, secret, address, &token);
    fprintf(stderr,
            "Let %s in within %s, once. On that machine, as root:\n"
            "hydra-agent enroll TOKEN --state /var/lib/hydra-agent\n",
            n->node, clock_age(n->expires_ms - n->created_ms, age));
    printf("%s\n", str_text(&token));
    str_done(&token);
}

int command_node_add(const struct config *c)
{
    char own[128], address[256], secret[33];
    struct enrolment_request q = {.node = command_word(c, 2),
                                  .reserved = own,
                                  .replaces = config_option(c, "replace") != NULL};
    struct enrolment n;
    struct yard y = {0};
    struct running server;
    if (!q.node)
        return command_usage("node add NAME [--ttl 15m] [--replace]");
    bool runs = data_folder_running(c, &server);
    if (runs)
        str_copy(own, sizeof own, server.node);
    else
        hosts_node_id(c->value[SETTING_NODE], own, sizeof own);
    int r = read_ttl(c, &q.ttl_ms, &y.e);
    if (r >= 0 && runs)
        r = check_database(c, &server, &y.e);
    if (r >= 0)
        r = find_address(c, runs ? &server : NULL, address, sizeof address, &y.e);
    if (r >= 0)
        r = open_yard(c, &y);
    struct actor by = command_actor();
    if (r >= 0)
        r = fleet_enrolment_add(y.fleet, y.db, &by, &q, &y.e, secret, &n);
    if (r == -EEXIST)
        err_set(&y.e, r,
                "There is a node called %s already. Choose another name, or let the new machine "
                "take its place: --replace.",
                q.node);
    if (r >= 0)
        print_token(y.fleet, &n, secret, address);
    if (r >= 0 && !runs)
        fprintf(
            stderr,
            "No hydrad runs on %s now: the token counts once one does. One that runs on another "
            "folder does not know it (--data).\n",
            c->value[SETTING_DATA]);
    return close_yard(&y, r);
}

/* --- list --- */

static const char *ago(int64_t since_ms, int64_t now, char age[CLOCK_AGE_SIZE])
{
    return since_ms ? clock_age(now > since_ms ? now - since_ms : 0, age) : "never";
}

static void print_line(const char *node, const char *state, const char *address, const char *agent,
                       const char *seen)
{
    printf("%-24s %-9s %-24s %-10s %s\n", node, state, *address ? address : "-",
           *agent ? agent : "-", seen);
}

static void print_waiting(struct fleet *f, int64_t now)
{
    AUTO(mem_freep) struct enrolment *list = NULL;
    size_t n = fleet_enrolments(f, &list);
    for (size_t i = 0; i < n; i++)
        if (enrolment_state_at(&list[i], now) == ENROLMENT_WAITING)
            print_line(list[i].node, "waiting", "", "", list[i].trouble);
}

static void print_nodes(struct fleet *f)
{
    AUTO(mem_freep) struct fleet_node *list = NULL;
    char age[CLOCK_AGE_SIZE];
    int64_t now = clock_wall_ms();
    size_t n = fleet_nodes(f, &list);
    print_line("NODE", "STATE", "ADDRESS", "AGENT", "SEEN");
    for (size_t i = 0; i < n; i++)
        print_line(list[i].id, list[i].until_ms > now ? "enrolled" : "expired", list[i].address,
                   list[i].agent_version, ago(list[i].seen_ms, now, age));
    print_waiting(f, now);
}

int command_node_list(const struct config *c)
{
    struct yard y = {0};
    int r = open_yard(c, &y);
    if (r >= 0)
        print_nodes(y.fleet);
    return close_yard(&y, r);
}

/* --- rm, reset --- */

int command_node_rm(const struct config *c)
{
    const char *name = command_word(c, 2);
    char id[AUTHORITY_NODE_SIZE];
    struct yard y = {0};
    if (!name)
        return command_usage("node rm NAME");
    int r = fleet_node_check(name, &y.e, id);
    if (r >= 0)
        r = open_yard(c, &y);
    struct actor by = command_actor();
    if (r >= 0)
        r = fleet_node_remove(y.fleet, y.db, &by, id, &y.e);
    return close_yard(&y, r);
}

/* Without opening the keys: they may be what is lost. */
int command_node_reset(const struct config *c)
{
    struct yard y = {0};
    int r = data_folder_make(c, &y.e), lock = -1;
    if (r >= 0)
        r = lock = data_folder_lock(c, &y.e);
    if (r >= 0)
        r = database_open(c, &y.e, &y.store);
    if (r >= 0)
        r = store_take(y.store, &y.e, &y.db);
    struct actor by = command_actor();
    if (r >= 0)
        r = fleet_reset(y.db, &by, &y.e);
    if (r >= 0)
        printf("Forgot %d node%s. Start hydrad, and add each again.\n", r, r == 1 ? "" : "s");
    if (lock >= 0)
        close(lock);
    return close_yard(&y, r);
}

/* --- the hub's keys --- */

static void print_rotation(const struct fleet_rotation *k)
{
    char until[CLOCK_RFC3339_SIZE], begun[CLOCK_RFC3339_SIZE];
    printf("present  %s\n", k->present);
    if (!k->under_way)
        return;
    printf("next     %s\n", k->next);
    printf("begun    %s\n", clock_rfc3339(k->begun_ms, begun));
    printf("known by %zu of %zu nodes\n", k->nodes - k->missing.n, k->nodes);
    for (size_t i = 0; i < k->missing.n; i++)
        printf("missing  %s\n", k->missing.v[i]);
    printf("in place once all know it and no token waits, at the latest %s\n",
           clock_rfc3339(k->until_ms, until));
}

int command_keys_list(const struct config *c)
{
    struct fleet_rotation k = {0};
    struct yard y = {0};
    int r = open_yard(c, &y);
    if (r >= 0) {
        fleet_rotation(y.fleet, &k);
        print_rotation(&k);
        fleet_rotation_done(&k);
    }
    return close_yard(&y, r);
}

int command_keys_rotate(const struct config *c)
{
    const char *text = config_option(c, "within");
    int64_t within = FLEET_ROTATION_MS;
    struct yard y = {0};
    int r =
        text && clock_parse_duration(text, &within) < 0
            ? err_set(&y.e, -EINVAL, "--within is a duration such as 1h or 7d, not \"%s\".", text)
            : 0;
    if (r >= 0)
        r = open_yard(c, &y);
    struct actor by = command_actor();
    if (r >= 0)
        r = fleet_rotate(y.fleet, y.db, &by, within, &y.e);
    if (r >= 0) {
        struct fleet_rotation k = {0};
        fleet_rotation(y.fleet, &k);
        print_rotation(&k);
        fleet_rotation_done(&k);
    }
    return close_yard(&y, r);
}
