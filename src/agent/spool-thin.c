/* Room in a spool that is full. */
#include "agent/spool-private.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { KEYS_PER_MINUTE = 6 };

static bool is_kept(enum spool_level level, const struct spool_record *r, unsigned *keys)
{
    switch (r->kind) {
    case SPOOL_OUTCOME:
        return level < LEVEL_NONE;
    case SPOOL_REPORT:
        return level < LEVEL_OUTCOMES;
    case SPOOL_KEY:
        return level < LEVEL_SIXTIETH ||
               (level == LEVEL_SIXTIETH && (*keys)++ % KEYS_PER_MINUTE == 0);
    case SPOOL_FRAME:
        return level == LEVEL_ALL;
    }
    return false;
}

/* What is to be kept of `from`, into `out`. Records after one that can't be read are lost. */
static void copy(struct spool *s, int from, const struct segment *g, struct segment *ret_g,
                 struct str *out)
{
    struct spool_record r;
    AUTO(str_done) struct str buf = {0};
    uint64_t offset = SEGMENT_HEADER;
    unsigned keys = 0;
    ret_g->last = 0;
    while (offset < g->size && record_read(from, offset, &buf, &r) == 1) {
        offset += RECORD_HEADER + r.len;
        if (r.sequence <= s->acknowledged || !is_kept(ret_g->level, &r, &keys))
            continue;
        record_print(r.sequence, r.kind, r.bytes, r.len, out);
        ret_g->last = r.sequence;
    }
}

static bool replace(const struct spool *s, const struct segment *g, const struct str *bytes)
{
    char path[4096], fresh[4128];
    segment_path(s, g->number, path);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, bytes->p, bytes->len) == (ssize_t)bytes->len &&
              rename(fresh, path) == 0;
    if (fd >= 0)
        close(fd);
    if (!ok)
        unlink(fresh);
    return ok;
}

/* One level further. A segment of which nothing is left goes. */
static void thin_one(struct spool *s, size_t i)
{
    struct segment *g = &s->segments.v[i], fresh = *g;
    AUTO(str_done) struct str bytes = {0};
    uint8_t head[SEGMENT_HEADER];
    char path[4096];
    fresh.level++;
    segment_header_print(&fresh, head);
    str_add_n(&bytes, head, sizeof head);
    segment_path(s, g->number, path);
    int fd = fresh.level < LEVEL_NONE ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        copy(s, fd, g, &fresh, &bytes);
        close(fd);
    }
    if (fd < 0 || fresh.last == 0 || !replace(s, &fresh, &bytes)) {
        spool_remove(s, i);
        return;
    }
    fresh.size = bytes.len;
    s->bytes = s->bytes - g->size + fresh.size;
    *g = fresh;
}

/* The oldest of those that have been thinned least; never what is being written or read. */
static bool choose(const struct spool *s, size_t *ret_i)
{
    bool found = false;
    for (size_t i = 0; i + 1 < s->segments.n; i++) {
        const struct segment *g = &s->segments.v[i];
        if (g->number == s->at.segment && s->at.offset > 0)
            continue;
        if (!found || g->level < s->segments.v[*ret_i].level) {
            *ret_i = i;
            found = true;
        }
    }
    return found;
}

void spool_thin(struct spool *s)
{
    size_t i = 0;
    while ((s->bytes > s->limit || s->segments.n > LIMIT_SPOOL_SEGMENTS) && choose(s, &i))
        thin_one(s, i);
}
