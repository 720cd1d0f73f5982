/* What writer and reader of the audit log share: how a row becomes a hash. For siblings and tests.
 */
#pragma once

#include "access/audit.h"

enum { AUDIT_HASH_SIZE = 65 };

#define AUDIT_NO_HASH "0000000000000000000000000000000000000000000000000000000000000000"

void audit_hash(const struct audit_entry *entry, const char *previous,
                char ret_hash[AUDIT_HASH_SIZE]);

/* The newest sequence and hash as `settings` has them; -ENOENT. */
int audit_head(struct db *db, struct err *e, int64_t *ret_sequence,
               char ret_hash[AUDIT_HASH_SIZE]) MUST_CHECK;
