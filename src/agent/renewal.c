#include "agent/renewal.h"

#include "base/clock.h"
#include "base/log.h"
#include "node/wire.h"

enum { LOOK_EVERY_MS = 3600 * 1000 };

struct renewal {
    struct identity *identity;
    char *key; /* the next one; NULL = none was asked for */
    int (*send)(void *arg, const void *bytes, size_t len);
    void *arg;
    struct loop_timer *timer;
};

static void on_timer(void *arg)
{
    renewal_look(arg);
}

struct renewal *renewal_new(struct loop *loop, struct identity *i,
                            int (*send)(void *arg, const void *bytes, size_t len), void *arg)
{
    struct renewal *r = mem_alloc(sizeof *r);
    *r = (struct renewal){.identity = i, .send = send, .arg = arg};
    r->timer = loop_timer_new(loop, LOOK_EVERY_MS, LOOK_EVERY_MS, on_timer, r);
    return r;
}

void renewal_free(struct renewal *r)
{
    if (!r)
        return;
    loop_timer_free(r->timer);
    mem_free(r->key);
    mem_free(r);
}

static int ask(struct renewal *r, struct err *e)
{
    PB(FromAgent) m = HYDRA__AGENT__V1__FROM_AGENT__INIT;
    PB(CertificateRequest) c = HYDRA__AGENT__V1__CERTIFICATE_REQUEST__INIT;
    unsigned char key[KEY_RAW_SIZE], proof[KEY_SIGNATURE_SIZE];
    const char *node = r->identity->node;
    AUTO(str_done) struct str text = {0};
    int got = key_public(r->key, e, key);
    if (got >= 0)
        got = key_sign(r->key, node, strlen(node), e, proof);
    if (got < 0)
        return got;
    c.public_key = (ProtobufCBinaryData){sizeof key, key};
    c.proof = (ProtobufCBinaryData){sizeof proof, proof};
    m.body_case = HYDRA__AGENT__V1__FROM_AGENT__BODY_CERTIFICATE_REQUEST;
    m.certificate_request = &c;
    wire_print(&m.base, &text);
    got = r->send(r->arg, text.p, text.len);
    return got == -EPIPE ? 0 : got; /* there is no link: it asks when there is one */
}

void renewal_look(struct renewal *r)
{
    struct err e = {0};
    if (!identity_is_renewal_due(r->identity, clock_wall_ms()))
        return;
    int got = r->key ? 0 : identity_next_key(r->identity, &e, &r->key);
    if (got >= 0)
        got = ask(r, &e);
    if (got < 0)
        log_warn("agent", "no new certificate could be asked for", "error=%s",
                 LOG_Q(err_text(&e, got)));
}

bool renewal_take(struct renewal *r, const char *certificate)
{
    struct err e = {0};
    char until[CLOCK_RFC3339_SIZE];
    if (!r->key)
        return false;
    if (identity_renew(r->identity, r->key, certificate, &e) < 0) {
        log_warn("agent", "the new certificate can't be used", "error=%s", LOG_Q(e.text));
        return false;
    }
    mem_free(TAKE(r->key));
    log_info("agent", "has a new certificate", "until=%s",
             clock_rfc3339(r->identity->until_ms, until));
    return true;
}
