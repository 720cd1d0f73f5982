/* Tokens that let machines become nodes, and the machines that come with them. */
#include "access/fleet-private.h"

#include "base/json.h"
#include "base/log.h"
#include "base/rand.h"

#include <ctype.h>
#include <sodium.h>

enum { SECRET_BYTES = 16, SECRET_TEXT_SIZE = 2 * SECRET_BYTES + 1 };

void fleet_clean(char *dst, size_t size, const char *said)
{
    size_t n = 0;
    for (; said && *said && n + 1 < size; said++)
        if (*said > ' ' && *said < 0x7f)
            dst[n++] = *said;
    dst[n] = 0;
}

int fleet_node_check(const char *name, struct err *e, char ret_id[AUTHORITY_NODE_SIZE])
{
    char id[AUTHORITY_NODE_SIZE];
    size_t n = strlen(name);
    bool ok = n && n < sizeof id;
    for (size_t i = 0; ok && i < n; i++) {
        unsigned char c = (unsigned char)name[i];
        bool inside = i && i + 1 < n && (c == '.' || c == '-');
        ok = c < 0x80 && (isalnum(c) || inside);
        id[i] = (char)tolower(c);
    }
    if (!ok)
        return err_set(
            e, -EINVAL,
            "The name of a node has letters, digits, dots and hyphens, a letter or digit "
            "first and last, at most %d in all: such as tower or nas-2.",
            AUTHORITY_NODE_SIZE - 1);
    id[n] = 0;
    str_copy(ret_id, sizeof id, id);
    return 0;
}

/* --- a token is made --- */

static int check_request(const struct enrolment_request *q, struct err *e,
                         char ret_id[AUTHORITY_NODE_SIZE])
{
    int r = err_field(e, fleet_node_check(q->node, e, ret_id), "node");
    if (r < 0)
        return r;
    if (q->reserved && str_eq(ret_id, q->reserved))
        return err_field(e,
                         err_set(e, -EINVAL,
                                 "%s is the machine that Hydra itself runs on: it is watched "
                                 "already and needs no agent.",
                                 ret_id),
                         "node");
    if (q->ttl_ms && (q->ttl_ms < FLEET_ENROLMENT_MIN_MS || q->ttl_ms > LIMIT_ENROLMENT_MS))
        return err_field(e, err_set(e, -EINVAL, "A token counts for 1 minute to 7 days."), "ttl_s");
    return 0;
}

/* 1 = there is one. */
static int has_node(struct db *db, const char *id, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e, "SELECT id FROM nodes WHERE id = $1", &rows, "s", id);
    return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

static int check_room_waiting(struct db *db, int64_t now, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r =
        db_query_one(db, e, "SELECT count(*) FROM enrolments WHERE used_ms = 0 AND expires_ms > $1",
                     &rows, "i", now);
    if (r >= 0 && rows_int(rows, 0) >= LIMIT_ENROLMENTS_WAITING)
        return err_set(e, -EBUSY, "%d tokens wait for their machines. Remove some first.",
                       LIMIT_ENROLMENTS_WAITING);
    return r;
}

static int check_room(struct db *db, struct err *e)
{
    int64_t nodes = 0;
    int r = fleet_count(db, "SELECT count(*) FROM nodes", &nodes, e);
    if (r >= 0 && nodes >= LIMIT_FLEET_NODES)
        return err_set(e, -EBUSY, "There are %d nodes, as many as Hydra takes. Remove some first.",
                       LIMIT_FLEET_NODES);
    return r;
}

static int record_enrolment(struct db *db, const struct actor *by, const char *action,
                            const struct enrolment *n, struct err *e)
{
    struct str detail = {0};
    struct jw w = jw_begin(&detail);
    jw_object(&w);
    jw_key_str(&w, "enrolment", n->id);
    jw_key_time(&w, "expires", n->expires_ms);
    jw_key_bool(&w, "replaces", n->replaces);
    jw_end_object(&w);
    int r = change_record(db, by, action, n->node, str_text(&detail), e);
    str_done(&detail);
    return r;
}

static int add_inside(struct db *db, const struct actor *by, const struct enrolment *n,
                      const char *secret, struct err *e)
{
    char hash[SECRET_HASH_SIZE];
    int r = n->replaces ? 0 : has_node(db, n->node, e);
    if (r > 0)
        return err_field(e,
                         err_set(e, -EEXIST,
                                 "There is a node called %s already. Choose another name, or say "
                                 "that the new machine takes its place.",
                                 n->node),
                         "node");
    if (r >= 0)
        r = db_exec(db, e, "DELETE FROM enrolments WHERE node = $1 AND used_ms = 0", "s", n->node);
    if (r >= 0)
        r = check_room_waiting(db, by->now_ms, e);
    if (r >= 0)
        r = check_room(db, e);
    if (r < 0)
        return r;
    secret_digest(secret, hash);
    r = db_exec(db, e,
                "INSERT INTO enrolments (id, node, secret_hash, replaces, created_by, created_ms, "
                "expires_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                "sssisii", n->id, n->node, hash, (int64_t)n->replaces, n->created_by, n->created_ms,
                n->expires_ms);
    return r < 0 ? r : record_enrolment(db, by, "node.enrolment", n, e);
}

int fleet_enrolment_add(struct fleet *f, struct db *db, const struct actor *by,
                        const struct enrolment_request *q, struct err *e, char ret_secret[33],
                        struct enrolment *ret_n)
{
    unsigned char bytes[SECRET_BYTES];
    char id[RAND_ID_SIZE], secret[SECRET_TEXT_SIZE];
    struct enrolment n = {.replaces = q->replaces, .created_ms = by->now_ms};
    int r = check_request(q, e, n.node);
    if (r < 0)
        return r;
    n.expires_ms = by->now_ms + (q->ttl_ms ? q->ttl_ms : FLEET_ENROLMENT_MS);
    str_copy(n.id, sizeof n.id, rand_id(id));
    str_copy(n.created_by, sizeof n.created_by, by->name);
    randombytes_buf(bytes, sizeof bytes);
    str_hex(bytes, sizeof bytes, secret);
    r = fleet_begin(db, by->now_ms, e);
    if (r >= 0)
        r = fleet_end(f, db, add_inside(db, by, &n, secret, e), e);
    if (r < 0)
        return r;
    str_copy(ret_secret, sizeof secret, secret);
    *ret_n = n;
    return 0;
}

/* --- a token is removed --- */

static int remove_inside(struct db *db, const struct actor *by, const char *id, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    struct enrolment n = {0};
    int r = db_query_one(db, e, "SELECT node, expires_ms, replaces FROM enrolments WHERE id = $1",
                         &rows, "s", id);
    if (r == -ENOENT)
        return err_set(e, r, "There is no such token; it may have been removed already.");
    if (r < 0)
        return r;
    str_copy(n.id, sizeof n.id, id);
    str_copy(n.node, sizeof n.node, rows_text(rows, 0));
    n.expires_ms = rows_int(rows, 1);
    n.replaces = rows_int(rows, 2) != 0;
    r = db_exec(db, e, "DELETE FROM enrolments WHERE id = $1", "s", id);
    return r < 0 ? r : record_enrolment(db, by, "node.enrolment.remove", &n, e);
}

int fleet_enrolment_remove(struct fleet *f, struct db *db, const struct actor *by, const char *id,
                           struct err *e)
{
    int r = fleet_begin(db, by->now_ms, e);
    return r < 0 ? r : fleet_end(f, db, remove_inside(db, by, id, e), e);
}

/* --- a machine comes --- */

struct enrolling {
    const struct enrol_claim *claim;
    int64_t now_ms;
    struct enrolment token;            /* .id "" = unknown */
    char again[AUTHORITY_SERIAL_SIZE]; /* what it got for the same key already; "" = nothing */
    char hostname[64], machine_id[64], agent_version[32], address[64];
    struct str certificate;
    struct identity identity;
};

static int find_token(struct db *db, struct enrolling *n, struct err *e)
{
    char hash[SECRET_HASH_SIZE];
    AUTO(rows_freep) struct rows *rows = NULL;
    secret_digest(n->claim->secret, hash);
    int r = db_query_one(db, e,
                         "SELECT id, node, replaces, expires_ms, used_ms FROM enrolments "
                         "WHERE secret_hash = $1",
                         &rows, "s", hash);
    if (r < 0)
        return r;
    str_copy(n->token.id, sizeof n->token.id, rows_text(rows, 0));
    str_copy(n->token.node, sizeof n->token.node, rows_text(rows, 1));
    n->token.replaces = rows_int(rows, 2) != 0;
    n->token.expires_ms = rows_int(rows, 3);
    n->token.used_ms = rows_int(rows, 4);
    return 0;
}

/* The answer was lost: the machine comes again, with the key that has become the node. */
static int find_again(struct db *db, struct enrolling *n, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    char key[2 * AUTHORITY_KEY_SIZE + 1];
    str_hex(n->claim->public_key, AUTHORITY_KEY_SIZE, key);
    int r = db_query_one(db, e,
                         "SELECT serial FROM nodes WHERE id = $1 AND public_key = $2 AND "
                         "next_serial = ''",
                         &rows, "ss", n->token.node, key);
    if (r >= 0)
        str_copy(n->again, sizeof n->again, rows_text(rows, 0));
    return r == -ENOENT ? 0 : r;
}

static int check_token(struct db *db, struct enrolling *n, struct err *e)
{
    const struct enrol_claim *c = n->claim;
    struct enrolment *t = &n->token;
    int r = find_token(db, n, e);
    if (r == -ENOENT)
        return err_set(e, -EACCES,
                       "Hydra does not know this token. It was removed, a newer one took its "
                       "place, or it was used long ago: make a new one.");
    if (r < 0)
        return r;
    enum enrolment_state state = enrolment_state_at(t, n->now_ms);
    if (state == ENROLMENT_USED && t->expires_ms > n->now_ms)
        r = find_again(db, n, e);
    if (r < 0)
        return r;
    if (state != ENROLMENT_WAITING && !*n->again)
        return err_set(e, -EACCES,
                       state == ENROLMENT_USED
                           ? "The token for %s was used already: it works once. Make a new one."
                           : "The token for %s has expired. Make a new one.",
                       t->node);
    if (!authority_is_proof(c->public_key, c->token, strlen(c->token), c->proof, c->proof_len))
        return err_set(e, -EBADMSG,
                       "The machine did not prove that the key it showed is its own. Bring its "
                       "agent up to date and try again.");
    return 0;
}

static int check_place(struct db *db, const struct enrolling *n, struct err *e)
{
    int r = has_node(db, n->token.node, e);
    if (r > 0 && !n->token.replaces)
        return err_set(e, -EACCES,
                       "There is a node called %s by now. Make a token with another name, or one "
                       "that replaces it.",
                       n->token.node);
    return r > 0 ? 0 : r < 0 ? r : check_room(db, e);
}

static int put_node(struct db *db, const struct enrolling *n, struct err *e)
{
    char key[2 * AUTHORITY_KEY_SIZE + 1];
    str_hex(n->claim->public_key, AUTHORITY_KEY_SIZE, key);
    int r = db_exec(db, e, "DELETE FROM nodes WHERE id = $1", "s", n->token.node);
    if (r < 0)
        return r;
    return db_exec(db, e,
                   "INSERT INTO nodes (id, hostname, machine_id, agent_version, address, "
                   "public_key, serial, until_ms, enrolled_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, "
                   "$8, $9)",
                   "sssssssii", n->token.node, n->hostname, n->machine_id, n->agent_version,
                   n->address, key, n->identity.serial, n->identity.until_ms, n->now_ms);
}

static int record_node(struct db *db, const struct enrolling *n, bool replaced, struct err *e)
{
    struct actor by = {n->token.node, "agent", n->address, n->now_ms};
    struct str detail = {0};
    struct jw w = jw_begin(&detail);
    jw_object(&w);
    jw_key_str(&w, "enrolment", n->token.id);
    jw_key_str(&w, "hostname", n->hostname);
    jw_key_str(&w, "serial", n->identity.serial);
    jw_key_bool(&w, "replaced", replaced);
    jw_end_object(&w);
    int r = change_record(db, &by, "node.enrol", n->token.node, str_text(&detail), e);
    str_done(&detail);
    return r;
}

static int issue(const struct fleet *f, struct enrolling *n, struct err *e)
{
    return authority_issue(f->keys.authority, n->token.node, *n->again ? n->again : NULL,
                           n->claim->public_key, n->now_ms, n->now_ms + FLEET_CERTIFICATE_MS, e,
                           &n->certificate, &n->identity);
}

static int enrol_again(const struct fleet *f, struct db *db, struct enrolling *n, struct err *e)
{
    int r = issue(f, n, e);
    if (r >= 0)
        r = db_exec(db, e, "UPDATE nodes SET until_ms = $1 WHERE id = $2", "is",
                    n->identity.until_ms, n->token.node);
    return r < 0 ? r : record_node(db, n, false, e);
}

static int enrol_inside(const struct fleet *f, struct db *db, struct enrolling *n, struct err *e)
{
    int r = check_token(db, n, e), replaced = 0;
    if (r >= 0 && *n->again)
        return enrol_again(f, db, n, e);
    if (r >= 0)
        r = check_place(db, n, e);
    if (r >= 0)
        r = replaced = has_node(db, n->token.node, e);
    if (r >= 0)
        r = issue(f, n, e);
    if (r >= 0)
        r = db_exec(db, e,
                    "UPDATE enrolments SET used_ms = $1, trouble = '', trouble_ms = 0 "
                    "WHERE id = $2",
                    "is", n->now_ms, n->token.id);
    if (r >= 0)
        r = put_node(db, n, e);
    return r < 0 ? r : record_node(db, n, replaced > 0, e);
}

static int write_trouble(struct db *db, const struct enrolling *n, const char *why, struct err *e)
{
    char text[sizeof n->token.trouble];
    str_copy(text, sizeof text, why);
    return db_exec(db, e, "UPDATE enrolments SET trouble = $1, trouble_ms = $2 WHERE id = $3",
                   "sis", text, n->now_ms, n->token.id);
}

/* Whoever made the token sees why no node comes of it. */
static void note_refusal(struct fleet *f, struct db *db, const struct enrolling *n, const char *why)
{
    struct err e = {0};
    struct str detail = {0};
    struct jw w = jw_begin(&detail);
    jw_object(&w);
    jw_key_str(&w, "hostname", n->hostname);
    jw_key_str(&w, "reason", why);
    jw_end_object(&w);
    const struct audit_entry entry = {.time_ms = n->now_ms,
                                      .via = "agent",
                                      .address = n->address,
                                      .action = "node.enrol",
                                      .target = n->token.node,
                                      .outcome = "refused",
                                      .detail = str_text(&detail)};
    int r = *n->token.id ? fleet_begin(db, n->now_ms, &e) : 0;
    if (r >= 0 && *n->token.id)
        r = fleet_end(f, db, write_trouble(db, n, why, &e), &e);
    if (r >= 0)
        r = audit_refused(db, &entry, &e);
    str_done(&detail);
    if (r < 0)
        log_debug("access", "refusal not kept", "error=%s", LOG_Q(e.text));
}

int fleet_enrol(struct fleet *f, struct db *db, const struct enrol_claim *c, int64_t now_wall_ms,
                struct err *e, struct str *ret_certificate, struct identity *ret_i)
{
    struct enrolling n = {.claim = c, .now_ms = now_wall_ms};
    struct err why = {0};
    fleet_clean(n.hostname, sizeof n.hostname, c->hostname);
    fleet_clean(n.machine_id, sizeof n.machine_id, c->machine_id);
    fleet_clean(n.agent_version, sizeof n.agent_version, c->agent_version);
    fleet_clean(n.address, sizeof n.address, c->address);
    int r = fleet_begin(db, now_wall_ms, &why);
    if (r >= 0)
        r = fleet_end(f, db, enrol_inside(f, db, &n, &why), &why);
    if (r == -EACCES || r == -EBADMSG)
        note_refusal(f, db, &n, why.text);
    if (r >= 0) {
        str_add(ret_certificate, str_text(&n.certificate));
        *ret_i = n.identity;
    } else if (e) {
        *e = why;
    }
    str_done(&n.certificate);
    return r;
}
