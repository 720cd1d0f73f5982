/* TLS 1.3 over any byte stream: OpenSSL between two memory buffers, so that sockets stay the
 * loop's.
 *
 * Trust is the caller's: `verify` gets the peer's certificate and says yes or no; no certificate
 * authority of the system is asked. Not thread-safe. */
#pragma once

#include "base/err.h"
#include "base/str.h"

struct tls_peer {
    const unsigned char *certificate; /* DER */
    size_t len;
};

/* 0 = trusted; negative errno with a sentence otherwise. */
typedef int tls_verify_fn(void *arg, const struct tls_peer *peer, struct err *e);

struct tls_settings {
    bool is_server;
    const char *certificate; /* PEM, the leaf first; NULL: a client without one */
    const char *key;         /* PEM */
    tls_verify_fn *verify;   /* a server calls it only for a client that shows a certificate */
    void *arg;
};

struct tls_context; /* what many connections share */
int tls_context_new(const struct tls_settings *s, struct err *e,
                    struct tls_context **ret_c) MUST_CHECK;
void tls_context_free(struct tls_context *c);
/* New connections show this one from now on. */
int tls_context_renew(struct tls_context *c, const char *certificate, const char *key,
                      struct err *e) MUST_CHECK;

struct tls; /* one connection */
struct tls *tls_new(struct tls_context *c);
void tls_free(struct tls *t);

typedef int tls_bytes_fn(void *arg, const void *bytes, size_t len); /* negative = stop with it */

/* Takes what came off the socket and gives `plain` what it says. After each of these three, send
 * what tls_pending() has. -ECONNRESET: the peer said good-bye; -EPROTO, -EKEYREJECTED with a
 * sentence: the connection is over. */
int tls_feed(struct tls *t, const void *bytes, size_t len, tls_bytes_fn *plain, void *arg,
             struct err *e) MUST_CHECK;
int tls_start(struct tls *t, struct err *e) MUST_CHECK; /* a client says hello */
int tls_write(struct tls *t, const void *bytes, size_t len, struct err *e) MUST_CHECK; /* -EAGAIN:
                                                            the handshake is not done */
void tls_goodbye(struct tls *t);
size_t tls_pending(struct tls *t, struct str *out); /* appends; returns how much */

bool tls_is_ready(const struct tls *t);                              /* the handshake is done */
bool tls_peer_certificate(const struct tls *t, struct str *ret_der); /* false = it showed none */

/* Who a certificate belongs to, whatever else it says: SHA-256 of its public key as SPKI (RFC
 * 7469). -EBADMSG: it is no certificate. Any thread. */
enum { TLS_PIN_SIZE = 32 };
int tls_pin(const void *der, size_t len, unsigned char ret_pin[TLS_PIN_SIZE]) MUST_CHECK;
int tls_pin_pem(const char *pem, unsigned char ret_pin[TLS_PIN_SIZE]) MUST_CHECK;
