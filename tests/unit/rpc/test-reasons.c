#include "../test.h"

#include "rpc/reasons.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

static void fail_to_read_a_certificate(void)
{
    BIO *bio = BIO_new_mem_buf("nothing of the kind", -1);
    assert_null(PEM_read_bio_X509(bio, NULL, NULL, NULL));
    BIO_free(bio);
}

static void words_come_with_the_first_error(void **state)
{
    (void)state;
    reasons_postpone();
    fail_to_read_a_certificate();
    unsigned long n = ERR_peek_error();
    assert_int_not_equal(n, 0);
#if OPENSSL_VERSION_MAJOR == 3
    assert_null(ERR_reason_error_string(n)); /* nothing was loaded for it */
#endif
    assert_string_equal(reasons_take(), "no start line");
    assert_int_equal(ERR_peek_error(), 0);
    assert_string_equal(reasons_take(), "OpenSSL gave no reason");
    ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER);
    assert_string_equal(reasons_take(), "wrong version number");
    ERR_raise(ERR_LIB_SSL, 4000); /* unknown to all: its number */
    assert_non_null(strstr(reasons_take(), "4000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words_come_with_the_first_error)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
