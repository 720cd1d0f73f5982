#include "agent/identity.h"

#include "folder.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../test.h"

static void remember(BIO *bio, char **ret_text)
{
    char *bytes = NULL;
    long n = BIO_get_mem_data(bio, &bytes);
    *ret_text = mem_strndup(bytes, (size_t)n);
    BIO_free(bio);
}

/* A certificate for this key, that it signs itself. */
static char *certify(const char *key_pem, int64_t from_ms, int64_t until_ms)
{
    BIO *in = BIO_new_mem_buf(key_pem, -1), *out = BIO_new(BIO_s_mem());
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    X509 *x = X509_new();
    char *text;
    ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(from_ms / 1000));
    ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(until_ms / 1000));
    X509_set_pubkey(x, key);
    assert_true(X509_sign(x, key, NULL) > 0);
    PEM_write_bio_X509(out, x);
    remember(out, &text);
    X509_free(x);
    EVP_PKEY_free(key);
    BIO_free(in);
    return text;
}

static struct identity make(const char *dir)
{
    struct err e = {0};
    struct identity i = {.dir = mem_strdup(dir),
                         .address = mem_strdup("hub.lan:7771"),
                         .node = mem_strdup("tower"),
                         .pins = {.n = 2}};
    memset(i.pins.v[1], 0xab, TLS_PIN_SIZE);
    assert_int_equal(key_make(&e, &i.key), 0);
    i.certificate = certify(i.key, 1000000, 10000000);
    return i;
}

static int set_up(void **state)
{
    *state = mem_alloc(FOLDER_SIZE);
    folder_make(*state);
    return 0;
}

static int tear_down(void **state)
{
    folder_remove(*state);
    mem_free(*state);
    return 0;
}

static void what_was_saved_is_opened(void **state)
{
    const char *dir = *state;
    struct err e = {0};
    struct identity a = make(dir), b = {0};
    struct stat st;
    char path[FOLDER_SIZE + 16];
    assert_int_equal(identity_open(dir, &e, &b), -ENOENT);
    assert_non_null(strstr(e.text, "hydra-agent enroll"));
    assert_int_equal(identity_save(&a, &e), 0);
    assert_int_equal(identity_open(dir, &e, &b), 0);
    assert_string_equal(b.address, "hub.lan:7771");
    assert_string_equal(b.node, "tower");
    assert_string_equal(b.key, a.key);
    assert_true(pins_equal(&a.pins, &b.pins));
    assert_int_equal(b.from_ms, 1000000);
    assert_int_equal(b.until_ms, 10000000);
    assert_false(identity_is_renewal_due(&b, 6999999));
    assert_true(identity_is_renewal_due(&b, 7000000));
    snprintf(path, sizeof path, "%s/key.pem", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    identity_done(&a);
    identity_done(&b);
}

/* A disk that is full: what is in memory is what a restart would find. */
static void keys_that_can_not_be_saved_are_not_taken(void **state)
{
    const char *dir = *state;
    struct err e = {0};
    struct identity a = make(dir), b = {0};
    struct pins one = {.n = 1}, before = a.pins;
    AUTO(mem_freep) char *in_the_way = mem_printf("%s/hub.json.new", dir);
    assert_int_equal(identity_save(&a, &e), 0);
    assert_int_equal(mkdir(in_the_way, 0700), 0);
    assert_true(identity_set_pins(&a, &one, &e) < 0);
    assert_true(pins_equal(&a.pins, &before));
    assert_int_equal(rmdir(in_the_way), 0);
    assert_int_equal(identity_set_pins(&a, &one, &e), 0);
    assert_true(pins_equal(&a.pins, &one));
    assert_int_equal(identity_open(dir, &e, &b), 0);
    assert_true(pins_equal(&b.pins, &one));
    identity_done(&a);
    identity_done(&b);
}

/* Each file cut at each byte: an error that says so, or the same identity; never another. */
static void damaged_files_are_said(void **state)
{
    const char *dir = *state;
    static const char *const names[] = {"hub.json", "key.pem", "certificate.pem"};
    struct err e = {0};
    struct identity a = make(dir), b = {0};
    AUTO(str_done) struct str file = {0};
    assert_int_equal(identity_save(&a, &e), 0);
    for (size_t n = 0; n < COUNT_OF(names); n++) {
        folder_read(dir, names[n], &file);
        for (size_t cut = 0; cut < file.len; cut++) {
            folder_write(dir, names[n], file.p, cut);
            int r = identity_open(dir, &e, &b);
            if (r < 0) {
                assert_int_equal(r, -EBADMSG);
                assert_non_null(strstr(e.text, "Enrol this node again"));
            } else {
                assert_true(cut + 2 >= file.len); /* the line's end was not needed */
                identity_done(&b);
            }
        }
        folder_write(dir, names[n], file.p, file.len);
    }
    identity_done(&a);
}

static void a_renewal_that_was_cut_off_is_finished(void **state)
{
    const char *dir = *state;
    struct err e = {0};
    struct identity a = make(dir), b = {0};
    AUTO(mem_freep) char *key = NULL;
    assert_int_equal(identity_save(&a, &e), 0);
    assert_int_equal(identity_next_key(&a, &e, &key), 0);
    assert_string_not_equal(key, a.key);
    AUTO(mem_freep) char *certificate = certify(key, 5000000, 50000000);
    assert_int_equal(identity_open(dir, &e, &b), 0); /* nothing has changed yet */
    assert_string_equal(b.key, a.key);
    identity_done(&b);
    folder_write(dir, "certificate.pem", certificate, strlen(certificate));
    assert_int_equal(identity_open(dir, &e, &b), 0);
    assert_string_equal(b.key, key);
    assert_int_equal(b.until_ms, 50000000);
    identity_done(&b);
    identity_done(&a);
}

static void renewal_takes_only_a_certificate_of_its_key(void **state)
{
    const char *dir = *state;
    struct err e = {0};
    struct identity a = make(dir), b = {0};
    AUTO(mem_freep) char *key = NULL;
    assert_int_equal(identity_save(&a, &e), 0);
    assert_int_equal(identity_next_key(&a, &e, &key), 0);
    assert_int_equal(identity_renew(&a, key, a.certificate, &e), -EKEYREJECTED);
    assert_int_equal(identity_renew(&a, key, "nonsense", &e), -EKEYREJECTED);
    AUTO(mem_freep) char *certificate = certify(key, 5000000, 50000000);
    assert_int_equal(identity_renew(&a, key, certificate, &e), 0);
    assert_int_equal(a.until_ms, 50000000);
    assert_int_equal(identity_open(dir, &e, &b), 0);
    assert_string_equal(b.key, key);
    assert_string_equal(b.certificate, certificate);
    assert_int_equal(folder_count(dir, "key-next.pem"), 0);
    identity_done(&a);
    identity_done(&b);
}

static void an_identity_that_was_replaced_is_noticed(void **state)
{
    const char *dir = *state;
    struct err e = {0};
    struct identity a = make(dir), b = {0};
    struct pins other = {.n = 1, .v = {{7}}};
    assert_int_equal(identity_save(&a, &e), 0);
    assert_int_equal(identity_open(dir, &e, &b), 0);
    assert_false(identity_is_replaced(&b));
    assert_int_equal(identity_set_pins(&b, &other, &e), 0);
    assert_false(identity_is_replaced(&b));      /* that was this agent itself */
    assert_false(identity_is_same_node(&a, &b)); /* a hub set up anew at the same address */
    a.pins = other;
    assert_true(identity_is_same_node(&a, &b));
    mem_set_str(&a.node, "attic");
    assert_false(identity_is_same_node(&a, &b));
    assert_int_equal(identity_save(&a, &e), 0);
    assert_true(identity_is_replaced(&b));
    identity_done(&a);
    identity_done(&b);
}

/* `enroll` was here while an agent runs: its files are left alone. */
static void what_was_enrolled_anew_is_not_overwritten(void **state)
{
    const char *dir = *state;
    struct err e = {0};
    struct identity a = make(dir), b = make(dir), c = {0};
    struct pins other = {.n = 1, .v = {{7}}};
    AUTO(mem_freep) char *key = NULL;
    assert_int_equal(identity_save(&a, &e), 0);
    assert_int_equal(identity_next_key(&a, &e, &key), 0);
    AUTO(mem_freep) char *certificate = certify(key, 5000000, 50000000);
    mem_set_str(&b.node, "attic");
    assert_int_equal(identity_save(&b, &e), 0);
    assert_int_equal(identity_renew(&a, key, certificate, &e), -ESTALE);
    assert_int_equal(identity_set_pins(&a, &other, &e), -ESTALE);
    assert_int_equal(a.pins.n, 2);
    assert_int_equal(identity_open(dir, &e, &c), 0);
    assert_string_equal(c.node, "attic");
    assert_string_equal(c.key, b.key);
    assert_string_equal(c.certificate, b.certificate);
    assert_int_equal(c.pins.n, 2);
    assert_int_equal(identity_renew(&b, key, certificate, &e), 0); /* its own it may write */
    char path[FOLDER_SIZE + 16];
    snprintf(path, sizeof path, "%s/hub.json", dir);
    unlink(path); /* `enroll` is at work */
    assert_int_equal(identity_set_pins(&b, &other, &e), -ESTALE);
    identity_done(&a);
    identity_done(&b);
    identity_done(&c);
}

static void a_key_to_enrol_with_stays_until_it_is_done(void **state)
{
    const char *dir = *state;
    struct err e = {0};
    struct identity a = make(dir);
    AUTO(mem_freep) char *first = NULL;
    AUTO(mem_freep) char *second = NULL;
    AUTO(mem_freep) char *third = NULL;
    assert_int_equal(identity_enrol_key(dir, &e, &first), 0);
    assert_int_equal(identity_enrol_key(dir, &e, &second), 0);
    assert_string_equal(first, second);
    folder_write(dir, "key-enrol.pem", first, 20); /* damaged: a new one */
    assert_int_equal(identity_enrol_key(dir, &e, &third), 0);
    assert_string_not_equal(third, first);
    assert_int_equal(identity_save(&a, &e), 0);
    assert_int_equal(folder_count(dir, "key-enrol.pem"), 0);
    identity_done(&a);
}

static void pins_are_taken_whole_or_not(void **state)
{
    unsigned char bytes[LIMIT_IDENTITY_PINS + 1][TLS_PIN_SIZE] = {{1}, {2}};
    struct pin_bytes list[LIMIT_IDENTITY_PINS + 1];
    struct pins p = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(list); i++)
        list[i] = (struct pin_bytes){bytes[i], TLS_PIN_SIZE};
    assert_false(pins_take(list, 0, &p));
    assert_false(pins_take(list, COUNT_OF(list), &p));
    assert_true(pins_take(list, 2, &p));
    assert_true(pins_have(&p, bytes[0]) && pins_have(&p, bytes[1]) && !pins_have(&p, bytes[2]));
    list[1].len--;
    assert_false(pins_take(list, 2, &p));
}

static void new_pins_are_kept(void **state)
{
    const char *dir = *state;
    struct err e = {0};
    struct identity a = make(dir), b = {0};
    struct pins other = {.n = 1, .v = {{7}}};
    assert_int_equal(identity_save(&a, &e), 0);
    assert_int_equal(identity_set_pins(&a, &other, &e), 0);
    assert_int_equal(identity_open(dir, &e, &b), 0);
    assert_true(pins_equal(&b.pins, &other));
    identity_done(&a);
    identity_done(&b);
}

static void a_folder_is_made_and_used_once(void **state)
{
    struct err e = {0};
    AUTO(mem_freep) char *dir = mem_printf("%s/a/b", (const char *)*state);
    struct stat st;
    assert_int_equal(identity_make_folder(dir, &e), 0);
    assert_int_equal(identity_make_folder(dir, &e), 0);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    int lock = identity_lock(dir, &e);
    assert_true(lock >= 0);
    assert_int_equal(identity_lock(dir, &e), -EBUSY);
    close(lock);
    lock = identity_lock(dir, &e);
    assert_true(lock >= 0);
    close(lock);
}

static void a_key_signs_what_its_public_half_proves(void **state)
{
    struct err e = {0};
    AUTO(mem_freep) char *pem = NULL;
    unsigned char raw[KEY_RAW_SIZE], signature[KEY_SIGNATURE_SIZE];
    (void)state;
    assert_int_equal(key_make(&e, &pem), 0);
    assert_int_equal(key_public(pem, &e, raw), 0);
    assert_int_equal(key_sign(pem, "tower", 5, &e, signature), 0);
    EVP_PKEY *k = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, sizeof raw);
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(m, NULL, NULL, NULL, k), 1);
    assert_int_equal(
        EVP_DigestVerify(m, signature, sizeof signature, (const unsigned char *)"tower", 5), 1);
    EVP_MD_CTX_free(m);
    EVP_PKEY_free(k);
    assert_int_equal(key_public("no key", &e, raw), -EBADMSG);
    assert_int_equal(key_sign("no key", "x", 1, &e, signature), -EBADMSG);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_saved_is_opened),
        TEST(keys_that_can_not_be_saved_are_not_taken),
        TEST(damaged_files_are_said),
        TEST(a_renewal_that_was_cut_off_is_finished),
        TEST(renewal_takes_only_a_certificate_of_its_key),
        TEST(an_identity_that_was_replaced_is_noticed),
        TEST(what_was_enrolled_anew_is_not_overwritten),
        TEST(a_key_to_enrol_with_stays_until_it_is_done),
        TEST(pins_are_taken_whole_or_not),
        TEST(new_pins_are_kept),
        TEST(a_folder_is_made_and_used_once),
        TEST(a_key_signs_what_its_public_half_proves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
