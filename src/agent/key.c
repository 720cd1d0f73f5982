/* Ed25519 keys as PEM, by OpenSSL. */
#include "agent/identity.h"
#include "rpc/reasons.h"

#include <openssl/err.h>
#include <openssl/pem.h>

static int fail(struct err *e, int code, const char *what)
{
    return err_set(e, code, "%s: %s.", what, reasons_take());
}

int key_make(struct err *e, char **ret_pem)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    BIO *bio = BIO_new(BIO_s_secmem());
    char *bytes = NULL;
    bool ok = key && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    long n = ok ? BIO_get_mem_data(bio, &bytes) : 0;
    if (n > 0)
        *ret_pem = mem_strndup(bytes, (size_t)n);
    BIO_free(bio);
    EVP_PKEY_free(key);
    return n > 0 ? 0 : fail(e, -EIO, "A key could not be made");
}

static EVP_PKEY *read_key(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    if (key && EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

int key_public(const char *pem, struct err *e, unsigned char ret_raw[KEY_RAW_SIZE])
{
    EVP_PKEY *key = read_key(pem);
    size_t n = KEY_RAW_SIZE;
    bool ok = key && EVP_PKEY_get_raw_public_key(key, ret_raw, &n) == 1;
    EVP_PKEY_free(key);
    return ok ? 0 : fail(e, -EBADMSG, "The agent's key can't be read");
}

int key_sign(const char *pem, const void *message, size_t len, struct err *e,
             unsigned char ret_signature[KEY_SIGNATURE_SIZE])
{
    EVP_PKEY *key = read_key(pem);
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    size_t n = KEY_SIGNATURE_SIZE;
    bool ok = key && EVP_DigestSignInit(m, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestSign(m, ret_signature, &n, message, len) == 1;
    EVP_MD_CTX_free(m);
    EVP_PKEY_free(key);
    return ok ? 0 : fail(e, -EBADMSG, "The agent's key can't sign");
}

bool key_is_proof(const unsigned char raw[KEY_RAW_SIZE], const void *message, size_t len,
                  const unsigned char signature[KEY_SIGNATURE_SIZE])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, KEY_RAW_SIZE);
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    bool ok = key && EVP_DigestVerifyInit(m, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestVerify(m, signature, KEY_SIGNATURE_SIZE, message, len) == 1;
    EVP_MD_CTX_free(m);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return ok;
}
