#include "node/command-log.h"

#include "base/json.h"
#include "base/vec.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { SLACK = 256 << 10, LIMIT_LINE_BYTES = 256 << 10 };

struct command_log {
    char *path;                           /* NULL = in memory */
    int fd;                               /* -1 without a file */
    uint64_t sequence;                    /* the highest */
    size_t size, size_rewritten;          /* bytes: now, and when it was written anew */
    bool lacks;                           /* an end that the disk refused */
    VEC(struct command_record *) records; /* in the order of beginning */
};

/* --- records --- */

static void record_free(struct command_record *r)
{
    command_done(&r->command);
    mem_free(r->note);
    mem_free(r->outcome.step);
    mem_free(r->outcome.text);
    mem_free(r->outcome.output);
    mem_free(r);
}

/* The oldest that is over makes room. */
static void make_room(struct command_log *l)
{
    for (size_t i = 0; l->records.n >= LIMIT_COMMANDS_KEPT && i < l->records.n; i++) {
        if (l->records.v[i]->outcome.state == OUTCOME_RUNNING)
            continue;
        record_free(l->records.v[i]);
        vec_remove_at(&l->records, i);
        return;
    }
}

static struct command_record *record_new(struct command_log *l, const struct command *c,
                                         const char *boot, int64_t now_ms)
{
    struct command_record *r = mem_alloc(sizeof *r);
    make_room(l);
    struct command told = *c;
    told.secret = NULL; /* this is kept for long, and may be read */
    command_copy(&r->command, &told);
    r->begun_ms = now_ms;
    str_copy(r->boot, sizeof r->boot, boot);
    str_copy(r->outcome.id, sizeof r->outcome.id, c->id);
    r->outcome.state = OUTCOME_RUNNING;
    r->outcome.time_ms = now_ms;
    *vec_add(&l->records) = r;
    if (c->sequence > l->sequence)
        l->sequence = c->sequence;
    return r;
}

static void set_end(struct command_record *r, const struct command_outcome *o)
{
    r->outcome.state = o->state;
    r->outcome.time_ms = o->time_ms;
    mem_set_str(&r->outcome.step, o->step);
    mem_set_str(&r->outcome.text, o->text);
    mem_set_str(&r->outcome.output, o->output);
}

struct command_record *command_log_find(struct command_log *l, const char *id)
{
    for (size_t i = 0; i < l->records.n; i++)
        if (str_eq(l->records.v[i]->command.id, id))
            return l->records.v[i];
    return NULL;
}

struct command_record *command_log_at(struct command_log *l, size_t i)
{
    return i < l->records.n ? l->records.v[i] : NULL;
}

uint64_t command_log_sequence(const struct command_log *l)
{
    return l->sequence;
}

/* --- lines --- */

static void print_begin(struct str *out, const struct command *c, const char *boot, int64_t now_ms)
{
    struct jw w = jw_begin(out);
    jw_object(&w);
    jw_key_str(&w, "begin", c->id);
    jw_key_str(&w, "user", c->user);
    jw_key_str(&w, "verb", command_verb_name(c->verb));
    jw_key_str(&w, "target", c->target);
    jw_key_str(&w, "argument", c->argument);
    jw_key_int(&w, "sequence", (int64_t)c->sequence);
    if (c->is_local)
        jw_key_uint(&w, "uid", c->uid);
    jw_key_str(&w, "boot", boot);
    jw_key_int(&w, "time", now_ms);
    jw_end_object(&w);
    str_add_char(out, '\n');
}

static void print_note(struct str *out, const char *id, const char *note)
{
    struct jw w = jw_begin(out);
    jw_object(&w);
    jw_key_str(&w, "note", id);
    jw_key_str(&w, "text", note);
    jw_end_object(&w);
    str_add_char(out, '\n');
}

static void print_end(struct str *out, const struct command_outcome *o)
{
    struct jw w = jw_begin(out);
    jw_object(&w);
    jw_key_str(&w, "end", o->id);
    jw_key_str(&w, "state", outcome_state_name(o->state));
    jw_key_int(&w, "time", o->time_ms);
    jw_key_str(&w, "text", o->text);
    jw_key_str(&w, "output", o->output);
    jw_end_object(&w);
    str_add_char(out, '\n');
}

static void print_all(const struct command_log *l, struct str *out)
{
    str_addf(out, "{\"sequence\":%llu}\n", (unsigned long long)l->sequence);
    for (size_t i = 0; i < l->records.n; i++) {
        const struct command_record *r = l->records.v[i];
        print_begin(out, &r->command, r->boot, r->begun_ms);
        if (r->note)
            print_note(out, r->command.id, r->note);
        if (r->outcome.state != OUTCOME_RUNNING)
            print_end(out, &r->outcome);
    }
}

/* --- reading --- */

static int take_begin(struct command_log *l, const json_t *v)
{
    struct command c = {.user = (char *)json_get_str(v, "user", ""),
                        .target = (char *)json_get_str(v, "target", ""),
                        .argument = (char *)json_get_str(v, "argument", ""),
                        .sequence = (uint64_t)json_get_int(v, "sequence", 0),
                        .is_local = json_object_get(v, "uid") != NULL,
                        .uid = (uint32_t)json_get_int(v, "uid", 0)};
    /* A verb of a newer program: its id is still not done again. */
    if (command_verb_parse(json_get_str(v, "verb", ""), &c.verb) < 0)
        c.verb = COMMAND_UNIT_RELOAD;
    if (!str_copy(c.id, sizeof c.id, json_get_str(v, "begin", "")) || !*c.id)
        return -EINVAL;
    if (!command_log_find(l, c.id))
        record_new(l, &c, json_get_str(v, "boot", ""), json_get_int(v, "time", 0));
    return 0;
}

static int take_end(struct command_log *l, const json_t *v)
{
    struct command_record *r = command_log_find(l, json_get_str(v, "end", ""));
    const char *name = json_get_str(v, "state", "");
    for (unsigned s = OUTCOME_DONE; r && s <= OUTCOME_REFUSED; s++)
        if (str_eq(name, outcome_state_name((enum outcome_state)s)))
            set_end(r, &(struct command_outcome){
                           .state = (enum outcome_state)s,
                           .time_ms = json_get_int(v, "time", 0),
                           .step = (char *)"",
                           .text = (char *)json_get_str(v, "text", ""),
                           .output = (char *)json_get_str(v, "output", ""),
                       });
    return 0; /* of one that made room */
}

static int take_note(struct command_log *l, const json_t *v)
{
    struct command_record *r = command_log_find(l, json_get_str(v, "note", ""));
    if (r)
        mem_set_str(&r->note, json_get_str(v, "text", NULL));
    return 0;
}

static int take_sequence(struct command_log *l, const json_t *v)
{
    uint64_t n = (uint64_t)json_get_int(v, "sequence", 0);
    if (n > l->sequence)
        l->sequence = n;
    return 0;
}

static int take_line(struct command_log *l, const char *line, size_t len, struct err *e)
{
    static const struct {
        const char *key;
        int (*take)(struct command_log *, const json_t *);
    } kinds[] = {
        {"begin", take_begin}, {"note", take_note}, {"end", take_end}, {"sequence", take_sequence}};
    json_t *v = NULL;
    int r = json_parse(line, len, LIMIT_LINE_BYTES, e, &v);
    if (r < 0)
        return r;
    r = err_set(e, -EINVAL, "It is no line of this file.");
    for (size_t i = 0; i < COUNT_OF(kinds) && r < 0; i++)
        if (json_object_get(v, kinds[i].key))
            r = kinds[i].take(l, v);
    json_decref(v);
    return r;
}

static int take_lines(struct command_log *l, const char *text, size_t len, struct err *e)
{
    unsigned number = 1;
    for (const char *p = text, *nl; (nl = memchr(p, '\n', len - (size_t)(p - text))); p = nl + 1) {
        int r = take_line(l, p, (size_t)(nl - p), e);
        if (r < 0)
            return err_prefix(e, r, "%s line %u", l->path, number);
        number++;
        l->size = (size_t)(nl + 1 - text);
    }
    return 0; /* what lacks its newline was being written in a crash */
}

static int read_file(struct command_log *l, struct err *e)
{
    FILE *f = fopen(l->path, "re");
    if (!f && errno == ENOENT)
        return 0;
    if (!f)
        return err_set(e, -errno, "%s can't be read: %s.", l->path, strerror(errno));
    struct str text = {0};
    char piece[16384];
    size_t n;
    while (text.len <= LIMIT_COMMAND_LOG && (n = fread(piece, 1, sizeof piece, f)) > 0)
        str_add_n(&text, piece, n);
    int r = 0;
    if (ferror(f) || text.len > LIMIT_COMMAND_LOG)
        r = err_set(e, -EIO, "%s can't be read, or is larger than 16 MiB.", l->path);
    fclose(f);
    if (r == 0 && text.len)
        r = take_lines(l, text.p, text.len, e);
    str_done(&text);
    return r;
}

/* --- writing --- */

static int write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        p += done;
        n -= (size_t)done;
    }
    return fdatasync(fd) < 0 ? -errno : 0;
}

static int sync_folder(const char *path)
{
    AUTO(mem_freep) char *dir = mem_strndup(path, (size_t)(strrchr(path, '/') - path) + 1);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return r;
}

/* The new file replaces the old one whole, or not at all. */
static int rewrite(struct command_log *l, struct err *e)
{
    AUTO(mem_freep) char *new_path = mem_printf("%s.new", l->path);
    struct str text = {0};
    int fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int r = fd < 0 ? -errno : 0;
    print_all(l, &text);
    if (r == 0)
        r = write_all(fd, text.p, text.len);
    if (r == 0 && rename(new_path, l->path) < 0)
        r = -errno;
    if (r < 0) {
        if (fd >= 0) {
            unlink(new_path);
            close(fd);
        }
        str_done(&text);
        return err_set(e, r, "%s can't be written: %s.", l->path, strerror(-r));
    }
    if (l->fd >= 0)
        close(l->fd);
    l->fd = fd; /* from here on the old one has no name */
    l->size = l->size_rewritten = text.len;
    l->lacks = false;
    str_done(&text);
    r = sync_folder(l->path);
    return r < 0 ? err_set(e, r, "The folder of %s can't be written: %s.", l->path, strerror(-r))
                 : 0;
}

/* A line that went in by half is taken off again, else the next one would be lost in it. */
static int append(struct command_log *l, const struct str *line, struct err *e)
{
    if (l->fd < 0)
        return 0;
    int r = l->lacks ? rewrite(l, e) : 0;
    if (r < 0)
        return r;
    r = write_all(l->fd, line->p, line->len);
    if (r < 0) {
        if (ftruncate(l->fd, (off_t)l->size) == 0)
            (void)!lseek(l->fd, (off_t)l->size, SEEK_SET);
        return err_set(e, r, "%s can't be written: %s.", l->path, strerror(-r));
    }
    l->size += line->len;
    return 0;
}

static void shrink(struct command_log *l)
{
    if (l->fd >= 0 && l->size > 2 * l->size_rewritten + SLACK)
        (void)!rewrite(l, NULL); /* the old file is as good, only longer */
}

int command_log_begin(struct command_log *l, const struct command *c, const char *boot,
                      int64_t now_ms, struct err *e)
{
    struct str line = {0};
    print_begin(&line, c, boot, now_ms);
    int r = append(l, &line, e);
    str_done(&line);
    if (r == 0)
        record_new(l, c, boot, now_ms);
    return r;
}

int command_log_note(struct command_log *l, const char *id, const char *note, struct err *e)
{
    struct command_record *record = command_log_find(l, id);
    struct str line = {0};
    print_note(&line, id, note);
    int r = append(l, &line, e);
    str_done(&line);
    if (r == 0 && record)
        mem_set_str(&record->note, note);
    return r;
}

int command_log_end(struct command_log *l, const struct command_outcome *o, struct err *e)
{
    struct command_record *record = command_log_find(l, o->id);
    struct str line = {0};
    print_end(&line, o);
    int r = append(l, &line, e);
    str_done(&line);
    if (!record)
        return r;
    set_end(record, o);
    l->lacks |= r < 0;
    shrink(l);
    return r;
}

void command_log_catch_up(struct command_log *l)
{
    if (l->lacks)
        (void)!rewrite(l, NULL);
}

int command_log_restart(struct command_log *l, struct err *e)
{
    l->sequence = 0;
    for (size_t i = 0; i < l->records.n; i++)
        l->records.v[i]->command.sequence = 0;
    return l->fd >= 0 ? rewrite(l, e) : 0;
}

/* --- life --- */

/* Where there is no room for a new file the old one goes on, without the line that a crash cut off.
 */
static int go_on(struct command_log *l)
{
    l->fd = open(l->path, O_WRONLY | O_CLOEXEC);
    if (l->fd < 0)
        return -errno;
    l->size_rewritten = l->size;
    if (ftruncate(l->fd, (off_t)l->size) < 0 || lseek(l->fd, (off_t)l->size, SEEK_SET) < 0)
        return -errno;
    return 0;
}

int command_log_open(const char *dir, struct err *e, struct command_log **ret_log)
{
    struct command_log *l = mem_alloc(sizeof *l);
    l->fd = -1;
    l->path = dir ? mem_printf("%s/commands.jsonl", dir) : NULL;
    int r = dir ? read_file(l, e) : 0;
    if (r == 0 && dir && rewrite(l, e) < 0 && l->fd < 0)
        r = go_on(l);
    if (r < 0)
        command_log_free(l);
    else
        *ret_log = l;
    return r;
}

void command_log_free(struct command_log *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->records.n; i++)
        record_free(l->records.v[i]);
    vec_done(&l->records);
    if (l->fd >= 0)
        close(l->fd);
    mem_free(l->path);
    mem_free(l);
}
