#include "node/journal-usage.h"

#include "base/str.h"
#include "node/rooted.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 512, LIMIT_FILES = 20000, US_PER_MS = 1000 };

/* "system@FILE-SEQUENCE-TIME.journal": microseconds, in hex. 0 = it is not in the name. */
static int64_t since_of(const char *name)
{
    const char *dash = strrchr(name, '-');
    char *end;
    if (!dash)
        return 0;
    unsigned long long us = strtoull(dash + 1, &end, 16);
    return end == dash + 17 && us <= INT64_MAX ? (int64_t)us / US_PER_MS : 0;
}

/* "…@….journal" was put aside whole; "…@….journal~" after a crash, with another name. */
bool journal_usage_add(struct journal_usage *u, const char *name, uint64_t bytes)
{
    bool damaged = str_ends(name, ".journal~");
    if (!damaged && !str_ends(name, ".journal"))
        return false;
    u->bytes += bytes;
    u->files++;
    if (!strchr(name, '@'))
        return true;
    u->archived_bytes += bytes;
    int64_t since_ms = damaged ? 0 : since_of(name);
    if (since_ms && (!u->since_ms || since_ms < u->since_ms))
        u->since_ms = since_ms;
    return true;
}

static int add_folder(const char *root, const char *folder, struct journal_usage *u)
{
    AUTO(str_list_done) struct str_list names = {0};
    int r = rooted_list(root, folder, LIMIT_FILES, &names);
    for (size_t i = 0; r >= 0 && i < names.n; i++) {
        AUTO(mem_freep) char *path = mem_printf("%s%s/%s", root, folder, names.v[i]);
        struct stat st;
        if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
            journal_usage_add(u, names.v[i], (uint64_t)st.st_blocks * BLOCK);
    }
    return r;
}

int journal_usage_read(const char *root, struct err *e, struct journal_usage *ret_u)
{
    static const char *const places[] = {"/var/log/journal", "/run/log/journal"};
    AUTO(str_done) struct str id = {0};
    struct journal_usage u = {0};
    bool denied = false, found = false;
    if (rooted_read(root, "/etc/machine-id", 64, &id) < 0 || !id.len)
        return err_set(e, -ENOENT,
                       "This machine has no /etc/machine-id, so no journal is its own.");
    str_trim(id.p);
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        AUTO(mem_freep) char *folder = mem_printf("%s/%s", places[i], id.p);
        int r = add_folder(root, folder, &u);
        found |= r >= 0;
        denied |= r == -EACCES || r == -EPERM;
    }
    if (!found)
        return denied ? err_set(e, -EACCES,
                                "The agent may not look at the journal's files: its user has to be "
                                "in the group systemd-journal.")
                      : err_set(e, -ENOENT, "This machine keeps no journal.");
    *ret_u = u;
    return 0;
}

void journal_usage_print(const struct journal_usage *u, struct jw *w)
{
    jw_object(w);
    jw_key_uint(w, "bytes", u->bytes);
    jw_key_uint(w, "archived_bytes", u->archived_bytes);
    jw_key_uint(w, "files", u->files);
    jw_key_time(w, "since", u->since_ms);
    jw_end_object(w);
}
