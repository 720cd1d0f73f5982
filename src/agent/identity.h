/* Who this agent is, and whom it trusts: the files of its state folder.
 *
 *   key.pem          its Ed25519 key (0600); never leaves the machine
 *   certificate.pem  what the hub made of it
 *   hub.json         {"address": "hub.lan:7771", "node": "tower", "pins": ["…"]}
 *   key-next.pem     a key whose certificate has been asked for
 *   key-enrol.pem    a key that a token was tried with: the same one is tried again
 *
 * Each file is replaced as a whole, so a crash leaves the old one or the new one; hub.json comes
 * last when a node is enrolled, and a key that was on its way is taken up at the next start. */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "rpc/tls.h"

enum {
    LIMIT_IDENTITY_PINS = 8,
    LIMIT_IDENTITY_FILE = 64 << 10,
    KEY_RAW_SIZE = 32,
    KEY_SIGNATURE_SIZE = 64,
    IDENTITY_NODE_SIZE = 64,
};

struct pins {
    unsigned char v[LIMIT_IDENTITY_PINS][TLS_PIN_SIZE];
    size_t n;
};
bool pins_have(const struct pins *p, const unsigned char pin[TLS_PIN_SIZE]);
bool pins_equal(const struct pins *a, const struct pins *b);
/* The entries of a message; false = there are none, or more than can be kept, or one is no pin. */
struct pin_bytes {
    const unsigned char *p;
    size_t len;
};
bool pins_take(const struct pin_bytes *v, size_t n, struct pins *ret_pins);

struct identity {
    char *dir;
    char *key, *certificate; /* PEM */
    char *address;           /* HOST:PORT */
    char *node;
    struct pins pins;
    int64_t from_ms, until_ms; /* of the certificate */
    uint64_t stamp;            /* of hub.json, as it was read or written */
};

/* Makes the folder (0700). -EACCES … with what to do. */
int identity_make_folder(const char *dir, struct err *e) MUST_CHECK;
/* Only one agent may use a folder: the lock lives as long as the returned descriptor. -EBUSY. */
int identity_lock(const char *dir, struct err *e) MUST_CHECK;

/* -ENOENT: this machine is not enrolled; -EBADMSG: a file is damaged. Free with identity_done(). */
int identity_open(const char *dir, struct err *e, struct identity *ret_i) MUST_CHECK;
void identity_done(struct identity *i);
bool identity_is_there(const char *dir);
/* Somebody has enrolled this machine anew since it was opened. */
bool identity_is_replaced(const struct identity *i);
bool identity_is_same_node(const struct identity *a, const struct identity *b); /* and hub */

/* The key to enrol with, the same one until identity_save(): a hub whose answer was lost knows it
 * again. */
int identity_enrol_key(const char *dir, struct err *e, char **ret_key) MUST_CHECK;
/* Writes everything: a node that has just been enrolled. */
int identity_save(struct identity *i, struct err *e) MUST_CHECK;
/* Keeps other pins from now on. -ESTALE: the files are of another enrolment by now, as below. */
int identity_set_pins(struct identity *i, const struct pins *pins, struct err *e) MUST_CHECK;

/* Renewal: makes the next key and keeps it; then a certificate of it takes effect.
 * -EKEYREJECTED: the certificate is not of that key; -ESTALE. */
int identity_next_key(const struct identity *i, struct err *e, char **ret_key) MUST_CHECK;
int identity_renew(struct identity *i, const char *key, const char *certificate,
                   struct err *e) MUST_CHECK;
/* A third of the certificate's time is left, or less. */
bool identity_is_renewal_due(const struct identity *i, int64_t now_ms);

int key_make(struct err *e, char **ret_pem) MUST_CHECK;
int key_public(const char *pem, struct err *e, unsigned char ret_raw[KEY_RAW_SIZE]) MUST_CHECK;
/* Whether the owner of the private key signed `message`. */
bool key_is_proof(const unsigned char raw[KEY_RAW_SIZE], const void *message, size_t len,
                  const unsigned char signature[KEY_SIGNATURE_SIZE]);
int key_sign(const char *pem, const void *message, size_t len, struct err *e,
             unsigned char ret_signature[KEY_SIGNATURE_SIZE]) MUST_CHECK;
