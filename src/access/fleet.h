/* Which nodes may report, and the tokens that let new ones in: kept in the database, answered from
 * memory.
 *
 * Like `struct access`: an image of nodes and enrolments answers without the database, every change
 * is written first, then the image is read anew; what another process changes (hydrad node add) is
 * noticed within a second. Functions that take a `struct db *` may block: worker threads, outside
 * of transactions. Those that don't: any thread. Each change writes its audit record in the
 * transaction that makes it. The authority's and the hub's keys are kept in the database, sealed
 * with the key in the data folder (`seal.key`, 0600): a copy of the database alone opens nothing.
 */
#pragma once

#include "access/access.h"
#include "access/authority.h"
#include "access/bmc.h"

struct fleet;

enum {
    FLEET_CERTIFICATE_MS = 7 * 24 * 3600 * 1000, /* how long a certificate counts */
    FLEET_RENEW_MS = FLEET_CERTIFICATE_MS / 3,   /* renewed when no more than this is left */
    FLEET_ENROLMENT_MS = 15 * 60 * 1000,         /* how long a token counts, unless said */
    FLEET_ENROLMENT_MIN_MS = 60 * 1000,          /* the shortest that one can */
    LIMIT_ENROLMENT_MS = 7 * 24 * 3600 * 1000,
    LIMIT_ENROLMENTS_WAITING = 100,
    LIMIT_FLEET_NODES = 4000,
    LIMIT_FLEET_NEXT = 2, /* certificates of a node that were issued and not shown yet */
    FLEET_NEXT_SIZE = LIMIT_FLEET_NEXT * AUTHORITY_SERIAL_SIZE,
};

struct fleet_hooks {
    void *arg;
    /* Nodes or enrolments changed: links of those that were removed or replaced must end
     * (fleet_counts()). Any thread. */
    void (*changed)(void *arg);
};

/* `hooks` may be NULL (verbs). Makes the keys when there are none; with hooks also when they can't
 * be opened and no node depends on them. */
int fleet_new(struct store *store, const char *data_folder, const struct fleet_hooks *hooks,
              struct err *e, struct fleet **ret_f) MUST_CHECK;
void fleet_free(struct fleet *f);
DEFINE_FREEP(struct fleet, fleet_free)
/* Forgets every node, enrolment and key: what is left to do when the key file is lost. No hydrad
 * may run. Returns how many nodes there were. */
int fleet_reset(struct db *db, const struct actor *by, struct err *e) MUST_CHECK;
/* Once a second, on a worker: notices what others changed; writes when nodes were last seen, at
 * most once a minute for each. */
int fleet_refresh(struct fleet *f, struct db *db, int64_t now_wall_ms, struct err *e) MUST_CHECK;

/* --- keys --- */
/* What the hub shows to agents (PEM), and the pins that agents must trust: the present key first,
 * after it the next one while a change of keys is prepared. */
void fleet_hub_identity(struct fleet *f, struct str *ret_certificate, struct str *ret_key);
/* Signs by the hub's key, which agents have pinned. */
int fleet_sign(struct fleet *f, const void *message, size_t len, struct err *e,
               unsigned char ret_key[AUTHORITY_KEY_SIZE],
               unsigned char ret_signature[AUTHORITY_SIGNATURE_SIZE]) MUST_CHECK;
/* --- the hub's key is changed --- */
enum {
    FLEET_ROTATION_MS = 7 * 24 * 3600 * 1000, /* unless said: no certificate lives longer */
    FLEET_ROTATION_MIN_MS = 60 * 1000,
};
#define LIMIT_FLEET_ROTATION_MS (30ll * 24 * 3600 * 1000)
/* Makes the next key. From now on agents are told both; once all nodes know them and no token
 * waits, or after `within_ms`, fleet_refresh() puts it in place of the present one. A node that was
 * away all that time has to be enrolled anew. -EEXIST: one is under way. */
int fleet_rotate(struct fleet *f, struct db *db, const struct actor *by, int64_t within_ms,
                 struct err *e) MUST_CHECK;
/* The node has taken up what fleet_pins() says. From memory; any thread. */
void fleet_told_keys(struct fleet *f, const char *node);
struct fleet_rotation {
    char present[65], next[65]; /* pins in hex */
    bool under_way;             /* else only `present` says something */
    int64_t begun_ms, until_ms;
    size_t nodes;
    struct str_list missing; /* nodes that don't know the next one */
};
void fleet_rotation(struct fleet *f, struct fleet_rotation *ret);
void fleet_rotation_done(struct fleet_rotation *r);

enum { LIMIT_FLEET_PINS = 4, FLEET_PIN_SIZE = 32 };
size_t fleet_pins(struct fleet *f, unsigned char ret_pins[LIMIT_FLEET_PINS][FLEET_PIN_SIZE]);

/* --- enrolments --- */
enum enrolment_state { ENROLMENT_WAITING, ENROLMENT_USED, ENROLMENT_EXPIRED };
const char *enrolment_state_name(enum enrolment_state s); /* "waiting" "used" "expired" */

struct enrolment {
    char id[40], node[AUTHORITY_NODE_SIZE], created_by[64];
    bool replaces;
    int64_t created_ms, expires_ms, used_ms;
    char trouble[256]; /* why a machine was refused with it last; "" = never */
    int64_t trouble_ms;
};
enum enrolment_state enrolment_state_at(const struct enrolment *n, int64_t now_wall_ms);

/* A node's id: lower case (capitals are lowered), a-z 0-9 '.' '-', a letter or digit first and
 * last, at most 63. -EINVAL. */
int fleet_node_check(const char *name, struct err *e, char ret_id[AUTHORITY_NODE_SIZE]) MUST_CHECK;

struct enrolment_request {
    const char *node;
    const char *reserved; /* the id of the node that hydrad itself watches; NULL */
    int64_t ttl_ms;       /* 0 = FLEET_ENROLMENT_MS; a minute … LIMIT_ENROLMENT_MS */
    bool replaces;
};
/* A token's secret (lower-case hex, 16 bytes), kept as a hash. A waiting enrolment of the same node
 * gives way. -EEXIST: there is such a node and `replaces` isn't set; -EINVAL. */
int fleet_enrolment_add(struct fleet *f, struct db *db, const struct actor *by,
                        const struct enrolment_request *q, struct err *e, char ret_secret[33],
                        struct enrolment *ret_n) MUST_CHECK;
int fleet_enrolment_remove(struct fleet *f, struct db *db, const struct actor *by, const char *id,
                           struct err *e) MUST_CHECK;               /* -ENOENT */
size_t fleet_enrolments(struct fleet *f, struct enrolment **ret_n); /* newest first; mem_free() */

/* A machine comes with a token. -EACCES: unknown, used, expired, or for a node that is there and
 * may not be replaced (a known one notes the trouble); -EBADMSG: the proof is not of this key. The
 * proof is over the token's whole text. Refusals are audited. Of two machines with one token one
 * gets in; until the token expires it may come again with the same key, when the answer was lost.
 */
struct enrol_claim {
    const char *token, *secret; /* the whole text; its secret */
    unsigned char public_key[AUTHORITY_KEY_SIZE];
    const unsigned char *proof;
    size_t proof_len;
    const char *hostname, *machine_id, *agent_version, *address;
};
int fleet_enrol(struct fleet *f, struct db *db, const struct enrol_claim *c, int64_t now_wall_ms,
                struct err *e, struct str *ret_certificate, struct identity *ret_i) MUST_CHECK;

/* --- nodes --- */
struct fleet_node {
    char id[AUTHORITY_NODE_SIZE], hostname[64], machine_id[64], agent_version[32], address[64];
    char serial[AUTHORITY_SERIAL_SIZE]; /* shown last */
    char next_serials[FLEET_NEXT_SIZE]; /* issued since: a space between them, the newest last */
    int64_t until_ms, enrolled_ms, seen_ms;
};
size_t fleet_nodes(struct fleet *f, struct fleet_node **ret_nodes); /* by id; mem_free() */
bool fleet_is_empty(struct fleet *f); /* neither a node nor a waiting enrolment: nobody may dial */
/* Withdraws tokens that wait for it, too. */
int fleet_node_remove(struct fleet *f, struct db *db, const struct actor *by, const char *id,
                      struct err *e) MUST_CHECK; /* -ENOENT */

/* Whose certificate (DER) this is, and that it still counts: of the authority, in time, of a known
 * node, its present or a next serial. -EACCES: removed or replaced. Any thread, from memory. */
int fleet_admit(struct fleet *f, const void *der, size_t len, int64_t now_wall_ms, struct err *e,
                struct identity *ret_i) MUST_CHECK;
/* Whether this serial of the node counts, so that who has it is the machine of today. */
bool fleet_counts(struct fleet *f, const char *node, const char *serial);
/* The node is linked with this certificate: when it is a next one, those before it stop to count.
 * Kept in memory; written by fleet_refresh(). */
void fleet_seen(struct fleet *f, const struct identity *i, const char *address,
                const char *agent_version, int64_t now_wall_ms);
/* A new certificate for the node that is linked with `old`. The proof is over the node's id. What
 * the agent may have on its disk counts all the time: the certificate that was shown last, and the
 * two newest keys' since; asked again for the newest key, it repeats the serial.
 * -EACCES: `old` counts no more: the node was removed or replaced since. */
int fleet_renew(struct fleet *f, struct db *db, const struct identity *old,
                const unsigned char key[AUTHORITY_KEY_SIZE], const unsigned char *proof,
                size_t proof_len, int64_t now_wall_ms, struct err *e, struct str *ret_certificate,
                struct identity *ret_i) MUST_CHECK;

/* --- management controllers --- */
bool fleet_bmc(struct fleet *f, const char *node, struct fleet_bmc *ret_b); /* false = none */
/* "USER\nPASSWORD", for this address and the node that asks it alone; `of_hub`: that is the hub's
 * own. From memory; any thread. -EINVAL: it was changed meanwhile; -EBADMSG. Wipe it (seal_wipe()).
 */
int fleet_bmc_secret(struct fleet *f, const char *node, const char *address, const char *asks,
                     bool of_hub, struct err *e, struct str *ret_secret) MUST_CHECK;
/* Who and when are filled in. A NULL password keeps the one before, where address and `via` stay as
 * they are. */
int fleet_bmc_set(struct fleet *f, struct db *db, const struct actor *by, const struct fleet_bmc *b,
                  const char *password, struct err *e) MUST_CHECK;
int fleet_bmc_remove(struct fleet *f, struct db *db, const struct actor *by, const char *node,
                     struct err *e) MUST_CHECK; /* -ENOENT */
