#include "access/authority.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>

#define HUB_YEARS_MS (50ll * 365 * 24 * 3600 * 1000) /* trusted by its key, not by its dates */

struct authority {
    EVP_PKEY *key;
};

static int fail(struct err *e, int code, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    return err_set(e, code, "%s: %s.", what, reason ? reason : "OpenSSL gave no reason");
}

/* --- keys --- */

int authority_new(struct err *e, struct authority **ret_a)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (!key)
        return fail(e, -EIO, "A key for agents could not be made");
    struct authority *a = mem_alloc(sizeof *a);
    a->key = key;
    *ret_a = a;
    return 0;
}

int authority_open(const char *key_pem, struct err *e, struct authority **ret_a)
{
    BIO *bio = BIO_new_mem_buf(key_pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    if (!key || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(key);
        return fail(e, -EINVAL, "The key for agents is no Ed25519 key");
    }
    struct authority *a = mem_alloc(sizeof *a);
    a->key = key;
    *ret_a = a;
    return 0;
}

void authority_free(struct authority *a)
{
    if (!a)
        return;
    EVP_PKEY_free(a->key);
    mem_free(a);
}

static void take_bio(BIO *bio, struct str *to)
{
    char *bytes = NULL;
    long n = BIO_get_mem_data(bio, &bytes);
    if (n > 0)
        str_add_n(to, bytes, (size_t)n);
    BIO_free(bio);
}

static void print_key(EVP_PKEY *key, struct str *out)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    take_bio(bio, out);
}

void authority_key(const struct authority *a, struct str *ret_pem)
{
    print_key(a->key, ret_pem);
}

bool authority_is_proof(const unsigned char key[AUTHORITY_KEY_SIZE], const void *message,
                        size_t len, const unsigned char *signature, size_t signature_len)
{
    EVP_PKEY *k = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, AUTHORITY_KEY_SIZE);
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    bool ok = k && signature_len == AUTHORITY_SIGNATURE_SIZE &&
              EVP_DigestVerifyInit(m, NULL, NULL, NULL, k) == 1 &&
              EVP_DigestVerify(m, signature, signature_len, message, len) == 1;
    EVP_MD_CTX_free(m);
    EVP_PKEY_free(k);
    ERR_clear_error();
    return ok;
}

int authority_sign(const char *key_pem, const void *message, size_t len, struct err *e,
                   unsigned char ret_key[AUTHORITY_KEY_SIZE],
                   unsigned char ret_signature[AUTHORITY_SIGNATURE_SIZE])
{
    struct authority *a = NULL;
    int r = authority_open(key_pem, e, &a);
    if (!a)
        return r;
    size_t n_key = AUTHORITY_KEY_SIZE, n = AUTHORITY_SIGNATURE_SIZE;
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    bool ok = EVP_PKEY_get_raw_public_key(a->key, ret_key, &n_key) == 1 &&
              EVP_DigestSignInit(m, NULL, NULL, NULL, a->key) == 1 &&
              EVP_DigestSign(m, ret_signature, &n, message, len) == 1;
    EVP_MD_CTX_free(m);
    authority_free(a);
    return ok ? 0 : fail(e, -EIO, "The hub's key can't sign");
}

/* --- certificates --- */

enum { SERIAL_BYTES = (AUTHORITY_SERIAL_SIZE - 1) / 2 };

static void make_serial(char ret_serial[AUTHORITY_SERIAL_SIZE])
{
    unsigned char bytes[SERIAL_BYTES];
    randombytes_buf(bytes, sizeof bytes);
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, and always 16 bytes */
    str_hex(bytes, sizeof bytes, ret_serial);
}

static bool set_serial(X509 *x, const char *serial)
{
    unsigned char bytes[SERIAL_BYTES];
    if (str_unhex(serial, bytes, sizeof bytes) != sizeof bytes)
        return false;
    BIGNUM *n = BN_bin2bn(bytes, sizeof bytes, NULL);
    BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
    BN_free(n);
    return true;
}

/* NULL: that is no serial. */
static X509 *certificate_new(const char *subject, const char *issuer, EVP_PKEY *key,
                             int64_t from_ms, int64_t until_ms, const char *serial)
{
    X509 *x = X509_new();
    if (!set_serial(x, serial)) {
        X509_free(x);
        return NULL;
    }
    X509_set_version(x, X509_VERSION_3);
    ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(from_ms / 1000));
    ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(until_ms / 1000));
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               (const unsigned char *)subject, -1, -1, 0);
    X509_NAME_add_entry_by_txt(X509_get_issuer_name(x), "CN", MBSTRING_UTF8,
                               (const unsigned char *)issuer, -1, -1, 0);
    X509_set_pubkey(x, key);
    return x;
}

static int sign_and_print(X509 *x, EVP_PKEY *by, struct err *e, struct str *ret_pem)
{
    if (!x || X509_sign(x, by, NULL) <= 0)
        return fail(e, -EIO, "A certificate could not be signed");
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, x);
    take_bio(bio, ret_pem);
    return 0;
}

int authority_issue(const struct authority *a, const char *node, const char *serial,
                    const unsigned char key[AUTHORITY_KEY_SIZE], int64_t now_ms, int64_t until_ms,
                    struct err *e, struct str *ret_pem, struct identity *ret_i)
{
    struct identity i = {.from_ms = now_ms - AUTHORITY_CLOCK_MS, .until_ms = until_ms};
    if (!str_copy(i.node, sizeof i.node, node))
        return err_set(e, -EINVAL, "The name of a node has at most %d letters.",
                       AUTHORITY_NODE_SIZE - 1);
    EVP_PKEY *k = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, AUTHORITY_KEY_SIZE);
    if (!k)
        return fail(e, -EINVAL, "The agent's key can't be used");
    if (serial)
        str_copy(i.serial, sizeof i.serial, serial);
    else
        make_serial(i.serial);
    X509 *x = certificate_new(node, "Hydra agents", k, i.from_ms, until_ms, i.serial);
    int r = sign_and_print(x, a->key, e, ret_pem);
    X509_free(x);
    EVP_PKEY_free(k);
    if (r == 0)
        *ret_i = i;
    return r;
}

static X509 *parse(const void *der, size_t len)
{
    const unsigned char *p = der;
    X509 *x = d2i_X509(NULL, &p, (long)len);
    ERR_clear_error();
    return x;
}

static int64_t time_in(const ASN1_TIME *t)
{
    struct tm tm;
    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) * 1000 : 0;
}

static int read_identity(X509 *x, struct identity *ret_i)
{
    unsigned char bytes[16];
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
    if (ASN1_STRING_length(serial) != (int)sizeof bytes)
        return -EBADMSG;
    memcpy(bytes, ASN1_STRING_get0_data(serial), sizeof bytes);
    str_hex(bytes, sizeof bytes, ret_i->serial);
    int n = X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, ret_i->node,
                                      sizeof ret_i->node);
    ret_i->from_ms = time_in(X509_get0_notBefore(x));
    ret_i->until_ms = time_in(X509_get0_notAfter(x));
    return n > 0 ? 0 : -EBADMSG;
}

int authority_check(const struct authority *a, const void *der, size_t len, int64_t now_ms,
                    struct err *e, struct identity *ret_i)
{
    X509 *x = parse(der, len);
    struct identity i = {0};
    bool ours = x && X509_verify(x, a->key) == 1 && read_identity(x, &i) == 0;
    ERR_clear_error();
    X509_free(x);
    if (!ours)
        return err_set(e, -EKEYREJECTED,
                       "The agent's certificate is not of this Hydra: add the "
                       "node again.");
    if (now_ms > i.until_ms + AUTHORITY_CLOCK_MS || now_ms < i.from_ms - AUTHORITY_CLOCK_MS)
        return err_set(e, -EKEYEXPIRED,
                       "The certificate of %s is out of its time. Look at the clocks of the node "
                       "and of Hydra; if they are right, add the node again.",
                       i.node);
    *ret_i = i;
    return 0;
}

int authority_make_hub(const char *name, int64_t now_ms, struct err *e, struct str *ret_certificate,
                       struct str *ret_key)
{
    char serial[AUTHORITY_SERIAL_SIZE];
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (!key)
        return fail(e, -EIO, "A key for the hub could not be made");
    make_serial(serial);
    X509 *x = certificate_new(name, name, key, now_ms - AUTHORITY_CLOCK_MS, now_ms + HUB_YEARS_MS,
                              serial);
    int r = sign_and_print(x, key, e, ret_certificate);
    if (r == 0)
        print_key(key, ret_key);
    X509_free(x);
    EVP_PKEY_free(key);
    return r;
}
