/* What the files of fleet.h share. For siblings and tests. */
#pragma once

#include "access/access-private.h"
#include "access/fleet.h"
#include "access/seal.h"
#include "base/map.h"

enum {
    FLEET_SEEN_EVERY_MS = 60 * 1000,      /* how often it is written when a node was seen */
    FLEET_TIDY_EVERY_MS = 10 * 60 * 1000, /* how often what is over is deleted */
    FLEET_KEPT_MS = 7 * 24 * 3600 * 1000, /* how long a used or expired enrolment is shown */
};

/* A node, and what memory knows of it before the database does. */
struct fleet_entry {
    struct fleet_node node;
    int64_t written_ms; /* seen_ms as the database has it */
    bool promoted;      /* a next certificate was shown; not yet written */
};

struct fleet_bmc_entry {
    struct fleet_bmc bmc;
    char *sealed; /* its password */
};

/* What the database said at one moment. */
struct fleet_image {
    int64_t version;
    struct fleet_entry *entries; /* by id */
    size_t n_entries;
    struct map by_id;             /* of entries */
    struct enrolment *enrolments; /* newest first */
    size_t n_enrolments;
    struct fleet_bmc_entry *bmcs;
    size_t n_bmcs;
};
int fleet_bmcs_load(struct fleet_image *i, struct db *db, struct err *e) MUST_CHECK;
void fleet_bmcs_free(struct fleet_image *i);

int fleet_image_load(struct db *db, struct err *e, struct fleet_image **ret_i) MUST_CHECK;
void fleet_image_free(struct fleet_image *i);
DEFINE_FREEP(struct fleet_image, fleet_image_free)
/* Carries what the database does not have yet from the image before. */
void fleet_image_carry(struct fleet_image *i, const struct fleet_image *before);
void fleet_image_tell(const struct fleet_image *i, const struct fleet_image *before,
                      const struct fleet_hooks *hooks);

/* A change of the hub's key. */
struct rotation {
    int64_t begun_ms, until_ms; /* 0 = none */
    struct str_list told;       /* nodes that know both keys */
};
void rotation_done(struct rotation *t);
int rotation_read(struct db *db, struct err *e,
                  struct rotation *ret_t) MUST_CHECK; /* 1, 0 = none */
int rotation_forget(struct db *db, struct err *e) MUST_CHECK;

/* The keys, opened. The authority stays as it is; the hub's are changed under fleet.lock. */
struct fleet_keys {
    struct authority *authority;
    struct str certificate, key; /* the hub's, PEM */
    unsigned char pin[FLEET_PIN_SIZE];
    struct rotation rotation;
    unsigned char next_pin[FLEET_PIN_SIZE]; /* while one is under way */
};
/* Inside a transaction: the next key is made, or put in place of the present one. */
int fleet_keys_make_next(struct db *db, const char *folder, struct err *e,
                         unsigned char ret_pin[FLEET_PIN_SIZE]) MUST_CHECK;
int fleet_keys_use_next(struct db *db, const char *folder, struct err *e,
                        unsigned char ret_pin[FLEET_PIN_SIZE]) MUST_CHECK;

/* Opens them, or makes them: where there are none, or (`may_replace`) where they can't be opened
 * and no node depends on them. */
int fleet_keys_load(struct db *db, const char *folder, bool may_replace, struct err *e,
                    struct fleet_keys *ret_k) MUST_CHECK;
int fleet_keys_forget(struct db *db, struct err *e) MUST_CHECK; /* inside a transaction */
void fleet_keys_done(struct fleet_keys *k);

struct fleet {
    struct fleet_hooks hooks;
    char *folder; /* of seal.key */
    struct fleet_keys keys;
    struct seal *seal; /* NULL: it can't be read */
    bool told_more;    /* keys.rotation.told is not yet written; under `lock` */

    /* One reader of the database at a time; taken before `lock`, also held while hooks run. */
    pthread_mutex_t refreshing;
    atomic_llong tidied_ms;
    atomic_llong now_ms; /* wall; as it was last told */

    pthread_rwlock_t lock; /* guards the image: changed in place when a node is seen */
    struct fleet_image *image;
};

/* --- a change: fleet_begin(), statements, change_record(), fleet_end() --- */
int fleet_begin(struct db *db, int64_t now_wall_ms, struct err *e) MUST_CHECK;
int fleet_end(struct fleet *f, struct db *db, int r, struct err *e) MUST_CHECK;
int fleet_sync(struct fleet *f, struct db *db, struct err *e) MUST_CHECK;

/* Writes what memory knows better; deletes what is long over. */
int fleet_write_seen(struct fleet *f, struct db *db, int64_t now_wall_ms, struct err *e) MUST_CHECK;
int fleet_tidy(struct db *db, int64_t now_wall_ms, struct err *e) MUST_CHECK;

/* Goes on with a change of keys. */
int fleet_rotation_tick(struct fleet *f, struct db *db, int64_t now_ms, struct err *e) MUST_CHECK;

/* One number that a query gives. */
int fleet_count(struct db *db, const char *sql, int64_t *ret_n, struct err *e) MUST_CHECK;

/* The certificate was shown: it counts, and what was issued after it. Nothing, if it is no next. */
void fleet_promote(struct fleet_entry *t, const char *serial);
/* What follows `serial` among the next ones; NULL: it is none of them. */
const char *fleet_next_after(const char *next_serials, const char *serial);

/* What a machine says of itself, as far as it is printable ASCII; cut to the size. */
void fleet_clean(char *dst, size_t size, const char *said);
