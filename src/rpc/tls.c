#include "rpc/tls.h"

#include "rpc/reasons.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

enum { CHUNK = 16384 };

struct tls_context {
    SSL_CTX *ssl;
    struct tls_settings settings;
};

struct tls {
    struct tls_context *context;
    SSL *ssl;
    BIO *in, *out;      /* owned by `ssl` */
    struct err refused; /* why the peer's certificate was not accepted */
};

static const unsigned char alpn[] = "\x02h2";

static int fail_openssl(struct err *e, int code, const char *what)
{
    return err_set(e, code, "%s: %s.", what, reasons_take());
}

/* --- contexts --- */

static int on_verify(X509_STORE_CTX *store, void *arg)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *t = SSL_get_app_data(ssl);
    const struct tls_settings *s = &((struct tls_context *)arg)->settings;
    unsigned char *der = NULL;
    int len = i2d_X509(X509_STORE_CTX_get0_cert(store), &der);
    int r =
        len < 0 ? -EBADMSG : s->verify(s->arg, &(struct tls_peer){der, (size_t)len}, &t->refused);
    OPENSSL_free(der);
    X509_STORE_CTX_set_error(store, r < 0 ? X509_V_ERR_APPLICATION_VERIFICATION : X509_V_OK);
    return r >= 0;
}

static int select_h2(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                     const unsigned char *in, unsigned in_len, void *arg)
{
    (void)ssl, (void)arg;
    return SSL_select_next_proto((unsigned char **)out, out_len, alpn, sizeof alpn - 1, in,
                                 in_len) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static X509 *read_certificate(BIO *bio)
{
    return PEM_read_bio_X509(bio, NULL, NULL, NULL);
}

/* The leaf, then what signed it. */
static bool use_chain(SSL_CTX *ssl, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *x = read_certificate(bio);
    bool ok = x && SSL_CTX_use_certificate(ssl, x) == 1;
    X509_free(x);
    SSL_CTX_clear_extra_chain_certs(ssl);
    while (ok && (x = read_certificate(bio)))
        if (SSL_CTX_add_extra_chain_cert(ssl, x) != 1) {
            X509_free(x);
            ok = false;
        }
    BIO_free(bio);
    if (ok)
        ERR_clear_error(); /* reading ended at the end */
    return ok;
}

int tls_context_renew(struct tls_context *c, const char *certificate, const char *key,
                      struct err *e)
{
    BIO *bio = BIO_new_mem_buf(key, -1);
    EVP_PKEY *k = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    bool ok = k && use_chain(c->ssl, certificate) && SSL_CTX_use_PrivateKey(c->ssl, k) == 1 &&
              SSL_CTX_check_private_key(c->ssl) == 1;
    EVP_PKEY_free(k);
    return ok ? 0 : fail_openssl(e, -EINVAL, "The certificate and its key can't be used");
}

int tls_context_new(const struct tls_settings *s, struct err *e, struct tls_context **ret_c)
{
    struct tls_context *c = mem_alloc(sizeof *c);
    c->settings = *s;
    c->settings.certificate = c->settings.key = NULL;
    c->ssl = SSL_CTX_new(s->is_server ? TLS_server_method() : TLS_client_method());
    SSL_CTX_set_min_proto_version(c->ssl, TLS1_3_VERSION);
    SSL_CTX_set_mode(c->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_options(c->ssl, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(c->ssl, 0);
    SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(c->ssl, on_verify, c);
    if (s->is_server)
        SSL_CTX_set_alpn_select_cb(c->ssl, select_h2, NULL);
    else
        SSL_CTX_set_alpn_protos(c->ssl, alpn, sizeof alpn - 1);
    int r = s->certificate ? tls_context_renew(c, s->certificate, s->key, e) : 0;
    if (r < 0)
        tls_context_free(c);
    else
        *ret_c = c;
    return r;
}

void tls_context_free(struct tls_context *c)
{
    if (!c)
        return;
    SSL_CTX_free(c->ssl);
    mem_free(c);
}

/* --- connections --- */

struct tls *tls_new(struct tls_context *c)
{
    struct tls *t = mem_alloc(sizeof *t);
    t->context = c;
    t->ssl = SSL_new(c->ssl);
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    SSL_set_bio(t->ssl, t->in, t->out);
    SSL_set_app_data(t->ssl, t);
    if (c->settings.is_server)
        SSL_set_accept_state(t->ssl);
    else
        SSL_set_connect_state(t->ssl);
    return t;
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    mem_free(t);
}

/* 0 = it only waits for more. */
static int judge(struct tls *t, int got, struct err *e)
{
    switch (SSL_get_error(t->ssl, got)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        return err_set(e, -ECONNRESET, "The other side ended the connection.");
    default:
        break;
    }
    if (t->refused.code < 0) {
        if (e)
            *e = t->refused;
        ERR_clear_error();
        return err_set(e, -EKEYREJECTED, "%s", t->refused.text);
    }
    return fail_openssl(e, -EPROTO, "TLS failed");
}

int tls_start(struct tls *t, struct err *e)
{
    int n = SSL_do_handshake(t->ssl);
    return n == 1 ? 0 : judge(t, n, e);
}

int tls_feed(struct tls *t, const void *bytes, size_t len, tls_bytes_fn *plain, void *arg,
             struct err *e)
{
    char chunk[CHUNK];
    BIO_write(t->in, bytes, (int)len);
    for (;;) {
        int n = SSL_read(t->ssl, chunk, sizeof chunk);
        if (n <= 0)
            return judge(t, n, e);
        int r = plain(arg, chunk, (size_t)n);
        if (r < 0)
            return r;
    }
}

int tls_write(struct tls *t, const void *bytes, size_t len, struct err *e)
{
    if (!tls_is_ready(t))
        return -EAGAIN;
    int n = SSL_write(t->ssl, bytes, (int)len);
    return n > 0 ? 0 : judge(t, n, e);
}

void tls_goodbye(struct tls *t)
{
    if (tls_is_ready(t))
        SSL_shutdown(t->ssl);
    ERR_clear_error();
}

size_t tls_pending(struct tls *t, struct str *out)
{
    char *bytes = NULL;
    long n = BIO_get_mem_data(t->out, &bytes);
    if (n <= 0)
        return 0;
    str_add_n(out, bytes, (size_t)n);
    BIO_reset(t->out);
    return (size_t)n;
}

bool tls_is_ready(const struct tls *t)
{
    return SSL_is_init_finished(t->ssl);
}

bool tls_peer_certificate(const struct tls *t, struct str *ret_der)
{
    X509 *x = SSL_get0_peer_certificate(t->ssl);
    unsigned char *der = NULL;
    int n = x ? i2d_X509(x, &der) : -1;
    if (n > 0)
        str_add_n(ret_der, der, (size_t)n);
    OPENSSL_free(der);
    return n > 0;
}

int tls_pin(const void *der, size_t len, unsigned char ret_pin[TLS_PIN_SIZE])
{
    const unsigned char *p = der;
    X509 *x = d2i_X509(NULL, &p, (long)len);
    unsigned char *spki = NULL;
    int n = x && p == (const unsigned char *)der + len
                ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki)
                : -1;
    bool ok = n > 0 && EVP_Q_digest(NULL, "SHA256", NULL, spki, (size_t)n, ret_pin, NULL) == 1;
    OPENSSL_free(spki);
    X509_free(x);
    ERR_clear_error();
    return ok ? 0 : -EBADMSG;
}

int tls_pin_pem(const char *pem, unsigned char ret_pin[TLS_PIN_SIZE])
{
    BIO *text = BIO_new_mem_buf(pem, -1);
    X509 *x = PEM_read_bio_X509(text, NULL, NULL, NULL);
    unsigned char *der = NULL;
    int n = x ? i2d_X509(x, &der) : -1;
    int r = n > 0 ? tls_pin(der, (size_t)n, ret_pin) : -EBADMSG;
    OPENSSL_free(der);
    X509_free(x);
    BIO_free(text);
    ERR_clear_error();
    return r;
}
