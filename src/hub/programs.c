#include "hub/programs.h"

#include "base/log.h"
#include "base/str.h"
#include "base/vec.h"
#include "node/version.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct found {
    struct program program; /* version "": no agent */
    struct stat st;
};

struct found_list {
    VEC(struct found) v;
};

struct programs {
    struct programs_settings settings;
    char *folder;
    struct found_list now, next; /* the latter is the worker's, while it is at work */
    bool is_looking, stopped;
    int64_t look_at_ms;
};

/* --- one file --- */

static const char *arch_name(const char *arch)
{
    if (str_starts(arch, "armv"))
        return str_starts(arch, "armv8") ? "aarch64" : "arm";
    if (strlen(arch) == 4 && arch[0] == 'i' && str_eq(arch + 2, "86"))
        return "i686";
    return str_eq(arch, "arm64") ? "aarch64" : arch;
}

static const char *arch_of_elf(const unsigned char *bytes, size_t len)
{
    static const struct {
        unsigned machine;
        const char *arch;
    } known[] = {{EM_X86_64, "x86_64"}, {EM_AARCH64, "aarch64"}, {EM_ARM, "arm"},
                 {EM_386, "i686"},      {EM_RISCV, "riscv64"},   {EM_PPC64, "ppc64le"},
                 {EM_S390, "s390x"}};
    if (len < sizeof(Elf32_Ehdr) || memcmp(bytes, ELFMAG, SELFMAG) != 0)
        return NULL;
    bool big = bytes[EI_DATA] == ELFDATA2MSB;
    const unsigned char *m = bytes + offsetof(Elf32_Ehdr, e_machine); /* the same in both classes */
    unsigned machine = big ? (unsigned)m[0] << 8 | m[1] : (unsigned)m[1] << 8 | m[0];
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (known[i].machine == machine)
            return known[i].arch;
    return NULL;
}

static bool is_version_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && strchr(".-+~", c));
}

static bool read_version(const unsigned char *bytes, size_t len,
                         char ret_version[PROGRAM_TEXT_SIZE])
{
    const unsigned char *mark =
        memmem(bytes, len, AGENT_VERSION_MARK, sizeof AGENT_VERSION_MARK - 1);
    if (!mark)
        return false;
    mark += sizeof AGENT_VERSION_MARK - 1;
    size_t n = 0, left = len - (size_t)(mark - bytes);
    while (n < left && n < PROGRAM_TEXT_SIZE && is_version_char(mark[n]))
        n++;
    if (n == 0 || n == PROGRAM_TEXT_SIZE || n == left || mark[n])
        return false;
    memcpy(ret_version, mark, n);
    ret_version[n] = 0;
    return true;
}

int program_read(const unsigned char *bytes, size_t len, struct program *ret_p)
{
    struct program p = {.size = len, .fd = -1};
    const char *arch = arch_of_elf(bytes, len);
    if (!arch)
        return -ENOEXEC;
    if (!read_version(bytes, len, p.version))
        return -ENOENT;
    str_copy(p.arch, sizeof p.arch, arch);
    crypto_hash_sha256(p.sha256, bytes, len);
    *ret_p = p;
    return 0;
}

/* --- on a worker --- */

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* What was looked at before need not be read again. `now` changes only when no worker is at work.
 */
static bool is_known(const struct programs *p, const struct stat *st, struct found *ret_f)
{
    for (size_t i = 0; i < p->now.v.n; i++)
        if (same_file(&p->now.v.v[i].st, st)) {
            *ret_f = p->now.v.v[i];
            ret_f->program.fd =
                ret_f->program.fd < 0 ? -1 : fcntl(ret_f->program.fd, F_DUPFD_CLOEXEC, 3);
            return true;
        }
    return false;
}

static void read_file(int fd, struct found *f)
{
    size_t len = (size_t)f->st.st_size;
    unsigned char *bytes = mem_try_alloc(len + 1);
    size_t got = 0;
    ssize_t n = 0;
    while (bytes && got < len && (n = pread(fd, bytes + got, len - got, (off_t)got)) > 0)
        got += (size_t)n;
    if (bytes && got == len && program_read(bytes, len, &f->program) == 0)
        f->program.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    mem_free(bytes);
}

static void look_at(struct programs *p, const char *path)
{
    struct found f = {.program.fd = -1};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool good = fd >= 0 && fstat(fd, &f.st) == 0 && S_ISREG(f.st.st_mode) && f.st.st_size > 0 &&
                f.st.st_size <= LIMIT_PROGRAM_BYTES && p->next.v.n < LIMIT_PROGRAMS;
    if (good && !is_known(p, &f.st, &f))
        read_file(fd, &f);
    if (good)
        *vec_add(&p->next.v) = f;
    if (fd >= 0)
        close(fd);
}

static void look_at_folder(struct programs *p)
{
    DIR *d = opendir(p->folder);
    const struct dirent *e;
    while (d && (e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        AUTO(mem_freep) char *path = mem_printf("%s/%s", p->folder, e->d_name);
        look_at(p, path);
    }
    if (d)
        closedir(d);
}

static void look_beside_us(struct programs *p)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    char *slash = strrchr(path, '/');
    if (!slash)
        return;
    *slash = 0;
    AUTO(mem_freep) char *agent = mem_printf("%s/hydra-agent", path);
    look_at(p, agent);
}

static void finish(void *arg);

static void look(void *arg)
{
    struct programs *p = arg;
    look_at_folder(p);
    look_beside_us(p);
    loop_post(p->settings.loop, finish, p);
}

/* --- on the loop --- */

static void list_done(struct found_list *l)
{
    for (size_t i = 0; i < l->v.n; i++)
        if (l->v.v[i].program.fd >= 0)
            close(l->v.v[i].program.fd);
    vec_done(&l->v);
}

static bool same_list(const struct found_list *a, const struct found_list *b)
{
    bool same = a->v.n == b->v.n;
    for (size_t i = 0; same && i < a->v.n; i++)
        same = same_file(&a->v.v[i].st, &b->v.v[i].st);
    return same;
}

static void finish(void *arg)
{
    struct programs *p = arg;
    struct found_list before = p->now;
    bool same = same_list(&p->now, &p->next);
    p->now = p->next;
    p->next = (struct found_list){0};
    p->is_looking = false;
    list_done(&before);
    if (same || p->stopped)
        return;
    for (size_t i = 0; i < p->now.v.n; i++)
        if (*p->now.v.v[i].program.version)
            log_debug("programs", "agent to hand out", "version=%s arch=%s",
                      p->now.v.v[i].program.version, p->now.v.v[i].program.arch);
    p->settings.changed(p->settings.arg);
}

void programs_tick(struct programs *p, int64_t now_mono_ms)
{
    if (p->is_looking || now_mono_ms < p->look_at_ms)
        return;
    p->look_at_ms = now_mono_ms + PROGRAMS_EVERY_MS;
    p->is_looking = workers_submit(p->settings.workers, look, p) >= 0;
}

const struct program *programs_find(const struct programs *p, const char *arch)
{
    const struct program *best = NULL;
    const char *name = arch_name(arch);
    for (size_t i = 0; i < p->now.v.n; i++) {
        const struct program *one = &p->now.v.v[i].program;
        if (one->fd >= 0 && str_eq(one->arch, name) &&
            (!best || strverscmp(one->version, best->version) > 0))
            best = one;
    }
    return best;
}

const char *programs_newer(const struct programs *p, const char *arch, const char *version)
{
    const struct program *one = programs_find(p, arch);
    bool newer = one && *version && strverscmp(one->version, version) > 0;
    return newer ? one->version : NULL;
}

struct programs *programs_new(const struct programs_settings *s)
{
    struct programs *p = mem_alloc(sizeof *p);
    p->settings = *s;
    p->folder = mem_strdup(s->folder ? s->folder : "");
    return p;
}

static void free_self(void *arg)
{
    struct programs *p = arg;
    list_done(&p->now);
    list_done(&p->next);
    mem_free(p->folder);
    mem_free(p);
}

/* Freed by the loop, after the last answer of a worker that points here. */
void programs_free(struct programs *p)
{
    if (!p)
        return;
    p->stopped = true;
    loop_post(p->settings.loop, free_self, p);
}
