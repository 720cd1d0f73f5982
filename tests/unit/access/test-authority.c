#include "../test.h"

#include "access/authority.h"
#include "rpc/tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static const int64_t now_ms = 1795549432196, day_ms = 24ll * 3600 * 1000;

struct agent {
    EVP_PKEY *key;
    unsigned char public_key[AUTHORITY_KEY_SIZE];
};

static struct agent agent_new(void)
{
    struct agent a = {.key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    size_t n = sizeof a.public_key;
    assert_int_equal(EVP_PKEY_get_raw_public_key(a.key, a.public_key, &n), 1);
    return a;
}

/* The PEM certificate as what a TLS peer shows. */
static void to_der(const struct str *pem, struct str *ret_der)
{
    BIO *bio = BIO_new_mem_buf(pem->p, (int)pem->len);
    X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    unsigned char *der = NULL;
    assert_non_null(x);
    int n = i2d_X509(x, &der);
    str_add_n(ret_der, der, (size_t)n);
    OPENSSL_free(der);
    X509_free(x);
    BIO_free(bio);
}

static void issue(struct authority *a, const char *node, struct str *ret_der,
                  struct identity *ret_i)
{
    struct agent agent = agent_new();
    struct str pem = {0};
    struct err e = {0};
    assert_int_equal(authority_issue(a, node, NULL, agent.public_key, now_ms, now_ms + 30 * day_ms,
                                     &e, &pem, ret_i),
                     0);
    to_der(&pem, ret_der);
    str_done(&pem);
    EVP_PKEY_free(agent.key);
}

static struct authority *fresh(void);

static void test_signs_by_the_hubs_key(void **state)
{
    (void)state;
    struct str certificate = {0}, key = {0};
    struct err e = {0};
    unsigned char raw[AUTHORITY_KEY_SIZE], signature[AUTHORITY_SIGNATURE_SIZE];
    assert_int_equal(authority_make_hub("Hydra", now_ms, &e, &certificate, &key), 0);
    assert_int_equal(authority_sign(key.p, "text", 4, &e, raw, signature), 0);
    assert_true(authority_is_proof(raw, "text", 4, signature, sizeof signature));
    assert_false(authority_is_proof(raw, "texT", 4, signature, sizeof signature));
    assert_int_equal(authority_sign("no key", "text", 4, &e, raw, signature), -EINVAL);
    str_done(&certificate);
    str_done(&key);
}

static void test_a_serial_again(void **state)
{
    (void)state;
    struct authority *a = fresh();
    struct agent agent = agent_new();
    struct str pem = {0}, der = {0};
    struct identity first, second, who;
    struct err e = {0};
    assert_int_equal(authority_issue(a, "tower", NULL, agent.public_key, now_ms, now_ms + day_ms,
                                     &e, &pem, &first),
                     0);
    str_clear(&pem);
    assert_int_equal(authority_issue(a, "tower", first.serial, agent.public_key, now_ms,
                                     now_ms + 2 * day_ms, &e, &pem, &second),
                     0);
    to_der(&pem, &der);
    assert_int_equal(authority_check(a, der.p, der.len, now_ms, &e, &who), 0);
    assert_string_equal(who.serial, first.serial);
    assert_int_equal(who.until_ms / 1000, (now_ms + 2 * day_ms) / 1000);
    assert_int_equal(authority_issue(a, "tower", "no serial", agent.public_key, now_ms, now_ms, &e,
                                     &pem, &second),
                     -EIO);
    str_done(&pem);
    str_done(&der);
    EVP_PKEY_free(agent.key);
    authority_free(a);
}

static struct authority *fresh(void)
{
    struct authority *a = NULL;
    assert_int_equal(authority_new(NULL, &a), 0);
    return a;
}

static void test_who_is_known_again(void **state)
{
    (void)state;
    struct authority *a = fresh(), *again = NULL;
    struct identity given, seen;
    struct str der = {0}, key = {0};
    issue(a, "hydra-ai", &der, &given);
    authority_key(a, &key);
    assert_int_equal(authority_open(str_text(&key), NULL, &again), 0);
    assert_int_equal(authority_check(again, der.p, der.len, now_ms, NULL, &seen), 0);
    assert_string_equal(seen.node, "hydra-ai");
    assert_string_equal(seen.serial, given.serial);
    assert_int_equal(strlen(seen.serial), 32);
    assert_int_equal(seen.until_ms, (now_ms + 30 * day_ms) / 1000 * 1000);
    authority_free(a);
    authority_free(again);
    str_done(&der);
    str_done(&key);
}

static void test_strangers(void **state)
{
    (void)state;
    struct authority *a = fresh(), *other = fresh();
    struct identity i = {.node = "untouched"};
    struct str der = {0}, pem = {0}, key = {0};
    struct err e = {0};
    issue(other, "hydra-ai", &der, &i);
    struct identity before = i;
    assert_int_equal(authority_check(a, der.p, der.len, now_ms, &e, &i), -EKEYREJECTED);
    assert_non_null(strstr(e.text, "add the node again"));
    for (size_t cut = 0; cut < der.len; cut += 7)
        assert_int_equal(authority_check(other, der.p, cut, now_ms, NULL, &i), -EKEYREJECTED);
    for (size_t at = 8; at < der.len; at += 5) {
        der.p[at] ^= 1;
        assert_int_equal(authority_check(other, der.p, der.len, now_ms, NULL, &i), -EKEYREJECTED);
        der.p[at] ^= 1;
    }
    assert_int_equal(authority_make_hub("hub", now_ms, NULL, &pem, &key), 0);
    str_clear(&der);
    to_der(&pem, &der);
    assert_int_equal(authority_check(a, der.p, der.len, now_ms, NULL, &i), -EKEYREJECTED);
    assert_memory_equal(&i, &before, sizeof i);
    authority_free(a);
    authority_free(other);
    str_done(&der);
    str_done(&pem);
    str_done(&key);
}

static void test_clocks(void **state)
{
    (void)state;
    static const struct {
        int64_t off_ms;
        int r;
    } rows[] = {{0, 0},
                {-AUTHORITY_CLOCK_MS, 0},
                {-2 * AUTHORITY_CLOCK_MS + 2000, 0},
                {-2 * AUTHORITY_CLOCK_MS - 2000, -EKEYEXPIRED},
                {30 * 24 * 3600000ll + AUTHORITY_CLOCK_MS - 2000, 0},
                {30 * 24 * 3600000ll + AUTHORITY_CLOCK_MS + 2000, -EKEYEXPIRED}};
    struct authority *a = fresh();
    struct identity given, seen;
    struct str der = {0};
    issue(a, "tower", &der, &given);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(authority_check(a, der.p, der.len, now_ms + rows[i].off_ms, NULL, &seen),
                         rows[i].r);
    authority_free(a);
    str_done(&der);
}

static void test_proofs(void **state)
{
    (void)state;
    struct agent a = agent_new(), b = agent_new();
    unsigned char signature[AUTHORITY_SIGNATURE_SIZE];
    size_t n = sizeof signature;
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(m, NULL, NULL, NULL, a.key), 1);
    assert_int_equal(EVP_DigestSign(m, signature, &n, (const unsigned char *)"token", 5), 1);
    EVP_MD_CTX_free(m);
    assert_true(authority_is_proof(a.public_key, "token", 5, signature, n));
    assert_false(authority_is_proof(b.public_key, "token", 5, signature, n));
    assert_false(authority_is_proof(a.public_key, "tokem", 5, signature, n));
    assert_false(authority_is_proof(a.public_key, "token", 5, signature, n - 1));
    signature[3] ^= 1;
    assert_false(authority_is_proof(a.public_key, "token", 5, signature, n));
    EVP_PKEY_free(a.key);
    EVP_PKEY_free(b.key);
}

static void test_pins(void **state)
{
    (void)state;
    struct str pem = {0}, key = {0}, der = {0};
    unsigned char pin[TLS_PIN_SIZE] = {0}, same[TLS_PIN_SIZE] = {0};
    assert_int_equal(authority_make_hub("hub", now_ms, NULL, &pem, &key), 0);
    to_der(&pem, &der);
    assert_int_equal(tls_pin(der.p, der.len, pin), 0);
    assert_int_equal(tls_pin(der.p, der.len, same), 0);
    assert_memory_equal(pin, same, sizeof pin);
    memset(same, 0, sizeof same);
    assert_int_equal(tls_pin_pem(str_text(&pem), same), 0);
    assert_memory_equal(pin, same, sizeof pin);
    assert_int_equal(tls_pin(der.p, der.len - 1, same), -EBADMSG);
    assert_int_equal(tls_pin_pem("no certificate", same), -EBADMSG);
    assert_non_null(strstr(str_text(&key), "PRIVATE KEY"));
    str_done(&pem);
    str_done(&key);
    str_done(&der);
}

static void test_bad_keys(void **state)
{
    (void)state;
    struct authority *a = NULL;
    struct err e = {0};
    assert_int_equal(authority_open("", &e, &a), -EINVAL);
    assert_int_equal(authority_open("-----BEGIN PRIVATE KEY-----\nxx\n", &e, &a), -EINVAL);
    assert_null(a);
    assert_non_null(strstr(e.text, "Ed25519"));
    a = fresh();
    char name[AUTHORITY_NODE_SIZE + 1];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    struct agent agent = agent_new();
    struct str pem = {0};
    struct identity i;
    assert_int_equal(authority_issue(a, name, NULL, agent.public_key, now_ms, now_ms, &e, &pem, &i),
                     -EINVAL);
    EVP_PKEY_free(agent.key);
    authority_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_who_is_known_again),
                                       cmocka_unit_test(test_signs_by_the_hubs_key),
                                       cmocka_unit_test(test_a_serial_again),
                                       cmocka_unit_test(test_strangers),
                                       cmocka_unit_test(test_clocks),
                                       cmocka_unit_test(test_proofs),
                                       cmocka_unit_test(test_pins),
                                       cmocka_unit_test(test_bad_keys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
