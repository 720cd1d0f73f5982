#include "node/mount-config.h"

#include "node/kfile.h"
#include "node/rooted.h"

#include <ctype.h>
#include <errno.h>
#include <mntent.h>
#include <unistd.h>

enum { LIMIT_FSTAB_LINE = 4096, LIMIT_FSTAB_LINES = 256 };

/* --- fstab --- */

static void add_line(struct mount_lines *l, const struct mntent *m)
{
    if (*m->mnt_dir != '/' || l->v.n == LIMIT_FSTAB_LINES)
        return;
    *(struct mount_line *)vec_add(&l->v) = (struct mount_line){
        .device = str_mend_utf8(mem_strdup(m->mnt_fsname)),
        .point = str_mend_utf8(mem_strdup(m->mnt_dir)),
        .type = str_mend_utf8(mem_strdup(m->mnt_type)),
        .remote = mount_type_is_remote(m->mnt_type) || hasmntopt(m, "_netdev"),
    };
}

int fstab_read(const char *root, struct mount_lines *ret_l)
{
    char buf[LIMIT_FSTAB_LINE];
    struct mntent m;
    int fd = rooted_open(root, "/etc/fstab", O_RDONLY);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
    if (!f) {
        int r = fd < 0 ? fd : -errno;
        if (fd >= 0)
            close(fd);
        return r;
    }
    *ret_l = (struct mount_lines){0};
    while (getmntent_r(f, &m, buf, sizeof buf))
        add_line(ret_l, &m);
    fclose(f);
    return 0;
}

void mount_lines_done(struct mount_lines *l)
{
    for (size_t i = 0; i < l->v.n; i++) {
        mem_free(l->v.v[i].device);
        mem_free(l->v.v[i].point);
        mem_free(l->v.v[i].type);
    }
    vec_done(&l->v);
}

const struct mount_line *mount_line_find(const struct mount_lines *l, const char *point)
{
    for (size_t i = l->v.n; i-- > 0;) /* the last one counts */
        if (str_eq(l->v.v[i].point, point))
            return &l->v.v[i];
    return NULL;
}

/* --- units --- */

bool mount_point_is_valid(const char *point)
{
    size_t n = strlen(point);
    AUTO(mem_freep) char *closed = mem_printf("%s/", point);
    return *point == '/' && n > 1 && !strstr(closed, "//") && !strstr(closed, "/./") &&
           !strstr(closed, "/../");
}

char *mount_unit_name(const char *point)
{
    struct str out = {0};
    for (const char *p = point + 1; *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool plain = (c < 0x80 && isalnum(c)) || c == ':' || c == '_' || (c == '.' && out.len);
        if (c == '/')
            str_add_char(&out, '-');
        else if (plain)
            str_add_char(&out, (char)c);
        else
            str_addf(&out, "\\x%02x", c);
    }
    str_add(&out, ".mount");
    return str_take(&out);
}

char *mount_unit_file(const char *root, const char *point)
{
    static const char *const folders[] = {
        "/etc/systemd/system",           "/run/systemd/system",     "/run/systemd/generator",
        "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
        "/run/systemd/generator.late",
    };
    AUTO(mem_freep) char *name = mount_unit_name(point);
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        if (kfile_exists(root, "%s/%s", folders[i], name))
            return mem_printf("%s/%s", folders[i], name);
    return NULL;
}

/* --- below another --- */

/* "nas:" of nas:/films, "//nas" of //nas/films: bytes; 0 = of no such type. */
static size_t server_len(const struct mount *m)
{
    const char *d = m->device, *path = NULL;
    if (str_starts(m->type, "nfs"))
        path = strstr(d, ":/");
    else if ((str_eq(m->type, "cifs") || str_eq(m->type, "smb3")) && str_starts(d, "//"))
        path = strchr(d + 2, '/');
    return path ? (size_t)(path - d) : 0;
}

/* Exports below an export, and folders below a share, are mounted by the kernel itself. */
static bool comes_back(const struct mount *m, const struct mount *above)
{
    if (str_eq(m->type, "autofs"))
        return true;
    size_t n = above ? server_len(above) : 0;
    return n && str_eq(m->type, above->type) && server_len(m) == n &&
           memcmp(m->device, above->device, n) == 0;
}

const struct mount *mount_lost_below(const char *root, const struct mount_list *l,
                                     const struct mount_lines *fstab, const char *point)
{
    const struct mount *above = mount_there(l, point);
    for (size_t i = 0; i < l->v.n; i++) {
        const struct mount *m = &l->v.v[i];
        if (str_eq(m->point, point) || !mount_is_at_or_below(m->point, point))
            continue;
        AUTO(mem_freep) char *file = mount_unit_file(root, m->point);
        if (file || mount_line_find(fstab, m->point) || !comes_back(m, above))
            return m;
    }
    return NULL;
}
