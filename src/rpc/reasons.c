/* These functions are called deprecated because OpenSSL loads all words by itself; that is the
 * point. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "rpc/reasons.h"

#include <openssl/err.h>
#include <openssl/opensslv.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdbool.h>

static atomic_bool are_postponed;

void reasons_postpone(void)
{
#if OPENSSL_VERSION_MAJOR == 3
    const uint64_t none = OPENSSL_INIT_NO_LOAD_SSL_STRINGS | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS;
    are_postponed = OPENSSL_init_ssl(none, NULL) == 1;
#endif
}

static void load(void)
{
#if OPENSSL_VERSION_MAJOR == 3
    ERR_load_ERR_strings();
    ERR_load_SSL_strings();
    ERR_load_X509_strings();
    ERR_load_ASN1_strings();
    ERR_load_PEM_strings();
    ERR_load_EVP_strings();
    ERR_load_EC_strings();
    ERR_load_CRYPTO_strings();
    ERR_load_BIO_strings();
    ERR_load_RAND_strings();
#endif
}

const char *reasons_take(void)
{
    static _Thread_local char text[160];
    unsigned long n = ERR_get_error();
    if (atomic_exchange(&are_postponed, false))
        load();
    const char *reason = ERR_reason_error_string(n);
    ERR_error_string_n(n, text, sizeof text);
    ERR_clear_error();
    return n == 0 ? "OpenSSL gave no reason" : reason ? reason : text;
}
