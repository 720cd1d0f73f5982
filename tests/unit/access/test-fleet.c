#include "rig.h"

#include "access/fleet-private.h"
#include "rpc/tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <unistd.h>

enum { MINUTE = 60 * 1000 };

/* --- a fleet beside the rig --- */

struct yard {
    struct rig *g;
    struct fleet *f;
    unsigned changed;
};

static void on_changed(void *arg)
{
    ((struct yard *)arg)->changed++;
}

static int open_fleet(struct yard *y, bool with_hooks, struct err *e)
{
    const struct fleet_hooks hooks = {y, on_changed};
    fleet_free(y->f);
    y->f = NULL;
    return fleet_new(y->g->f->store, y->g->f->folder, with_hooks ? &hooks : NULL, e, &y->f);
}

static struct yard *yard_new(void **state)
{
    struct yard *y = mem_alloc(sizeof *y);
    struct err e = {0};
    y->g = rig_new(*state);
    must(open_fleet(y, true, &e), &e);
    return y;
}

static void yard_free(struct yard *y)
{
    if (!y)
        return;
    fleet_free(y->f);
    rig_free(y->g);
    mem_free(y);
}
DEFINE_FREEP(struct yard, yard_free)

static int ask_token(struct yard *y, const char *node, bool replaces, int64_t ttl_ms, struct err *e,
                     char ret_secret[33], struct enrolment *ret_n)
{
    struct actor actor = by(y->g);
    const struct enrolment_request q = {
        .node = node, .reserved = "hub", .ttl_ms = ttl_ms, .replaces = replaces};
    return fleet_enrolment_add(y->f, y->g->db, &actor, &q, e, ret_secret, ret_n);
}

static struct enrolment token(struct yard *y, const char *node, bool replaces, char ret_secret[33])
{
    struct err e = {0};
    struct enrolment n;
    must(ask_token(y, node, replaces, 0, &e, ret_secret, &n), &e);
    return n;
}

static void yard_refresh(struct yard *y)
{
    struct err e = {0};
    must(fleet_refresh(y->f, y->g->db, y->g->now, &e), &e);
}

/* --- a machine --- */

struct machine {
    EVP_PKEY *key;
    unsigned char public_key[AUTHORITY_KEY_SIZE], proof[AUTHORITY_SIGNATURE_SIZE];
    struct str certificate; /* PEM */
    struct str der;
    struct identity identity;
};

static void sign(struct machine *m, const char *text)
{
    size_t n = sizeof m->proof;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(c, NULL, NULL, NULL, m->key), 1);
    assert_int_equal(EVP_DigestSign(c, m->proof, &n, (const unsigned char *)text, strlen(text)), 1);
    EVP_MD_CTX_free(c);
}

static void machine_init(struct machine *m)
{
    size_t n = sizeof m->public_key;
    *m = (struct machine){.key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    assert_int_equal(EVP_PKEY_get_raw_public_key(m->key, m->public_key, &n), 1);
}

static void machine_done(struct machine *m)
{
    EVP_PKEY_free(m->key);
    str_done(&m->certificate);
    str_done(&m->der);
}

static void keep_der(struct machine *m)
{
    BIO *bio = BIO_new_mem_buf(m->certificate.p, (int)m->certificate.len);
    X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    unsigned char *der = NULL;
    assert_non_null(x);
    int n = i2d_X509(x, &der);
    str_clear(&m->der);
    str_add_n(&m->der, der, (size_t)n);
    OPENSSL_free(der);
    X509_free(x);
    BIO_free(bio);
}

static struct enrol_claim claim_of(struct machine *m, const char *secret, const char *text)
{
    struct enrol_claim c = {.token = text,
                            .secret = secret,
                            .proof = m->proof,
                            .proof_len = sizeof m->proof,
                            .hostname = "tower.lan",
                            .machine_id = "0123",
                            .agent_version = "0.1.0",
                            .address = "192.0.2.7"};
    memcpy(c.public_key, m->public_key, sizeof c.public_key);
    return c;
}

static int come(struct yard *y, struct machine *m, const char *secret, struct err *e)
{
    const char *text = "hyn_the-whole-text";
    sign(m, text);
    struct enrol_claim c = claim_of(m, secret, text);
    int r = fleet_enrol(y->f, y->g->db, &c, y->g->now, e, &m->certificate, &m->identity);
    if (r >= 0)
        keep_der(m);
    return r;
}

static void join(struct yard *y, struct machine *m, const char *node, bool replaces)
{
    struct err e = {0};
    char secret[33];
    token(y, node, replaces, secret);
    must(come(y, m, secret, &e), &e);
}

static int admit(struct yard *y, const struct machine *m)
{
    struct identity i;
    return fleet_admit(y->f, m->der.p, m->der.len, y->g->now, NULL, &i);
}

static struct fleet_node only_node(struct yard *y)
{
    AUTO(mem_freep) struct fleet_node *nodes = NULL;
    assert_int_equal(fleet_nodes(y->f, &nodes), 1);
    return nodes[0];
}

static struct enrolment newest(struct yard *y)
{
    AUTO(mem_freep) struct enrolment *list = NULL;
    assert_true(fleet_enrolments(y->f, &list) > 0);
    return list[0];
}

/* --- what must hold --- */

static void names_of_nodes(void **state)
{
    (void)state;
    static const struct {
        const char *name, *id;
    } rows[] = {{"tower", "tower"},
                {"Tower", "tower"},
                {"nas-2.lan", "nas-2.lan"},
                {"7", "7"},
                {"012345678901234567890123456789012345678901234567890123456789012",
                 "012345678901234567890123456789012345678901234567890123456789012"},
                {"0123456789012345678901234567890123456789012345678901234567890123", NULL},
                {"", NULL},
                {"-a", NULL},
                {"a-", NULL},
                {".a", NULL},
                {"a b", NULL},
                {"a/b", NULL},
                {"a_b", NULL},
                {"t\xc3\xb6wer", NULL},
                {"a\n", NULL}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char id[AUTHORITY_NODE_SIZE] = "untouched";
        struct err e = {0};
        assert_int_equal(fleet_node_check(rows[i].name, &e, id), rows[i].id ? 0 : -EINVAL);
        assert_string_equal(id, rows[i].id ? rows[i].id : "untouched");
    }
}

static void a_machine_becomes_a_node(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct machine m, late;
    struct err e = {0};
    char secret[33];
    machine_init(&m);
    machine_init(&late);
    assert_true(fleet_is_empty(y->f));
    struct enrolment n = token(y, "Tower", false, secret);
    assert_false(fleet_is_empty(y->f));
    assert_int_equal(strlen(secret), 32);
    assert_string_equal(n.node, "tower");
    assert_string_equal(n.created_by, "boss");
    assert_int_equal(n.expires_ms, T0 + 15 * MINUTE);
    assert_int_equal(enrolment_state_at(&n, T0), ENROLMENT_WAITING);
    assert_int_equal(enrolment_state_at(&n, n.expires_ms), ENROLMENT_EXPIRED);
    assert_int_equal(y->changed, 1);
    must(come(y, &m, secret, &e), &e);
    assert_string_equal(m.identity.node, "tower");
    assert_int_equal(m.identity.until_ms, T0 + FLEET_CERTIFICATE_MS);
    assert_int_equal(admit(y, &m), 0);
    struct fleet_node node = only_node(y);
    assert_string_equal(node.id, "tower");
    assert_string_equal(node.hostname, "tower.lan");
    assert_string_equal(node.address, "192.0.2.7");
    assert_string_equal(node.serial, m.identity.serial);
    assert_int_equal(node.enrolled_ms, T0);
    assert_int_equal(node.seen_ms, 0);
    n = newest(y);
    assert_int_equal(enrolment_state_at(&n, T0), ENROLMENT_USED);
    assert_int_equal(y->changed, 2);

    assert_int_equal(come(y, &late, secret, &e), -EACCES); /* once is once */
    assert_non_null(strstr(e.text, "used already"));
    n = newest(y);
    assert_non_null(strstr(n.trouble, "used already"));
    assert_int_equal(n.trouble_ms, T0);
    assert_int_equal(admit(y, &m), 0);
    assert_int_equal(audited(y->g, "node.enrolment", "done"), 1);
    assert_int_equal(audited(y->g, "node.enrol", "done"), 1);
    assert_int_equal(audited(y->g, "node.enrol", "refused"), 1);
    machine_done(&m);
    machine_done(&late);
}

static void who_is_refused(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct machine m;
    struct err e = {0};
    char secret[33], old[33];
    machine_init(&m);
    assert_int_equal(come(y, &m, "00112233445566778899aabbccddeeff", &e), -EACCES);
    token(y, "tower", false, old);
    struct enrolment n = token(y, "tower", false, secret); /* the one before gives way */
    assert_int_equal(come(y, &m, old, &e), -EACCES);
    assert_non_null(strstr(e.text, "does not know"));

    sign(&m, "another text");
    struct enrol_claim c = claim_of(&m, secret, "hyn_the-whole-text");
    assert_int_equal(fleet_enrol(y->f, y->g->db, &c, T0, &e, &m.certificate, &m.identity),
                     -EBADMSG);
    assert_non_null(strstr(newest(y).trouble, "did not prove"));
    y->g->now = n.expires_ms;
    assert_int_equal(come(y, &m, secret, &e), -EACCES);
    assert_non_null(strstr(e.text, "expired"));
    assert_non_null(strstr(newest(y).trouble, "expired"));
    assert_int_equal(m.certificate.len, 0);
    assert_int_equal(ask(y->g->db, "SELECT count(*) FROM nodes"), 0);
    assert_int_equal(audited(y->g, "node.enrol", "refused"), 4);
    assert_int_equal(audited(y->g, "node.enrol", "done"), 0);
    machine_done(&m);
}

static void tokens_that_are_not_made(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct machine m;
    struct err e = {0};
    struct enrolment n;
    char secret[33];
    machine_init(&m);
    join(y, &m, "tower", false);
    assert_int_equal(ask_token(y, "tower", false, 0, &e, secret, &n), -EEXIST);
    assert_string_equal(e.field, "node");
    assert_int_equal(ask_token(y, "no such!", false, 0, &e, secret, &n), -EINVAL);
    e = (struct err){0};
    assert_int_equal(ask_token(y, "HUB", true, 0, &e, secret, &n), -EINVAL);
    assert_non_null(strstr(e.text, "runs on"));
    assert_int_equal(ask_token(y, "nas", false, MINUTE - 1, &e, secret, &n), -EINVAL);
    assert_int_equal(ask_token(y, "nas", false, LIMIT_ENROLMENT_MS + 1, &e, secret, &n), -EINVAL);
    for (int i = 0; i < LIMIT_ENROLMENTS_WAITING; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        must(ask_token(y, name, false, 0, &e, secret, &n), &e);
    }
    assert_int_equal(ask_token(y, "nas", false, 0, &e, secret, &n), -EBUSY);
    y->g->now += FLEET_ENROLMENT_MS; /* those have expired */
    must(ask_token(y, "nas", false, 0, &e, secret, &n), &e);
    machine_done(&m);
}

static void a_machine_takes_anothers_place(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct machine old, fresh, late;
    struct err e = {0};
    char secret[33], waits[33];
    machine_init(&old);
    machine_init(&fresh);
    machine_init(&late);
    token(y, "nas", false, waits);
    join(y, &old, "tower", false);
    join(y, &fresh, "tower", true);
    assert_int_equal(admit(y, &old), -EACCES);
    assert_int_equal(admit(y, &fresh), 0);
    assert_string_equal(only_node(y).serial, fresh.identity.serial);
    /* A token made before there was such a node replaces nothing. */
    run_sql(y->g, "UPDATE enrolments SET node = 'tower' WHERE node = 'nas'");
    assert_int_equal(come(y, &late, waits, &e), -EACCES);
    assert_non_null(strstr(e.text, "by now"));
    assert_int_equal(admit(y, &fresh), 0);
    token(y, "tower", true, secret);
    machine_done(&old);
    machine_done(&fresh);
    machine_done(&late);
}

/* Two machines with the same token at the same moment, each on a thread of its own. */
struct racer {
    pthread_t thread;
    struct yard *y;
    struct machine m;
    const char *secret;
    int r;
};

static void *race(void *arg)
{
    struct racer *me = arg;
    struct db *db = NULL;
    struct enrol_claim c = claim_of(&me->m, me->secret, "hyn_the-whole-text");
    me->r = store_take(me->y->g->f->store, NULL, &db);
    if (me->r >= 0)
        me->r = fleet_enrol(me->y->f, db, &c, T0, NULL, &me->m.certificate, &me->m.identity);
    store_give(db);
    return NULL;
}

static void one_of_two_gets_in(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct racer racers[4];
    char secret[33];
    unsigned in = 0;
    token(y, "tower", true, secret);
    for (size_t i = 0; i < COUNT_OF(racers); i++) {
        racers[i] = (struct racer){.y = y, .secret = secret};
        machine_init(&racers[i].m);
        sign(&racers[i].m, "hyn_the-whole-text");
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < COUNT_OF(racers); i++) {
        pthread_join(racers[i].thread, NULL);
        assert_true(racers[i].r == 0 || racers[i].r == -EACCES);
        in += racers[i].r == 0;
    }
    assert_int_equal(in, 1);
    for (size_t i = 0; i < COUNT_OF(racers); i++) {
        if (racers[i].r == 0)
            assert_string_equal(only_node(y).serial, racers[i].m.identity.serial);
        machine_done(&racers[i].m);
    }
}

/* For the key that `next` has already. */
static int renew_again(struct yard *y, const struct machine *m, struct machine *next)
{
    struct err e = {0};
    sign(next, m->identity.node);
    str_clear(&next->certificate);
    int r = fleet_renew(y->f, y->g->db, &m->identity, next->public_key, next->proof,
                        sizeof next->proof, y->g->now, &e, &next->certificate, &next->identity);
    if (r >= 0)
        keep_der(next);
    return r;
}

static int renew(struct yard *y, const struct machine *m, struct machine *ret_next)
{
    machine_init(ret_next);
    return renew_again(y, m, ret_next);
}

static void a_certificate_follows_another(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct err e = {0};
    struct machine first, second, third, lost;
    machine_init(&first);
    join(y, &first, "tower", false);
    y->g->now += FLEET_CERTIFICATE_MS - FLEET_RENEW_MS;
    assert_int_equal(renew(y, &first, &lost), 0); /* never shown */
    assert_int_equal(renew(y, &first, &second), 0);
    assert_int_equal(admit(y, &first), 0);
    assert_int_equal(admit(y, &second), 0);
    assert_int_equal(only_node(y).until_ms, y->g->now + FLEET_CERTIFICATE_MS);

    fleet_seen(y->f, &second.identity, "192.0.2.8", "0.2.0", y->g->now);
    assert_int_equal(admit(y, &first), -EACCES); /* at once, from memory */
    assert_int_equal(admit(y, &lost), -EACCES);
    assert_int_equal(renew(y, &second, &third), 0); /* before anything was written */
    assert_int_equal(admit(y, &second), 0);
    machine_done(&third);
    fleet_seen(y->f, &first.identity, "192.0.2.66", "6", y->g->now + 9); /* counts no more */
    yard_refresh(y);
    struct fleet_node n = only_node(y);
    assert_string_equal(n.address, "192.0.2.8");
    assert_string_equal(n.agent_version, "0.2.0");

    assert_int_equal(renew(y, &second, &third), 0);
    fleet_seen(y->f, &third.identity, NULL, NULL, y->g->now);
    yard_refresh(y);
    must(open_fleet(y, true, &e), &e); /* after a restart, too */
    assert_int_equal(admit(y, &second), -EACCES);
    assert_int_equal(admit(y, &third), 0);
    assert_int_equal(audited(y->g, "node.renew", "done"), 4);

    sign(&second, "nas"); /* the proof is of another name */
    assert_int_equal(fleet_renew(y->f, y->g->db, &third.identity, second.public_key, second.proof,
                                 sizeof second.proof, y->g->now, &e, &second.certificate,
                                 &second.identity),
                     -EBADMSG);
    machine_done(&lost);
    assert_int_equal(renew(y, &first, &lost), -EACCES);
    machine_done(&first);
    machine_done(&second);
    machine_done(&third);
    machine_done(&lost);
}

/* An agent that keeps its link: what it has on its disk is the first certificate, or any that was
 * sent since; the hub can't know which. */
static void what_an_agent_may_hold_counts(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct err e = {0};
    struct machine a, b, c, d, late;
    machine_init(&a);
    join(y, &a, "tower", false);
    assert_int_equal(renew(y, &a, &b), 0);
    assert_int_equal(renew(y, &a, &c), 0); /* b may have arrived, c not yet */
    assert_int_equal(admit(y, &a) | admit(y, &b) | admit(y, &c), 0);
    must(open_fleet(y, true, &e), &e); /* so it is in the database */
    assert_int_equal(admit(y, &a) | admit(y, &b) | admit(y, &c), 0);
    assert_int_equal(renew(y, &a, &d), 0); /* it asks anew, so c has arrived */
    assert_int_equal(admit(y, &a) | admit(y, &c) | admit(y, &d), 0);
    assert_int_equal(admit(y, &b), -EACCES);

    fleet_seen(y->f, &c.identity, NULL, NULL, y->g->now); /* the link broke before d arrived */
    assert_int_equal(admit(y, &c) | admit(y, &d), 0);
    assert_int_equal(admit(y, &a), -EACCES);
    assert_false(fleet_counts(y->f, "tower", a.identity.serial));
    assert_true(fleet_counts(y->f, "tower", c.identity.serial));
    assert_false(fleet_counts(y->f, "nas", c.identity.serial));
    assert_false(fleet_counts(y->f, "tower", ""));
    assert_int_equal(renew(y, &a, &late), -EACCES); /* before that is written, too */
    yard_refresh(y);
    must(open_fleet(y, true, &e), &e);
    assert_int_equal(admit(y, &c) | admit(y, &d), 0);
    assert_int_equal(admit(y, &a), -EACCES);
    machine_done(&a);
    machine_done(&b);
    machine_done(&c);
    machine_done(&d);
    machine_done(&late);
}

/* The link broke between the renewal and its delivery, any number of times. */
static void a_lost_renewal_is_given_again(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct machine a, b, c;
    char serial[AUTHORITY_SERIAL_SIZE];
    machine_init(&a);
    join(y, &a, "tower", false);
    assert_int_equal(renew(y, &a, &b), 0);
    assert_int_equal(renew(y, &a, &c), 0);
    str_copy(serial, sizeof serial, c.identity.serial);
    for (int i = 0; i < 5; i++) {
        y->g->now += MINUTE;
        assert_int_equal(renew_again(y, &a, &c), 0);
        assert_string_equal(c.identity.serial, serial);
        assert_int_equal(c.identity.until_ms, y->g->now + FLEET_CERTIFICATE_MS);
        assert_int_equal(only_node(y).until_ms, c.identity.until_ms);
        assert_int_equal(admit(y, &a) | admit(y, &b) | admit(y, &c), 0);
    }
    fleet_seen(y->f, &c.identity, NULL, NULL, y->g->now);
    assert_int_equal(admit(y, &c), 0);
    assert_int_equal(admit(y, &a), -EACCES);
    assert_int_equal(admit(y, &b), -EACCES);
    machine_done(&a);
    machine_done(&b);
    machine_done(&c);
}

/* The machine that a token let in comes again: its answer was lost. */
static void a_lost_answer_burns_no_token(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct machine old, m, other, next;
    struct err e = {0};
    char secret[33], serial[AUTHORITY_SERIAL_SIZE];
    machine_init(&old);
    machine_init(&m);
    machine_init(&other);
    join(y, &old, "tower", false);
    struct enrolment n = token(y, "tower", true, secret);
    must(come(y, &m, secret, &e), &e);
    str_copy(serial, sizeof serial, m.identity.serial);
    y->g->now = n.expires_ms - 1;
    str_clear(&m.certificate);
    must(come(y, &m, secret, &e), &e);
    assert_string_equal(m.identity.serial, serial);
    assert_string_equal(m.identity.node, "tower");
    assert_int_equal(m.identity.until_ms, y->g->now + FLEET_CERTIFICATE_MS);
    assert_int_equal(only_node(y).until_ms, m.identity.until_ms);
    assert_int_equal(admit(y, &m), 0);
    assert_int_equal(come(y, &other, secret, &e), -EACCES);
    assert_int_equal(come(y, &old, secret, &e), -EACCES);
    assert_non_null(strstr(e.text, "used already"));
    assert_int_equal(admit(y, &m), 0);

    y->g->now = n.expires_ms;
    assert_int_equal(come(y, &m, secret, &e), -EACCES);
    y->g->now = n.expires_ms - 1;
    assert_int_equal(renew(y, &m, &next), 0); /* it has had its answer, clearly */
    assert_int_equal(come(y, &next, secret, &e), -EACCES);
    assert_int_equal(come(y, &m, secret, &e), -EACCES);
    struct actor actor = by(y->g);
    must(fleet_node_remove(y->f, y->g->db, &actor, "tower", &e), &e);
    assert_int_equal(come(y, &m, secret, &e), -EACCES);
    machine_done(&old);
    machine_done(&m);
    machine_done(&other);
    machine_done(&next);
}

static void tokens_go_with_their_node(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct machine m, fresh;
    struct err e = {0};
    char secret[33], other[33];
    machine_init(&m);
    machine_init(&fresh);
    join(y, &m, "tower", false);
    token(y, "tower", true, secret);
    token(y, "nas", false, other);
    struct actor actor = by(y->g);
    must(fleet_node_remove(y->f, y->g->db, &actor, "tower", &e), &e);
    assert_int_equal(come(y, &fresh, secret, &e), -EACCES);
    assert_non_null(strstr(e.text, "does not know"));
    must(come(y, &fresh, other, &e), &e); /* that of another stays */
    assert_int_equal(ask(y->g->db, "SELECT count(*) FROM enrolments WHERE node = 'tower'"), 1);
    machine_done(&m);
    machine_done(&fresh);
}

/* The password goes to the place that it was set for, and with the node. */
static void controllers(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct machine m;
    struct err e = {0};
    struct actor actor = by(y->g);
    struct str secret = {0};
    struct fleet_bmc b = {.node = "tower", .address = "10.0.0.9", .user = "admin", .via = "nas"},
                     got;
    machine_init(&m);
    join(y, &m, "tower", false);
    assert_false(fleet_bmc(y->f, "tower", &got));
    assert_int_equal(fleet_bmc_set(y->f, y->g->db, &actor, &b, NULL, &e), -EINVAL);
    must(fleet_bmc_set(y->f, y->g->db, &actor, &b, "pass\"word", &e), &e);
    assert_true(fleet_bmc(y->f, "tower", &got));
    assert_string_equal(got.via, "nas");
    must(fleet_bmc_secret(y->f, "tower", "10.0.0.9", "nas", false, &e, &secret), &e);
    assert_string_equal(secret.p, "admin\npass\"word");
    assert_int_equal(fleet_bmc_secret(y->f, "tower", "10.0.0.8", "nas", false, &e, &secret),
                     -EINVAL);
    assert_int_equal(fleet_bmc_secret(y->f, "nas", "10.0.0.9", "nas", false, &e, &secret), -EINVAL);
    assert_int_equal(fleet_bmc_secret(y->f, "tower", "10.0.0.9", "hub", true, &e, &secret),
                     -EINVAL);
    assert_int_equal(ask(y->g->db, "SELECT count(*) FROM bmcs WHERE password LIKE '%pass%'"), 0);

    str_copy(b.user, sizeof b.user, "other"); /* alone: the password stays */
    must(fleet_bmc_set(y->f, y->g->db, &actor, &b, NULL, &e), &e);
    str_copy(b.address, sizeof b.address, "10.0.0.8");
    assert_int_equal(fleet_bmc_set(y->f, y->g->db, &actor, &b, NULL, &e), -EINVAL);
    must(db_exec(y->g->db, &e, "UPDATE bmcs SET address = '10.0.0.7'", ""), &e);
    must(open_fleet(y, true, &e), &e); /* behind our back: it opens nothing */
    assert_int_equal(fleet_bmc_secret(y->f, "tower", "10.0.0.7", "nas", false, &e, &secret),
                     -EBADMSG);
    assert_int_equal(audited(y->g, "bmc.set", "done"), 2);

    must(fleet_node_remove(y->f, y->g->db, &actor, "tower", &e), &e);
    assert_false(fleet_bmc(y->f, "tower", &got));
    assert_int_equal(fleet_bmc_remove(y->f, y->g->db, &actor, "tower", &e), -ENOENT);
    str_done(&secret);
    machine_done(&m);
}

static void a_removed_node_is_out(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct machine m, next;
    struct err e = {0};
    machine_init(&m);
    join(y, &m, "tower", false);
    struct actor actor = by(y->g);
    assert_int_equal(fleet_node_remove(y->f, y->g->db, &actor, "nas", &e), -ENOENT);
    y->changed = 0;
    must(fleet_node_remove(y->f, y->g->db, &actor, "tower", &e), &e);
    assert_int_equal(admit(y, &m), -EACCES);
    assert_int_equal(y->changed, 1); /* by it links end */
    assert_int_equal(renew(y, &m, &next), -EACCES);
    fleet_seen(y->f, &m.identity, "192.0.2.8", "0.2.0", y->g->now);
    yard_refresh(y);
    assert_true(fleet_is_empty(y->f));
    assert_int_equal(audited(y->g, "node.remove", "done"), 1);
    machine_done(&m);
    machine_done(&next);
}

static void what_another_process_does_is_noticed(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct machine m;
    struct err e = {0};
    struct fleet *other = NULL;
    char secret[33];
    machine_init(&m);
    must(fleet_new(y->g->f->store, y->g->f->folder, NULL, &e, &other), &e);
    struct actor actor = by(y->g);
    struct enrolment n;
    const struct enrolment_request q = {.node = "tower"};
    must(fleet_enrolment_add(other, y->g->db, &actor, &q, &e, secret, &n), &e);
    must(come(y, &m, secret, &e), &e); /* the database is asked, not memory */
    must(fleet_node_remove(other, y->g->db, &actor, "tower", &e), &e);
    assert_int_equal(admit(y, &m), 0);
    y->changed = 0;
    yard_refresh(y);
    assert_int_equal(admit(y, &m), -EACCES);
    assert_int_equal(y->changed, 1);
    yard_refresh(y);
    assert_int_equal(y->changed, 1);
    unsigned char pins[2][LIMIT_FLEET_PINS][FLEET_PIN_SIZE], pin[FLEET_PIN_SIZE];
    struct str certificate = {0}, key = {0};
    assert_int_equal(fleet_pins(y->f, pins[0]), 1);
    assert_int_equal(fleet_pins(other, pins[1]), 1);
    assert_memory_equal(pins[0][0], pins[1][0], FLEET_PIN_SIZE);
    fleet_hub_identity(other, &certificate, &key);
    assert_int_equal(tls_pin_pem(str_text(&certificate), pin), 0);
    assert_memory_equal(pin, pins[0][0], FLEET_PIN_SIZE);
    assert_non_null(strstr(str_text(&key), "PRIVATE KEY"));
    str_done(&certificate);
    str_done(&key);
    fleet_free(other);
    machine_done(&m);
}

static void when_it_was_seen_is_written_now_and_then(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct machine m;
    machine_init(&m);
    join(y, &m, "tower", false);
    fleet_seen(y->f, &m.identity, "192.0.2.8\n", "0.2.0", T0 + 5);
    assert_int_equal(only_node(y).seen_ms, T0 + 5);
    assert_string_equal(only_node(y).address, "192.0.2.8");
    yard_refresh(y);
    assert_int_equal(ask(y->g->db, "SELECT seen_ms FROM nodes"), T0 + 5);
    fleet_seen(y->f, &m.identity, NULL, NULL, T0 + 5 + FLEET_SEEN_EVERY_MS - 1);
    yard_refresh(y);
    assert_int_equal(ask(y->g->db, "SELECT seen_ms FROM nodes"), T0 + 5);
    char secret[33];
    token(y, "nas", false, secret); /* a new image keeps what the old one knew */
    assert_int_equal(only_node(y).seen_ms, T0 + 5 + FLEET_SEEN_EVERY_MS - 1);
    fleet_seen(y->f, &m.identity, NULL, NULL, T0 + 5 + FLEET_SEEN_EVERY_MS);
    yard_refresh(y);
    assert_int_equal(ask(y->g->db, "SELECT seen_ms FROM nodes"), T0 + 5 + FLEET_SEEN_EVERY_MS);
    machine_done(&m);
}

static void tokens_end(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct err e = {0};
    char secret[33];
    yard_refresh(y);
    struct enrolment n = token(y, "tower", false, secret);
    struct actor actor = by(y->g);
    must(fleet_enrolment_remove(y->f, y->g->db, &actor, n.id, &e), &e);
    assert_int_equal(fleet_enrolment_remove(y->f, y->g->db, &actor, n.id, &e), -ENOENT);
    assert_true(fleet_is_empty(y->f));
    n = token(y, "tower", false, secret);
    y->changed = 0;
    y->g->now = n.expires_ms;
    yard_refresh(y);
    assert_int_equal(y->changed, 1); /* that it expired is told, once */
    yard_refresh(y);
    assert_int_equal(y->changed, 1);
    assert_true(fleet_is_empty(y->f));
    y->g->now = n.expires_ms + FLEET_KEPT_MS + 1;
    yard_refresh(y);
    yard_refresh(y);
    AUTO(mem_freep) struct enrolment *list = NULL;
    assert_int_equal(fleet_enrolments(y->f, &list), 0);
    assert_int_equal(audited(y->g, "node.enrolment.remove", "done"), 1);
}

/* --- the keys --- */

static void the_database_alone_opens_nothing(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    assert_int_equal(ask(y->g->db, "SELECT count(*) FROM settings WHERE key LIKE 'agents_%'"), 3);
    assert_int_equal(ask(y->g->db, "SELECT count(*) FROM settings WHERE value LIKE '%PRIVATE%' OR "
                                   "value LIKE '%CERTIFICATE%'"),
                     0);
}

static void a_lost_key_file(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    AUTO(mem_freep) char *file = in_folder(y->g->f, SEAL_FILE);
    AUTO(mem_freep) char *away = in_folder(y->g->f, "away");
    struct machine m;
    struct err e = {0};
    machine_init(&m);
    join(y, &m, "tower", false);
    rename(file, away);
    assert_int_equal(open_fleet(y, true, &e), -ENOKEY);
    assert_non_null(strstr(e.text, SEAL_FILE));
    assert_non_null(strstr(e.text, "is missing"));
    assert_non_null(strstr(e.text, "its 1 node "));
    assert_non_null(strstr(e.text, "hydrad node reset"));
    assert_false(exists(file)); /* none is made in its place */
    rename(away, file);
    must(open_fleet(y, true, &e), &e);
    assert_int_equal(admit(y, &m), 0);

    unlink(file);
    struct seal *other = NULL;
    must(seal_make(y->g->f->folder, &e, &other), &e);
    seal_free(other);
    assert_int_equal(open_fleet(y, true, &e), -ENOKEY);
    assert_non_null(strstr(e.text, "is not the key of this database"));
    struct actor actor = by(y->g);
    assert_int_equal(fleet_reset(y->g->db, &actor, &e), 1);
    must(open_fleet(y, false, &e), &e);
    assert_true(fleet_is_empty(y->f));
    assert_true(admit(y, &m) < 0);
    assert_int_equal(audited(y->g, "node.reset", "done"), 1);
    machine_done(&m);
}

static void without_nodes_a_lost_key_is_made_anew(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    AUTO(mem_freep) char *file = in_folder(y->g->f, SEAL_FILE);
    struct err e = {0};
    char secret[33];
    unsigned char before[LIMIT_FLEET_PINS][FLEET_PIN_SIZE], after[LIMIT_FLEET_PINS][FLEET_PIN_SIZE];
    fleet_pins(y->f, before);
    token(y, "tower", false, secret);
    unlink(file);
    assert_int_equal(open_fleet(y, false, &e), -ENOKEY); /* not by a verb beside a server */
    assert_false(exists(file));
    must(open_fleet(y, true, &e), &e);
    fleet_pins(y->f, after);
    assert_memory_not_equal(before[0], after[0], FLEET_PIN_SIZE);
    assert_true(fleet_is_empty(y->f)); /* the token carried the key that is gone */
    must(open_fleet(y, false, &e), &e);
    fleet_pins(y->f, before);
    assert_memory_equal(before[0], after[0], FLEET_PIN_SIZE);
}

static struct fleet_rotation rotation_of(struct yard *y)
{
    struct fleet_rotation r;
    fleet_rotation(y->f, &r);
    return r;
}

static void the_next_key_waits_for_everybody(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct machine tower, attic;
    struct err e = {0};
    unsigned char pins[LIMIT_FLEET_PINS][FLEET_PIN_SIZE], later[LIMIT_FLEET_PINS][FLEET_PIN_SIZE];
    machine_init(&tower);
    machine_init(&attic);
    join(y, &tower, "tower", false);
    join(y, &attic, "attic", false);
    struct actor actor = by(y->g);
    assert_int_equal(fleet_rotate(y->f, y->g->db, &actor, 1000, &e), -EINVAL);
    y->changed = 0;
    must(fleet_rotate(y->f, y->g->db, &actor, FLEET_ROTATION_MS, &e), &e);
    assert_int_equal(y->changed, 1);
    assert_int_equal(fleet_rotate(y->f, y->g->db, &actor, FLEET_ROTATION_MS, &e), -EEXIST);
    assert_int_equal(fleet_pins(y->f, pins), 2);
    fleet_told_keys(y->f, "tower");
    fleet_told_keys(y->f, "tower");
    yard_refresh(y);
    must(open_fleet(y, true, &e), &e); /* a restart remembers */
    struct fleet_rotation r = rotation_of(y);
    assert_true(r.under_way);
    assert_int_equal(r.nodes, 2);
    assert_int_equal(r.missing.n, 1);
    assert_string_equal(r.missing.v[0], "attic");
    fleet_rotation_done(&r);
    yard_refresh(y);
    assert_int_equal(fleet_pins(y->f, later), 2);
    assert_memory_equal(pins, later, sizeof pins[0] * 2);
    fleet_told_keys(y->f, "attic");
    yard_refresh(y);
    yard_refresh(y); /* what was written is read */
    assert_int_equal(fleet_pins(y->f, later), 1);
    assert_memory_equal(pins[1], later[0], FLEET_PIN_SIZE);
    assert_int_equal(admit(y, &tower), 0); /* the authority is the same */
    assert_int_equal(audited(y->g, "keys.rotate", "done"), 1);
    assert_int_equal(audited(y->g, "keys.retire", "done"), 1);
    must(open_fleet(y, true, &e), &e);
    assert_int_equal(fleet_pins(y->f, later), 1);
    assert_memory_equal(pins[1], later[0], FLEET_PIN_SIZE);
    machine_done(&tower);
    machine_done(&attic);
}

static void the_next_key_does_not_wait_for_ever(void **state)
{
    AUTO(yard_freep) struct yard *y = yard_new(state);
    struct machine m;
    struct err e = {0};
    char secret[33];
    unsigned char pins[LIMIT_FLEET_PINS][FLEET_PIN_SIZE];
    machine_init(&m);
    join(y, &m, "tower", false);
    token(y, "shed", false, secret); /* names the present key */
    struct actor actor = by(y->g);
    must(fleet_rotate(y->f, y->g->db, &actor, 2 * MINUTE, &e), &e);
    fleet_told_keys(y->f, "tower");
    yard_refresh(y);
    yard_refresh(y);
    assert_int_equal(fleet_pins(y->f, pins), 2); /* the token still waits */
    must(fleet_refresh(y->f, y->g->db, actor.now_ms + 2 * MINUTE, &e), &e);
    must(fleet_refresh(y->f, y->g->db, actor.now_ms + 2 * MINUTE, &e), &e);
    assert_int_equal(fleet_pins(y->f, pins), 1);
    struct machine shed;
    machine_init(&shed);
    assert_int_equal(come(y, &shed, secret, &e), -EACCES);
    machine_done(&shed);
    machine_done(&m);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_nodes),
        cmocka_unit_test(a_machine_becomes_a_node),
        cmocka_unit_test(who_is_refused),
        cmocka_unit_test(tokens_that_are_not_made),
        cmocka_unit_test(a_machine_takes_anothers_place),
        cmocka_unit_test(one_of_two_gets_in),
        cmocka_unit_test(a_certificate_follows_another),
        cmocka_unit_test(what_an_agent_may_hold_counts),
        cmocka_unit_test(a_lost_renewal_is_given_again),
        cmocka_unit_test(a_lost_answer_burns_no_token),
        cmocka_unit_test(tokens_go_with_their_node),
        cmocka_unit_test(controllers),
        cmocka_unit_test(a_removed_node_is_out),
        cmocka_unit_test(what_another_process_does_is_noticed),
        cmocka_unit_test(when_it_was_seen_is_written_now_and_then),
        cmocka_unit_test(tokens_end),
        cmocka_unit_test(the_next_key_waits_for_everybody),
        cmocka_unit_test(the_next_key_does_not_wait_for_ever),
        cmocka_unit_test(the_database_alone_opens_nothing),
        cmocka_unit_test(a_lost_key_file),
        cmocka_unit_test(without_nodes_a_lost_key_is_made_anew),
    };
    return RUN_ON_BOTH(tests);
}
