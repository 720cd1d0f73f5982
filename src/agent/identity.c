#include "agent/identity.h"

#include "base/json.h"
#include "io/folder.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* --- pins --- */

bool pins_have(const struct pins *p, const unsigned char pin[TLS_PIN_SIZE])
{
    for (size_t i = 0; i < p->n; i++)
        if (memcmp(p->v[i], pin, TLS_PIN_SIZE) == 0)
            return true;
    return false;
}

bool pins_equal(const struct pins *a, const struct pins *b)
{
    return a->n == b->n && memcmp(a->v, b->v, a->n * TLS_PIN_SIZE) == 0;
}

bool pins_take(const struct pin_bytes *v, size_t n, struct pins *ret_pins)
{
    struct pins p = {.n = n};
    if (n == 0 || n > LIMIT_IDENTITY_PINS)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (v[i].len != TLS_PIN_SIZE)
            return false;
        memcpy(p.v[i], v[i].p, TLS_PIN_SIZE);
    }
    *ret_pins = p;
    return true;
}

/* --- files --- */

int identity_make_folder(const char *dir, struct err *e)
{
    return folder_make_own(dir, "--state", "hydra-agent", e);
}

int identity_lock(const char *dir, struct err *e)
{
    AUTO(mem_freep) char *path = mem_printf("%s/agent.lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(e, -errno, "%s can't be opened: %s.", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        return err_set(e, -EBUSY,
                       "Another hydra-agent already uses %s. Stop it, or name another folder with "
                       "--state.",
                       dir);
    }
    return fd;
}

static int read_file(const char *dir, const char *name, struct err *e, char **ret_text)
{
    char path[4096], buf[4096];
    struct str text = {0};
    ssize_t n = 0;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(e, -errno, "%s can't be read: %s.", path, strerror(errno));
    while (text.len <= LIMIT_IDENTITY_FILE && (n = read(fd, buf, sizeof buf)) > 0)
        str_add_n(&text, buf, (size_t)n);
    int r = n < 0 ? -errno : text.len > LIMIT_IDENTITY_FILE ? -EFBIG : 0;
    close(fd);
    if (r < 0) {
        str_done(&text);
        return err_set(e, r, "%s can't be read: %s.", path, strerror(-r));
    }
    *ret_text = str_take(&text);
    return 0;
}

static int sync_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return r;
}

static int put(const char *path, const char *text)
{
    size_t n = strlen(text);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    ssize_t put = write(fd, text, n);
    int r = put < 0 ? -errno : (size_t)put < n ? -ENOSPC : fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return r;
}

/* The old content or the new one, whatever happens meanwhile. */
static int write_file(const char *dir, const char *name, const char *text, struct err *e)
{
    AUTO(mem_freep) char *path = mem_printf("%s/%s", dir, name);
    AUTO(mem_freep) char *fresh = mem_printf("%s.new", path);
    int r = put(fresh, text);
    if (r == 0 && rename(fresh, path) < 0)
        r = -errno;
    if (r == 0)
        r = sync_folder(dir);
    return r < 0 ? err_set(e, r, "%s can't be written: %s.", path, strerror(-r)) : 0;
}

static int remove_file(const char *dir, const char *name)
{
    AUTO(mem_freep) char *path = mem_printf("%s/%s", dir, name);
    return unlink(path) < 0 ? -errno : 0;
}

/* Whoever writes several files, or looks at one to write another, is alone: `enroll` comes while an
 * agent runs. Close what is returned. */
static int alone(const char *dir, struct err *e)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
    do
        r = fd < 0 || flock(fd, LOCK_EX) < 0 ? -errno : 0;
    while (r == -EINTR);
    if (r < 0 && fd >= 0)
        close(fd);
    return r < 0 ? err_set(e, r, "The folder %s can't be locked: %s.", dir, strerror(-r)) : fd;
}

/* --- the certificate --- */

static int64_t time_in(const ASN1_TIME *t)
{
    struct tm tm;
    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) * 1000 : 0;
}

/* Its times, when it is of this key. */
static bool fits(const char *certificate, const char *key, int64_t *ret_from, int64_t *ret_until)
{
    BIO *text = BIO_new_mem_buf(certificate, -1);
    X509 *x = PEM_read_bio_X509(text, NULL, NULL, NULL);
    unsigned char ours[KEY_RAW_SIZE], theirs[KEY_RAW_SIZE];
    size_t n = sizeof theirs;
    bool ok = x && key_public(key, NULL, ours) == 0 &&
              EVP_PKEY_get_raw_public_key(X509_get0_pubkey(x), theirs, &n) == 1 &&
              n == sizeof theirs && memcmp(ours, theirs, n) == 0;
    if (ok) {
        *ret_from = time_in(X509_get0_notBefore(x));
        *ret_until = time_in(X509_get0_notAfter(x));
    }
    ERR_clear_error();
    X509_free(x);
    BIO_free(text);
    return ok;
}

/* --- hub.json --- */

/* Another one each time the file is replaced; 0 = there is none. */
static uint64_t stamp_of(const char *dir)
{
    AUTO(mem_freep) char *path = mem_printf("%s/hub.json", dir);
    struct stat st;
    if (stat(path, &st) < 0)
        return 0;
    return (uint64_t)st.st_ino * 1000003 ^
           ((uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec);
}

static int save_hub(const struct identity *i, struct err *e)
{
    AUTO(str_done) struct str text = {0};
    char hex[2 * TLS_PIN_SIZE + 1];
    struct jw w = jw_begin(&text);
    jw_object(&w);
    jw_key_str(&w, "address", i->address);
    jw_key_str(&w, "node", i->node);
    jw_key(&w, "pins");
    jw_array(&w);
    for (size_t k = 0; k < i->pins.n; k++) {
        str_hex(i->pins.v[k], TLS_PIN_SIZE, hex);
        jw_str(&w, hex);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    str_add_char(&text, '\n');
    return write_file(i->dir, "hub.json", text.p, e);
}

static bool read_pins(const json_t *list, struct pins *ret_pins)
{
    struct pins p = {.n = json_array_size(list)};
    if (p.n == 0 || p.n > LIMIT_IDENTITY_PINS)
        return false;
    for (size_t k = 0; k < p.n; k++) {
        const char *hex = json_string_value(json_array_get(list, k));
        if (!hex || str_unhex(hex, p.v[k], TLS_PIN_SIZE) != TLS_PIN_SIZE)
            return false;
    }
    *ret_pins = p;
    return true;
}

static int damaged(const struct identity *i, const char *file, struct err *e)
{
    return err_set(e, -EBADMSG,
                   "%s/%s is damaged. Enrol this node again: on the hub, `hydrad node add NAME "
                   "--replace` gives a token for `hydra-agent enroll`.",
                   i->dir, file);
}

static int read_hub(struct identity *i, struct err *e)
{
    AUTO(mem_freep) char *text = NULL;
    json_t *hub = NULL;
    i->stamp = stamp_of(i->dir);
    int r = read_file(i->dir, "hub.json", e, &text);
    if (r < 0)
        return r;
    if (!text || json_parse(text, strlen(text), LIMIT_IDENTITY_FILE, NULL, &hub) < 0)
        return damaged(i, "hub.json", e);
    i->address = mem_strdup(json_get_str(hub, "address", ""));
    i->node = mem_strdup(json_get_str(hub, "node", ""));
    bool ok = *i->address && *i->node && read_pins(json_object_get(hub, "pins"), &i->pins);
    json_decref(hub);
    return ok ? 0 : damaged(i, "hub.json", e);
}

/* --- the whole --- */

/* A renewal was cut off between its two files: the certificate is of the next key already. */
static bool finish_renewal(struct identity *i)
{
    char *next = NULL;
    if (read_file(i->dir, "key-next.pem", NULL, &next) < 0)
        return false;
    struct err e = {0};
    bool ok = fits(i->certificate, next, &i->from_ms, &i->until_ms) &&
              write_file(i->dir, "key.pem", next, &e) == 0;
    if (ok) {
        mem_free(i->key);
        i->key = TAKE(next);
    }
    mem_free(next);
    return ok;
}

static int read_all(struct identity *i, struct err *e)
{
    int r = read_hub(i, e);
    if (r >= 0)
        r = read_file(i->dir, "key.pem", e, &i->key);
    if (r >= 0)
        r = read_file(i->dir, "certificate.pem", e, &i->certificate);
    if (r < 0)
        return r;
    if (!fits(i->certificate, i->key, &i->from_ms, &i->until_ms) && !finish_renewal(i))
        return damaged(i, "certificate.pem", e);
    return 0;
}

bool identity_is_replaced(const struct identity *i)
{
    uint64_t now = stamp_of(i->dir);
    return now && now != i->stamp;
}

bool identity_is_same_node(const struct identity *a, const struct identity *b)
{
    bool trusted = false; /* a hub that was set up anew at the same address has other keys */
    for (size_t i = 0; i < b->pins.n && !trusted; i++)
        trusted = pins_have(&a->pins, b->pins.v[i]);
    return trusted && str_eq(a->node, b->node) && str_eq(a->address, b->address);
}

bool identity_is_there(const char *dir)
{
    AUTO(mem_freep) char *path = mem_printf("%s/hub.json", dir);
    return access(path, F_OK) == 0;
}

int identity_open(const char *dir, struct err *e, struct identity *ret_i)
{
    struct identity i = {.dir = mem_strdup(dir)};
    int r = identity_is_there(dir)
                ? read_all(&i, e)
                : err_set(e, -ENOENT,
                          "This machine is no node of Hydra yet: %s has no hub.json. On the hub, "
                          "`hydrad node add NAME` gives a token; `hydra-agent enroll TOKEN` uses "
                          "it.",
                          dir);
    if (r < 0)
        identity_done(&i);
    else
        *ret_i = i;
    return r;
}

void identity_done(struct identity *i)
{
    mem_free(i->dir);
    mem_free(i->key);
    mem_free(i->certificate);
    mem_free(i->address);
    mem_free(i->node);
    *i = (struct identity){0};
}

int identity_enrol_key(const char *dir, struct err *e, char **ret_key)
{
    char *key = NULL;
    unsigned char raw[KEY_RAW_SIZE];
    if (read_file(dir, "key-enrol.pem", NULL, &key) >= 0 && key && !key_public(key, NULL, raw)) {
        *ret_key = key;
        return 0;
    }
    mem_free(TAKE(key));
    int r = key_make(e, &key);
    if (r >= 0)
        r = write_file(dir, "key-enrol.pem", key, e);
    if (r < 0)
        mem_free(key);
    else
        *ret_key = key;
    return r;
}

static int save_all(struct identity *i, struct err *e)
{
    remove_file(i->dir, "hub.json"); /* what was enrolled before ends here */
    int r = write_file(i->dir, "key.pem", i->key, e);
    if (r >= 0)
        r = write_file(i->dir, "certificate.pem", i->certificate, e);
    if (r >= 0)
        r = save_hub(i, e);
    if (r >= 0)
        remove_file(i->dir, "key-enrol.pem");
    i->stamp = stamp_of(i->dir);
    return r;
}

int identity_save(struct identity *i, struct err *e)
{
    int lock = alone(i->dir, e);
    if (lock < 0)
        return lock;
    int r = save_all(i, e);
    close(lock);
    return r;
}

/* Alone with files that are still those of this identity. */
static int alone_with(const struct identity *i, struct err *e)
{
    int lock = alone(i->dir, e);
    if (lock < 0 || stamp_of(i->dir) == i->stamp)
        return lock;
    close(lock);
    return err_set(e, -ESTALE, "%s holds another enrolment by now.", i->dir);
}

int identity_set_pins(struct identity *i, const struct pins *pins, struct err *e)
{
    int lock = alone_with(i, e);
    if (lock < 0)
        return lock;
    struct identity fresh = *i;
    fresh.pins = *pins;
    int r = save_hub(&fresh, e);
    if (r >= 0)
        i->pins = *pins;
    i->stamp = stamp_of(i->dir);
    close(lock);
    return r;
}

int identity_next_key(const struct identity *i, struct err *e, char **ret_key)
{
    char *key = NULL;
    int r = key_make(e, &key);
    if (r >= 0)
        r = write_file(i->dir, "key-next.pem", key, e);
    if (r < 0)
        mem_free(key);
    else
        *ret_key = key;
    return r;
}

static int write_renewed(const struct identity *i, const char *key, const char *certificate,
                         struct err *e)
{
    int lock = alone_with(i, e);
    if (lock < 0)
        return lock;
    int r = write_file(i->dir, "certificate.pem", certificate, e);
    if (r >= 0)
        r = write_file(i->dir, "key.pem", key, e);
    if (r >= 0)
        remove_file(i->dir, "key-next.pem");
    close(lock);
    return r;
}

int identity_renew(struct identity *i, const char *key, const char *certificate, struct err *e)
{
    int64_t from, until;
    if (!fits(certificate, key, &from, &until))
        return err_set(e, -EKEYREJECTED,
                       "The hub sent a certificate that is not of the key it was asked for.");
    int r = write_renewed(i, key, certificate, e);
    if (r < 0)
        return r;
    mem_set_str(&i->key, key);
    mem_set_str(&i->certificate, certificate);
    i->from_ms = from;
    i->until_ms = until;
    return 0;
}

bool identity_is_renewal_due(const struct identity *i, int64_t now_ms)
{
    return now_ms >= i->until_ms - (i->until_ms - i->from_ms) / 3;
}
