/* Secrets that lie in the database, closed with a key that does not: `seal.key` in the data folder.
 *
 * XChaCha20-Poly1305; the purpose is sealed along, so that one secret can't be put in another's
 * place. Immutable once opened: any thread. Opening and making block. */
#pragma once

#include "base/err.h"
#include "base/str.h"

struct seal;

#define SEAL_FILE "seal.key"

/* Reads the key. -ENOENT: there is none; -EBADMSG: the file is no such key; -EACCES with what to
 * do. */
int seal_open(const char *folder, struct err *e, struct seal **ret_s) MUST_CHECK;
/* Reads the key, or makes one (0600, synced) where there is none. Several processes may try at
 * once: all end up with the same key. */
int seal_make(const char *folder, struct err *e, struct seal **ret_s) MUST_CHECK;
void seal_free(struct seal *s);
DEFINE_FREEP(struct seal, seal_free)

/* Text for the database, of one line. */
void seal_text(const struct seal *s, const char *purpose, const char *plain, struct str *ret_text);
/* -EBADMSG: it was sealed with another key or for another purpose, or was changed. */
int seal_read(const struct seal *s, const char *purpose, const char *text,
              struct str *ret_plain) MUST_CHECK;

/* str_done() that leaves nothing of a secret behind. */
void seal_wipe(struct str *secret);
