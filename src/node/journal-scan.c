#include "node/journal-scan.h"

#include "node/journal-walk.h"
#include "node/logs-private.h"
#include "node/map-guard.h"
#include "node/zstd-library.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    LIMIT_JOURNAL_FILES = 8192,
    UNITS_MAX = 4,              /* fields that name a unit */
    LEVELS_MAX = LINE_NO_LEVEL, /* values of PRIORITY */
    WALKS_MAX = UNITS_MAX * (LEVELS_MAX + 1),
    KNOWN_SIZE = 256,
    BEGIN_SIZE =
        32, /* of a value: as much as tells which field it is of those that are asked for */
    ID_DIGITS = 2 * JOURNAL_ID_SIZE,
};

/* Where to begin: behind an entry, or at a time. */
struct place {
    bool is_entry, is_time;
    unsigned char seqnum_id[JOURNAL_ID_SIZE];
    struct journal_entry entry; /* as its cursor tells; of a time that alone */
};

/* Offsets of the values that make an entry bad enough; 0 = no entry has it. */
struct severities {
    uint64_t values[LEVELS_MAX], info, printed;
    unsigned n;
};

/* What a file is looked through with, from its first look to its end. */
struct look {
    struct journal_list units[UNITS_MAX], levels[LEVELS_MAX], printed;
    unsigned n_units, n_levels;
    bool has_printed;
    struct journal_walk walks[WALKS_MAX];
    unsigned n_walks;
    struct severities severities;
    struct known {
        uint64_t offset;
        size_t n;
        char begin[BEGIN_SIZE];
    } known[KNOWN_SIZE]; /* compressed values by their offset: how they begin */
};

struct scan_file {
    struct journal_file f;
    struct look *look;
    bool has_entry, is_ended;
    int64_t reached_us;
    struct journal_entry entry; /* the next one that is wanted */
};

struct journal_scan {
    char *unit;
    enum line_level level;
    struct log_filter *filter;
    bool newer;
    struct place from;
    VEC(struct scan_file *) files;
    struct scan_file *at; /* whose entry was handed out */
    struct zstd *zstd;
    char *plain; /* what was decompressed last */
};

/* --- where to begin --- */

static bool read_id(const char *text, unsigned char *ret)
{
    char digits[ID_DIGITS + 1];
    if (strnlen(text, ID_DIGITS) < ID_DIGITS)
        return false;
    memcpy(digits, text, ID_DIGITS);
    digits[ID_DIGITS] = 0;
    return str_unhex(digits, ret, JOURNAL_ID_SIZE) >= 0;
}

/* ";NAME=" and a number in hexadecimal. */
static bool read_number(const char **p, char name, uint64_t *ret)
{
    char *end;
    if ((*p)[0] != ';' || (*p)[1] != name || (*p)[2] != '=' || !isxdigit((unsigned char)(*p)[3]))
        return false;
    *ret = strtoull(*p + 3, &end, 16);
    *p = end;
    return true;
}

/* "s=ID;i=SEQNUM;b=ID;m=MONOTONIC;t=REALTIME;x=HASH" */
static int read_cursor(const char *p, struct place *ret)
{
    struct journal_entry *e = &ret->entry;
    uint64_t time_us = 0;
    *ret = (struct place){.is_entry = true};
    if (!str_starts(p, "s=") || !read_id(p + 2, ret->seqnum_id))
        return -EOPNOTSUPP;
    p += 2 + ID_DIGITS;
    if (!read_number(&p, 'i', &e->seqnum) || !str_starts(p, ";b=") || !read_id(p + 3, e->boot_id))
        return -EOPNOTSUPP;
    p += 3 + ID_DIGITS;
    bool good = read_number(&p, 'm', &e->monotonic_us) && read_number(&p, 't', &time_us) &&
                read_number(&p, 'x', &e->xor_hash);
    e->time_us = (int64_t)time_us;
    return good && !*p ? 0 : -EOPNOTSUPP;
}

static bool is_same(const struct journal_entry *a, const struct journal_entry *b)
{
    return a->time_us == b->time_us && a->monotonic_us == b->monotonic_us &&
           a->xor_hash == b->xor_hash && memcmp(a->boot_id, b->boot_id, JOURNAL_ID_SIZE) == 0;
}

/* Where an entry stands beside the place: numbers count within what one journald wrote, times
 * everywhere else. */
static int compare(const struct scan_file *s, const struct journal_entry *e, const struct place *p)
{
    int by_id = p->is_entry ? memcmp(s->f.seqnum_id, p->seqnum_id, JOURNAL_ID_SIZE) : 0;
    if (p->is_entry && by_id == 0)
        return e->seqnum < p->entry.seqnum ? -1 : e->seqnum > p->entry.seqnum;
    if (e->time_us != p->entry.time_us)
        return e->time_us < p->entry.time_us ? -1 : 1;
    return p->is_entry && is_same(e, &p->entry) ? 0 : by_id;
}

/* How many of all entries stand before the place, those at it counted, too, if `inclusive`. */
static uint64_t count_before(const struct scan_file *s, const struct place *p, bool inclusive)
{
    uint64_t low = 0, high = s->f.all.n;
    struct journal_entry e;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        uint64_t offset = journal_list_at(&s->f, &s->f.all, middle);
        int c = journal_file_entry(&s->f, offset, &e) == 0 ? compare(s, &e, p) : 1;
        if (c < 0 || (c == 0 && inclusive))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void go_to_place(const struct journal_scan *s, struct scan_file *sf)
{
    const struct place *p = &s->from;
    const struct journal_file *f = &sf->f;
    uint64_t n = s->newer ? 0 : f->all.n;
    if (p->is_entry)
        n = count_before(sf, p, s->newer);
    else if (p->is_time)
        n = count_before(sf, p, !s->newer);
    uint64_t offset = n < f->all.n ? journal_list_at(f, &f->all, n) : UINT64_MAX;
    for (unsigned i = 0; i < sf->look->n_walks; i++)
        journal_walk_begin(f, &sf->look->walks[i], s->newer, offset);
}

/* --- what of a file is looked at --- */

static bool read_list(const struct journal_file *f, uint64_t data, struct journal_list *ret)
{
    return data && journal_file_list(f, data, ret) == 0;
}

static void find_unit(const struct journal_scan *s, const struct journal_file *f, struct look *k)
{
    static const char *const fields[UNITS_MAX] = {"_SYSTEMD_UNIT", "UNIT", "OBJECT_SYSTEMD_UNIT",
                                                  "COREDUMP_UNIT"};
    for (size_t i = 0; i < UNITS_MAX; i++)
        k->n_units += read_list(f, journal_file_find(f, fields[i], s->unit), &k->units[k->n_units]);
}

static bool asks_for_level(const struct journal_scan *s)
{
    return s->level < LINE_INFO; /* beyond that it is nearly all */
}

static void find_levels(const struct journal_scan *s, const struct journal_file *f, struct look *k)
{
    char digit[2] = "0";
    for (int i = 0; i <= (int)s->level; i++) {
        digit[0] = (char)('0' + i);
        uint64_t value = journal_file_find(f, "PRIORITY", digit);
        if (read_list(f, value, &k->levels[k->n_levels])) {
            k->n_levels++;
            k->severities.values[k->severities.n++] = value;
        }
    }
    k->severities.info = journal_file_find(f, "PRIORITY", "6");
    k->severities.printed = journal_file_find(f, "_TRANSPORT", "stdout");
    k->has_printed = k->severities.info && read_list(f, k->severities.printed, &k->printed);
}

static void add_walk(struct look *k, const struct journal_list *list,
                     const struct journal_list *also)
{
    bool is_longer = also && also->n < list->n;
    k->walks[k->n_walks++] =
        (struct journal_walk){.list = is_longer ? also : list, .also = is_longer ? list : also};
}

static void add_levels(struct look *k, const struct journal_list *unit)
{
    for (unsigned i = 0; i < k->n_levels; i++)
        add_walk(k, &k->levels[i], unit);
    if (k->has_printed)
        add_walk(k, &k->printed, unit);
}

/* First what is looked for: where nothing of it is, no place need be found. */
static void prepare(const struct journal_scan *s, struct scan_file *sf)
{
    struct look *k = sf->look = mem_alloc(sizeof *k);
    if (asks_for_level(s))
        find_levels(s, &sf->f, k);
    if (s->unit)
        find_unit(s, &sf->f, k);
    for (unsigned i = 0; i < k->n_units; i++)
        if (asks_for_level(s))
            add_levels(k, &k->units[i]);
        else
            add_walk(k, &k->units[i], NULL);
    if (!s->unit && asks_for_level(s))
        add_levels(k, NULL);
    else if (!s->unit)
        add_walk(k, &sf->f.all, NULL);
    if (k->n_walks)
        go_to_place(s, sf);
}

/* --- values --- */

static bool is_field(const char *bytes, size_t n, const char *name, size_t n_name)
{
    return n > n_name && bytes[n_name] == '=' && memcmp(bytes, name, n_name) == 0;
}

/* How a compressed value begins. Those that several entries share are met again and again. */
static const struct known *begin_of(const struct journal_scan *s, const struct scan_file *sf,
                                    uint64_t offset, const char *bytes, size_t n)
{
    struct known *k = &sf->look->known[(offset >> 3) % KNOWN_SIZE];
    if (k->offset == offset)
        return k;
    int r = zstd_begin(s->zstd, bytes, n, k->begin, BEGIN_SIZE);
    k->offset = offset;
    k->n = r < 0 ? 0 : (size_t)r;
    return k;
}

/* The value of a data object, if it is one of the field; decompressed only then. */
static bool value_at(const struct journal_scan *s, const struct scan_file *sf, uint64_t offset,
                     const char *name, const char **ret_value, size_t *ret_len)
{
    const char *bytes;
    size_t n, n_name = strlen(name);
    int r = journal_file_data(&sf->f, offset, &bytes, &n);
    if (r < 0)
        return false;
    if (r == 1) {
        const struct known *k = begin_of(s, sf, offset, bytes, n);
        if (!is_field(k->begin, k->n, name, n_name))
            return false;
        r = zstd_begin(s->zstd, bytes, n, s->plain, JOURNAL_DATA_MAX);
        bytes = s->plain;
        n = r < 0 ? 0 : (size_t)r;
    }
    if (!is_field(bytes, n, name, n_name))
        return false;
    n = n < JOURNAL_DATA_MAX ? n : JOURNAL_DATA_MAX;
    *ret_value = bytes + n_name + 1;
    *ret_len = n - n_name - 1;
    return true;
}

static bool find_value(const struct journal_scan *s, const struct scan_file *sf,
                       const struct journal_entry *e, const char *name, const char **ret_value,
                       size_t *ret_len)
{
    for (size_t i = 0; i < e->n_items; i++)
        if (value_at(s, sf, journal_entry_item(&sf->f, e, i), name, ret_value, ret_len))
            return true;
    return false;
}

static bool has_value(struct journal_scan *s, const struct scan_file *sf,
                      const struct journal_entry *e, const char *name, const char *value)
{
    const char *p;
    size_t n;
    return find_value(s, sf, e, name, &p, &n) && n == strlen(value) && memcmp(p, value, n) == 0;
}

/* --- is it wanted? --- */

enum severity {
    BAD_ENOUGH,
    TEXT_TELLS, /* it was printed: nobody chose its priority */
    NOT_BAD,
};

static enum severity severity_of(const struct scan_file *sf, const struct journal_entry *e)
{
    const struct severities *v = &sf->look->severities;
    bool is_info = false, is_printed = false;
    for (size_t i = 0; i < e->n_items; i++) {
        uint64_t item = journal_entry_item(&sf->f, e, i);
        for (unsigned k = 0; k < v->n; k++)
            if (item == v->values[k])
                return BAD_ENOUGH;
        is_info = is_info || item == v->info;
        is_printed = is_printed || item == v->printed;
    }
    return is_info && is_printed ? TEXT_TELLS : NOT_BAD;
}

static bool is_text_meant(struct journal_scan *s, enum severity severity, const char *text,
                          size_t n)
{
    if (severity == TEXT_TELLS && line_level_of_text(text, n) > s->level)
        return false;
    return log_filter_text(s->filter, text, n);
}

/* As in systemd's logs-show.c, add_matches_for_unit(). */
static bool is_of_unit(struct journal_scan *s, const struct scan_file *sf,
                       const struct journal_entry *e)
{
    static const char coredump[] = "fc2e22bc6ee647b6b90729ab34a250b1";
    if (has_value(s, sf, e, "_SYSTEMD_UNIT", s->unit))
        return true;
    if (has_value(s, sf, e, "UNIT", s->unit) && has_value(s, sf, e, "_PID", "1"))
        return true;
    return has_value(s, sf, e, "_UID", "0") &&
           (has_value(s, sf, e, "OBJECT_SYSTEMD_UNIT", s->unit) ||
            (has_value(s, sf, e, "COREDUMP_UNIT", s->unit) &&
             has_value(s, sf, e, "MESSAGE_ID", coredump)));
}

/* Values lie in the order in which they were first used: the message is among the last. */
static bool is_meant(struct journal_scan *s, struct scan_file *sf, const struct journal_entry *e)
{
    const char *text;
    size_t n;
    enum severity severity = asks_for_level(s) ? severity_of(sf, e) : BAD_ENOUGH;
    if (severity == NOT_BAD)
        return false;
    for (size_t i = e->n_items; i-- > 0;)
        if (value_at(s, sf, journal_entry_item(&sf->f, e, i), "MESSAGE", &text, &n))
            return is_text_meant(s, severity, text, n) && (!s->unit || is_of_unit(s, sf, e));
    return false;
}

/* --- from entry to entry --- */

/* The next one of all ways, each once; 0 = there are no more. */
static uint64_t take_offset(const struct journal_scan *s, struct scan_file *sf)
{
    struct look *k = sf->look;
    uint64_t best = 0;
    for (unsigned i = 0; i < k->n_walks; i++) {
        uint64_t head = k->walks[i].head;
        if (head && (!best || journal_is_sooner(s->newer, head, best)))
            best = head;
    }
    for (unsigned i = 0; best && i < k->n_walks; i++)
        if (k->walks[i].head == best)
            journal_walk_step(&sf->f, &k->walks[i]);
    return best;
}

static void end_file(struct scan_file *sf)
{
    sf->is_ended = true;
    sf->has_entry = false;
    mem_free(TAKE(sf->look));
}

static void look_on(struct journal_scan *s, struct scan_file *sf, unsigned *most)
{
    if (!sf->look)
        prepare(s, sf);
    while (*most && !sf->has_entry) {
        uint64_t offset = take_offset(s, sf);
        struct journal_entry e;
        if (!offset) {
            end_file(sf);
            return;
        }
        --*most;
        if (journal_file_entry(&sf->f, offset, &e) < 0) /* a broken one: the next may be whole */
            continue;
        sf->reached_us = e.time_us;
        sf->has_entry = is_meant(s, sf, &e);
        if (sf->has_entry)
            sf->entry = e;
    }
}

/* Looks at entries of one file until one is wanted or `*most` were looked at. A file that was cut
 * short meanwhile is at its end. */
static void look_at(struct journal_scan *s, struct scan_file *sf, unsigned *most)
{
    struct map_guard guard;
    map_guard_enter(&guard, sf->f.p, sf->f.n);
    look_on(s, sf, most);
    if (map_guard_leave(&guard))
        end_file(sf);
}

/* At one moment those files come first that were not looked at that far, then the order is that of
 * compare(). */
static bool comes_first(const struct journal_scan *s, const struct scan_file *a,
                        const struct scan_file *b)
{
    if (a->reached_us != b->reached_us)
        return s->newer ? a->reached_us < b->reached_us : a->reached_us > b->reached_us;
    if (a->has_entry != b->has_entry)
        return !a->has_entry;
    int by_id = memcmp(a->f.seqnum_id, b->f.seqnum_id, JOURNAL_ID_SIZE);
    return s->newer ? by_id < 0 : by_id > 0;
}

/* The file whose next entry is the first in time, as far as is known. */
static struct scan_file *first_file(const struct journal_scan *s)
{
    struct scan_file *best = NULL;
    for (size_t i = 0; i < s->files.n; i++) {
        struct scan_file *sf = s->files.v[i];
        if (!sf->is_ended && (!best || comes_first(s, sf, best)))
            best = sf;
    }
    return best;
}

/* What was handed out is done with, in other files that hold it, too. */
static void leave(struct journal_scan *s)
{
    struct scan_file *at = TAKE(s->at);
    if (!at)
        return;
    for (size_t i = 0; i < s->files.n; i++) {
        struct scan_file *sf = s->files.v[i];
        if (sf != at && sf->has_entry && is_same(&sf->entry, &at->entry))
            sf->has_entry = false;
    }
    at->has_entry = false;
}

int journal_scan_next(struct journal_scan *s, unsigned most, int64_t *ret_us)
{
    struct scan_file *sf;
    leave(s);
    while ((sf = first_file(s)) && !sf->has_entry) {
        *ret_us = sf->reached_us;
        if (!most)
            return -EAGAIN;
        look_at(s, sf, &most);
    }
    if (!sf)
        return 0;
    s->at = sf;
    *ret_us = sf->entry.time_us;
    return 1;
}

const char *journal_scan_field(struct journal_scan *s, const char *name, size_t *ret_len)
{
    struct map_guard guard;
    const char *value = NULL;
    if (!s->at)
        return NULL;
    map_guard_enter(&guard, s->at->f.p, s->at->f.n);
    if (!find_value(s, s->at, &s->at->entry, name, &value, ret_len))
        value = NULL;
    else if (value < s->plain || value >= s->plain + JOURNAL_DATA_MAX)
        value = memcpy(s->plain, value, *ret_len); /* the caller reads without a guard */
    return map_guard_leave(&guard) ? NULL : value;
}

char *journal_scan_cursor(const struct journal_scan *s)
{
    const struct journal_entry *e = &s->at->entry;
    char seqnum_id[ID_DIGITS + 1], boot_id[ID_DIGITS + 1];
    str_hex(s->at->f.seqnum_id, JOURNAL_ID_SIZE, seqnum_id);
    str_hex(e->boot_id, JOURNAL_ID_SIZE, boot_id);
    return mem_printf("s=%s;i=%" PRIx64 ";b=%s;m=%" PRIx64 ";t=%" PRIx64 ";x=%" PRIx64, seqnum_id,
                      e->seqnum, boot_id, e->monotonic_us, (uint64_t)e->time_us, e->xor_hash);
}

/* --- the files: those that sd_journal_open() and sd_journal_open_directory() take --- */

/* One that may not be read or is empty is left out, as the library does. */
static int add_file(struct journal_scan *s, const char *folder, const char *name)
{
    AUTO(mem_freep) char *path = mem_printf("%s/%s", folder, name);
    struct journal_file f;
    if (s->files.n == LIMIT_JOURNAL_FILES)
        return -EOPNOTSUPP;
    int r = journal_file_open(path, &f);
    if (r < 0)
        return r == -EOPNOTSUPP || r == -ENOMEM ? -EOPNOTSUPP : 0;
    struct scan_file *sf = mem_alloc(sizeof *sf);
    sf->f = f;
    sf->reached_us = s->newer ? f.head_us : f.tail_us;
    *vec_add(&s->files) = sf;
    if (f.is_compressed && !s->zstd && !(s->zstd = zstd_new()))
        return -EOPNOTSUPP;
    return 0;
}

/* `machine`: of subfolders only this one's; NULL = all that are named like a machine. */
static int add_folder(struct journal_scan *s, const char *folder, bool has_subfolders,
                      const char *machine)
{
    unsigned char id[JOURNAL_ID_SIZE];
    DIR *d = opendir(folder);
    int r = 0;
    for (struct dirent *e; d && r == 0 && (e = readdir(d));) {
        if (str_ends(e->d_name, ".journal") || str_ends(e->d_name, ".journal~")) {
            r = add_file(s, folder, e->d_name);
        } else if (has_subfolders && strlen(e->d_name) == ID_DIGITS && read_id(e->d_name, id) &&
                   (!machine || str_eq(e->d_name, machine))) {
            AUTO(mem_freep) char *below = mem_printf("%s/%s", folder, e->d_name);
            r = add_folder(s, below, false, NULL);
        }
    }
    if (d)
        closedir(d);
    return r;
}

static int read_machine_id(char machine[ID_DIGITS + 1])
{
    FILE *f = fopen("/etc/machine-id", "re");
    size_t n = f ? fread(machine, 1, ID_DIGITS, f) : 0;
    machine[n] = 0;
    if (f)
        (void)fclose(f);
    return n == ID_DIGITS ? 0 : -EOPNOTSUPP;
}

static int add_files(struct journal_scan *s, const char *folder)
{
    char machine[ID_DIGITS + 1];
    if (folder)
        return add_folder(s, folder, true, NULL);
    int r = read_machine_id(machine);
    if (r == 0)
        r = add_folder(s, "/run/log/journal", true, NULL);
    return r < 0 ? r : add_folder(s, "/var/log/journal", true, machine);
}

/* --- life --- */

void journal_scan_close(struct journal_scan *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->files.n; i++) {
        journal_file_done(&s->files.v[i]->f);
        mem_free(s->files.v[i]->look);
        mem_free(s->files.v[i]);
    }
    vec_done(&s->files);
    zstd_free(s->zstd);
    mem_free(s->plain);
    mem_free(s->unit);
    mem_free(s);
}

int journal_scan_open(const struct journal_want *w, struct journal_scan **ret)
{
    struct place from = {.is_time = w->edge_us != 0, .entry.time_us = w->edge_us};
    int r = w->cursor ? read_cursor(w->cursor, &from) : 0;
    if (r < 0)
        return r;
    struct journal_scan *s = mem_alloc(sizeof *s);
    s->unit = mem_strdup(w->unit);
    s->level = w->level;
    s->filter = w->filter;
    s->newer = w->newer;
    s->from = from;
    s->plain = mem_alloc(JOURNAL_DATA_MAX);
    r = add_files(s, w->folder);
    if (r < 0) {
        journal_scan_close(s);
        return r;
    }
    *ret = s;
    return 0;
}
