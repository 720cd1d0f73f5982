/* The hub's own small certificate authority: who an agent is.
 *
 * One Ed25519 key signs the certificates of agents. No other authority is asked, and none of these
 * certificates means anything elsewhere. Certificates are short-lived; a serial number that was
 * withdrawn is the caller's to know. Immutable once opened: any thread. */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum {
    AUTHORITY_KEY_SIZE = 32,          /* a public Ed25519 key, raw */
    AUTHORITY_SIGNATURE_SIZE = 64,    /* of it */
    AUTHORITY_SERIAL_SIZE = 33,       /* 128 bits in hex, terminated */
    AUTHORITY_NODE_SIZE = 64,         /* a node's id, terminated */
    AUTHORITY_CLOCK_MS = 3600 * 1000, /* how wrong a node's clock may be */
};

struct authority;

int authority_new(struct err *e, struct authority **ret_a) MUST_CHECK; /* with a new key */
/* Of a key that authority_key() gave. -EINVAL: it is no Ed25519 key. */
int authority_open(const char *key_pem, struct err *e, struct authority **ret_a) MUST_CHECK;
void authority_free(struct authority *a);
void authority_key(const struct authority *a, struct str *ret_pem); /* the private key: seal it */

struct identity {
    char node[AUTHORITY_NODE_SIZE];
    char serial[AUTHORITY_SERIAL_SIZE];
    int64_t from_ms, until_ms; /* wall clock */
};

/* A certificate (PEM) for a node and its public key, from an hour ago until `until_ms`. `serial`:
 * that of an earlier certificate of the same key, which this one repeats; NULL = a new one. */
int authority_issue(const struct authority *a, const char *node, const char *serial,
                    const unsigned char key[AUTHORITY_KEY_SIZE], int64_t now_ms, int64_t until_ms,
                    struct err *e, struct str *ret_pem, struct identity *ret_i) MUST_CHECK;

/* Who shows this certificate (DER). -EKEYREJECTED: it is not of this authority; -EKEYEXPIRED: its
 * time is over, or has not come, by more than AUTHORITY_CLOCK_MS. */
int authority_check(const struct authority *a, const void *der, size_t len, int64_t now_ms,
                    struct err *e, struct identity *ret_i) MUST_CHECK;

/* Whether the owner of the private key signed `message`. */
bool authority_is_proof(const unsigned char key[AUTHORITY_KEY_SIZE], const void *message,
                        size_t len, const unsigned char *signature, size_t signature_len);

/* Signs by a private key (PEM) such as the hub's. -EINVAL: it is no Ed25519 key. */
int authority_sign(const char *key_pem, const void *message, size_t len, struct err *e,
                   unsigned char ret_key[AUTHORITY_KEY_SIZE],
                   unsigned char ret_signature[AUTHORITY_SIGNATURE_SIZE]) MUST_CHECK;

/* A key and a certificate that it signs itself: what the hub shows to agents, who pin the key. */
int authority_make_hub(const char *name, int64_t now_ms, struct err *e, struct str *ret_certificate,
                       struct str *ret_key) MUST_CHECK;
