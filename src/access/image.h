/* The image: users, sessions and tokens as the database has them, in memory.
 *
 * Immutable once loaded but for the atomics of a credential. Belongs to struct access, whose lock
 * guards its replacement. For siblings. */
#pragma once

#include "access/access.h"
#include "base/map.h"

#include <stdatomic.h>

enum { SECRET_HASH_SIZE = 65 };

/* A session or a token: what a secret stands for. */
struct credential {
    enum subject_kind kind;
    char id[40], secret_hash[SECRET_HASH_SIZE], prefix[16];
    const struct user *user; /* of the same image */
    char *address, *agent;   /* a session's */
    char *name;              /* a token's */
    uint64_t scopes;
    int64_t created_ms;
    int64_t expires_ms;      /* a token's; 0 = never. A session's follows from its use */
    atomic_llong used_ms;    /* may be newer than what the database has */
    atomic_llong written_ms; /* what the database has */
    atomic_bool ended;       /* it expired, and its streams were told */
    struct subject subject;  /* all but what follows from its use; see credential_prepare() */
};

enum image_part { IMAGE_USERS, IMAGE_SESSIONS, IMAGE_TOKENS, IMAGE_PARTS };

struct image {
    int64_t version; /* of the database it was read from */
    uint64_t number; /* no other one has it */
    struct user *users;
    size_t n_users;
    struct credential *credentials;
    size_t n_credentials;
    struct map users_by_id, users_by_name, by_secret, by_id; /* the latter two: credentials */
    /* Digests: two images with the same one show people the same list. */
    unsigned char digest[IMAGE_PARTS][16];
};

int image_load(struct db *db, struct err *e, struct image **ret_image) MUST_CHECK;
void image_free(struct image *i);
DEFINE_FREEP(struct image, image_free)

/* Carries what the database does not have yet from the image before. */
void image_carry(struct image *i, const struct image *before);
/* Tells the hooks what is different. `before` may be NULL. */
void image_tell(const struct image *i, const struct image *before,
                const struct access_hooks *hooks);

/* When it ends, as far as its use is known now; 0 = never. */
int64_t credential_expires(const struct credential *c);
uint64_t credential_permissions(const struct credential *c);
void credential_prepare(struct credential *c); /* once the rest is filled in */
void credential_subject(const struct credential *c, struct subject *ret_subject);

/* A row of USER_COLUMNS. */
#define USER_COLUMNS                                                                               \
    "id, name, display_name, role, disabled, created_ms, last_login_ms, preferences, limits"
enum { USER_N_COLUMNS = 9 };
void user_from_row(const struct rows *r, struct user *ret_user);
