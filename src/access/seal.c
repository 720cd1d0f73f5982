#include "access/seal.h"

#include "base/rand.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION "x1:"

enum {
    KEY_SIZE = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    MAC_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    HEX_SIZE = 2 * KEY_SIZE,
    FILE_SIZE = HEX_SIZE + 1, /* and a line's end */
};

struct seal {
    unsigned char key[KEY_SIZE];
};

/* --- the key file --- */

static int parse(const char *file, char text[FILE_SIZE + 1], struct err *e, struct seal **ret_s)
{
    AUTO(seal_freep) struct seal *s = mem_alloc(sizeof *s);
    if (str_unhex(str_trim(text), s->key, sizeof s->key) != KEY_SIZE)
        return err_set(e, -EBADMSG,
                       "%s is no key of Hydra (it has 64 hex digits). Put the file back from a "
                       "backup of the data folder.",
                       file);
    *ret_s = TAKE(s);
    return 0;
}

static int cant(struct err *e, const char *file, const char *what)
{
    int code = -errno;
    return err_set(e, code, "%s can't be %s: %s.%s", file, what, strerror(-code),
                   code == -EACCES ? " Run hydrad as the user that the data folder belongs to."
                                   : "");
}

int seal_open(const char *folder, struct err *e, struct seal **ret_s)
{
    AUTO(mem_freep) char *file = mem_printf("%s/" SEAL_FILE, folder);
    char text[FILE_SIZE + 1] = "";
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return cant(e, file, "read");
    ssize_t n = read(fd, text, FILE_SIZE);
    int r = n < 0 ? cant(e, file, "read") : parse(file, text, e, ret_s);
    (void)!fchmod(fd, 0600); /* a restored one may have lost its mode; not ours: left as it is */
    close(fd);
    sodium_memzero(text, sizeof text);
    return r;
}

static int write_key(const char *file, struct err *e)
{
    unsigned char key[KEY_SIZE];
    char text[FILE_SIZE + 1];
    randombytes_buf(key, sizeof key);
    str_hex(key, sizeof key, text);
    text[HEX_SIZE] = '\n';
    int r = 0, fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return cant(e, file, "made");
    if (write(fd, text, FILE_SIZE) != FILE_SIZE || fsync(fd) < 0)
        r = cant(e, file, "written");
    close(fd);
    sodium_memzero(key, sizeof key);
    sodium_memzero(text, sizeof text);
    return r;
}

static void sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!fsync(fd); /* not every file system can: the key itself is synced */
    close(fd);
}

/* Written whole beside its place first: nobody ever reads half a key. */
static int make_file(const char *folder, struct err *e)
{
    char id[RAND_ID_SIZE];
    AUTO(mem_freep) char *file = mem_printf("%s/" SEAL_FILE, folder);
    AUTO(mem_freep) char *draft = mem_printf("%s/" SEAL_FILE ".%s", folder, rand_id(id));
    int r = write_key(draft, e);
    if (r >= 0 && link(draft, file) < 0 && errno != EEXIST)
        r = cant(e, file, "made");
    unlink(draft);
    sync_folder(folder);
    return r;
}

int seal_make(const char *folder, struct err *e, struct seal **ret_s)
{
    int r = seal_open(folder, e, ret_s);
    if (r != -ENOENT)
        return r;
    r = make_file(folder, e);
    return r < 0 ? r : seal_open(folder, e, ret_s);
}

void seal_free(struct seal *s)
{
    if (!s)
        return;
    sodium_memzero(s, sizeof *s);
    mem_free(s);
}

/* --- what is sealed --- */

void seal_text(const struct seal *s, const char *purpose, const char *plain, struct str *ret_text)
{
    size_t n = strlen(plain), size = NONCE_SIZE + n + MAC_SIZE;
    AUTO(mem_freep) unsigned char *bytes = mem_alloc(size);
    AUTO(mem_freep) char *text = mem_alloc((size + 2) / 3 * 4 + 1);
    randombytes_buf(bytes, NONCE_SIZE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        bytes + NONCE_SIZE, NULL, (const unsigned char *)plain, n, (const unsigned char *)purpose,
        strlen(purpose), NULL, bytes, s->key);
    str_base64url(bytes, size, text);
    str_add(ret_text, VERSION);
    str_add(ret_text, text);
}

int seal_read(const struct seal *s, const char *purpose, const char *text, struct str *ret_plain)
{
    size_t n = strlen(text);
    AUTO(mem_freep) unsigned char *bytes = mem_alloc(n + 1);
    int got = str_starts(text, VERSION) ? str_unbase64url(text + strlen(VERSION), bytes, n) : -1;
    if (got < NONCE_SIZE + MAC_SIZE)
        return -EBADMSG;
    size_t len = (size_t)got - NONCE_SIZE - MAC_SIZE;
    unsigned char *plain = mem_alloc(len + 1);
    int r = crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, NULL, NULL, bytes + NONCE_SIZE, (size_t)got - NONCE_SIZE,
        (const unsigned char *)purpose, strlen(purpose), bytes, s->key);
    if (r == 0)
        str_add_n(ret_plain, plain, len);
    sodium_memzero(plain, len);
    mem_free(plain);
    return r == 0 ? 0 : -EBADMSG;
}

void seal_wipe(struct str *secret)
{
    if (secret->p)
        sodium_memzero(secret->p, secret->len);
    str_done(secret);
}
