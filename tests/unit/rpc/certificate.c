#include "certificate.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

static void take_pem(BIO *bio, struct str *to)
{
    char *bytes = NULL;
    long n = BIO_get_mem_data(bio, &bytes);
    str_add_n(to, bytes, (size_t)n);
    BIO_free(bio);
}

void certificate_make(const char *name, struct certificate *ret_c)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509 *x = X509_new();
    X509_NAME *subject = X509_get_subject_name(x);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1,
                               0);
    X509_set_issuer_name(x, subject);
    X509_set_pubkey(x, key);
    X509_sign(x, key, NULL);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, x);
    take_pem(bio, &ret_c->certificate);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    take_pem(bio, &ret_c->key);
    X509_free(x);
    EVP_PKEY_free(key);
}

void certificate_done(struct certificate *c)
{
    str_done(&c->certificate);
    str_done(&c->key);
}
