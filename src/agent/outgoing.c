#include "agent/outgoing.h"

#include "agent/known.h"
#include "agent/numbers.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/share.h"
#include "node/wire.h"

#include <stdio.h>

enum {
    RECENT_MAX = 64,           /* frames of which it is not known whether they arrived */
    NUMBERED_EVERY = 5,        /* live frames */
    REPLAY_BACKLOG = 64 << 10, /* bytes that wait: live reports stand behind no more than that */
    LIVE_BACKLOG = 1 << 20,    /* a hub that takes nothing: frames go to the spool */
    LOCAL_AT_ONCE = 500,       /* orders of people of this machine; more are counted only */
    LOCAL_EACH_MS = 1000,
};

struct outgoing {
    struct outgoing_settings settings;
    struct known known;
    bool is_up;
    bool is_behind;             /* what was missed is still on its way */
    struct numbers numbers;     /* of this connection */
    struct wire_values told;    /* of this connection */
    struct wire_values written; /* of the frames in the spool */
    struct wire_values read;    /* of those that are replayed */
    bool has_key;               /* `read` is of use */
    size_t tabled;              /* series in the spool's table */
    bool is_table_new;
    unsigned live_frames;
    struct share local; /* of what people of this machine had done */
    unsigned left_out;  /* and what was beyond */
    uint64_t replayed;
    struct {
        struct frame *frame;
        uint64_t after; /* a number that was sent after it; 0 = none yet */
    } recent[RECENT_MAX];
    size_t n_recent;
};

struct outgoing *outgoing_new(const struct outgoing_settings *s)
{
    struct outgoing *o = mem_alloc(sizeof *o);
    o->settings = *s;
    o->is_table_new = true;
    return o;
}

static void drop_recent(struct outgoing *o, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mem_free(o->recent[i].frame);
    o->n_recent -= n;
    memmove(o->recent, o->recent + n, o->n_recent * sizeof o->recent[0]);
}

void outgoing_free(struct outgoing *o)
{
    if (!o)
        return;
    drop_recent(o, o->n_recent);
    known_done(&o->known);
    numbers_done(&o->numbers);
    wire_values_done(&o->told);
    wire_values_done(&o->written);
    wire_values_done(&o->read);
    mem_free(o);
}

const struct known *outgoing_known(const struct outgoing *o)
{
    return &o->known;
}

/* --- sending --- */

static bool send_bytes(struct outgoing *o, const void *bytes, size_t len)
{
    return o->is_up && o->settings.send(o->settings.arg, bytes, len) == 0;
}

/* Frames that were sent before this number have arrived when it is acknowledged. */
static void note_sent(struct outgoing *o, uint64_t sequence)
{
    for (size_t i = 0; sequence && i < o->n_recent; i++)
        if (!o->recent[i].after)
            o->recent[i].after = sequence;
}

/* Fields 1 and 2 of FromAgent before a body: messages may be put together from parts. */
static void add_head(struct str *out, uint64_t sequence, bool replayed)
{
    if (sequence) {
        str_add_char(out, 1 << 3);
        for (; sequence >= 0x80; sequence >>= 7)
            str_add_char(out, (char)(sequence | 0x80));
        str_add_char(out, (char)sequence);
    }
    if (replayed)
        str_add_n(out, "\x10\x01", 2);
}

static bool send_message(struct outgoing *o, const void *bytes, size_t len, uint64_t sequence,
                         bool replayed)
{
    AUTO(str_done) struct str m = {0};
    add_head(&m, sequence, replayed);
    str_add_n(&m, bytes, len);
    note_sent(o, sequence);
    return send_bytes(o, m.p, m.len);
}

static void tell_known(void *arg, const char *bytes, size_t len)
{
    send_message(arg, bytes, len, 0, false);
}

/* --- series and frames --- */

static void announce(void *arg, uint32_t first, const struct series_def *v, uint32_t n)
{
    struct outgoing *o = arg;
    AUTO(str_done) struct str m = {0};
    struct series_defs d = {first, n, (struct series_def *)v};
    wire_report_print(NULL, &(struct node_report){.kind = REPORT_SERIES, .series = &d}, 0, false,
                      &m);
    send_bytes(o, m.p, m.len);
}

static void tell_series(struct outgoing *o)
{
    numbers_add_live(&o->numbers, o->known.series.v, (uint32_t)o->known.series.n, announce, o);
}

static bool send_frame(struct outgoing *o, struct frame *f, uint64_t sequence, bool replayed,
                       bool is_old)
{
    AUTO(str_done) struct str m = {0};
    struct frame *mapped = numbers_apply(&o->numbers, f, is_old);
    struct node_report r = {.kind = REPORT_FRAME, .frame = mapped ? mapped : f};
    wire_report_print(&o->told, &r, sequence, replayed, &m);
    note_sent(o, sequence);
    mem_free(mapped);
    return send_bytes(o, m.p, m.len);
}

/* The names that the spool's frames need. */
static void write_table(struct outgoing *o)
{
    AUTO(str_done) struct str m = {0};
    size_t n = o->known.series.n - o->tabled;
    if (n == 0 && !o->is_table_new)
        return;
    struct series_defs d = {(uint32_t)o->tabled, (uint32_t)n, o->known.series.v + o->tabled};
    wire_report_print(NULL, &(struct node_report){.kind = REPORT_SERIES, .series = &d}, 0, false,
                      &m);
    spool_table(o->settings.spool, o->is_table_new, m.p, m.len);
    o->tabled = o->known.series.n;
    o->is_table_new = false;
}

static void keep_frame(struct outgoing *o, struct frame *f)
{
    AUTO(str_done) struct str m = {0};
    struct spool *s = o->settings.spool;
    write_table(o);
    bool is_key = spool_wants_key(s);
    if (is_key)
        wire_values_done(&o->written);
    wire_report_print(&o->written, &(struct node_report){.kind = REPORT_FRAME, .frame = f}, 0,
                      false, &m);
    spool_add(s, is_key ? SPOOL_KEY : SPOOL_FRAME, m.p, m.len);
}

static void keep_recent(struct outgoing *o)
{
    for (size_t i = 0; i < o->n_recent; i++)
        keep_frame(o, o->recent[i].frame);
    drop_recent(o, o->n_recent);
}

static void report_series(struct outgoing *o, struct series_defs *d)
{
    bool anew = d->first == 0;
    if (anew && o->known.series.n)
        keep_recent(o);
    known_series(&o->known, d);
    if (anew) {
        o->tabled = 0;
        o->is_table_new = true;
        numbers_begin(&o->numbers);
    }
    if (o->is_up)
        tell_series(o);
}

static void report_frame(struct outgoing *o, struct frame *f)
{
    bool live = o->is_up && o->settings.backlog(o->settings.arg) < LIVE_BACKLOG;
    if (!live) {
        keep_frame(o, f);
        o->is_behind |= o->is_up;
        mem_free(f);
        return;
    }
    if (o->n_recent == RECENT_MAX)
        drop_recent(o, 1);
    o->recent[o->n_recent].frame = f;
    o->recent[o->n_recent++].after = 0;
    bool numbered = !o->is_behind && o->live_frames++ % NUMBERED_EVERY == 0;
    send_frame(o, f, numbered ? spool_number(o->settings.spool) : 0, false, false);
}

/* --- reports --- */

/* What must arrive: into the spool, and on its way. */
static void deliver(struct outgoing *o, enum spool_kind kind, const struct str *m)
{
    uint64_t sequence = spool_add(o->settings.spool, kind, m->p, m->len);
    if (!o->is_up)
        return;
    if (o->is_behind)
        send_message(o, m->p, m->len, 0, false);
    else if (send_message(o, m->p, m->len, sequence, false))
        spool_skip(o->settings.spool);
    else
        o->is_behind = true;
}

/* A hub that is away will be told how everything is: what it misses is what changed. */
static void report_lasting(struct outgoing *o, const struct node_report *r)
{
    AUTO(str_done) struct str m = {0};
    wire_report_print(NULL, r, 0, false, &m);
    enum known_news news = known_take(&o->known, r, &m);
    if (o->is_up || news == KNOWN_CHANGED)
        deliver(o, SPOOL_REPORT, &m);
}

static void deliver_local(struct outgoing *o, struct local_action *a)
{
    AUTO(str_done) struct str m = {0};
    wire_report_print(NULL, &(struct node_report){.kind = REPORT_LOCAL, .local = a}, 0, false, &m);
    deliver(o, SPOOL_OUTCOME, &m);
}

static void tell_left_out(struct outgoing *o)
{
    char text[80], nothing[] = "", user[] = "system", verb[] = "audit.left-out";
    struct command_outcome end = {.state = OUTCOME_REFUSED,
                                  .time_ms = clock_wall_ms(),
                                  .step = nothing,
                                  .text = text,
                                  .output = nothing};
    struct local_action a = {
        .user = user, .verb = verb, .target = nothing, .argument = nothing, .outcome = &end};
    if (!o->left_out)
        return;
    snprintf(text, sizeof text, "%u orders given on this machine are not told of.", o->left_out);
    snprintf(end.id, sizeof end.id, "local-left-out-%lld", (long long)end.time_ms);
    o->left_out = 0;
    deliver_local(o, &a);
}

/* The audit log has it once, when it is over, without what the service said: whoever asks for it on
 * this machine, however often, must not push others out of the spool. */
static void report_local(struct outgoing *o, const struct node_report *r)
{
    struct local_action *a = r->local;
    if (a->again || a->outcome->state == OUTCOME_RUNNING)
        return;
    if (!share_take(&o->local, LOCAL_AT_ONCE, LOCAL_EACH_MS, clock_mono_ms())) {
        o->left_out++;
        return;
    }
    tell_left_out(o);
    mem_set_str(&a->outcome->output, "");
    deliver_local(o, a);
}

static void report_passing(struct outgoing *o, const struct node_report *r)
{
    AUTO(str_done) struct str m = {0};
    wire_report_print(NULL, r, 0, false, &m);
    if (r->kind == REPORT_PROCESSES)
        send_bytes(o, m.p, m.len);
    else
        deliver(o, r->kind == REPORT_CHECK ? SPOOL_REPORT : SPOOL_OUTCOME, &m);
}

void outgoing_report(struct outgoing *o, struct node_report *r)
{
    switch (r->kind) {
    case REPORT_SERIES:
        report_series(o, r->series);
        return;
    case REPORT_FRAME:
        report_frame(o, r->frame);
        outgoing_go_on(o);
        return;
    case REPORT_FACTS:
    case REPORT_POLICY:
    case REPORT_SERVICE:
    case REPORT_SERVICE_GONE:
    case REPORT_SOURCE:
        report_lasting(o, r);
        break;
    case REPORT_PROCESSES:
    case REPORT_CHECK:
    case REPORT_OUTCOME:
        report_passing(o, r);
        break;
    case REPORT_LOCAL:
        report_local(o, r);
        break;
    }
    node_report_free(r);
}

/* --- what was missed --- */

static void free_defs(struct series_def *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        mem_free(v[i].name);
        mem_free(v[i].labels);
    }
}

/* The series of a table in the spool, put behind each other. */
static void parse_table(const struct str *parts, struct known *into)
{
    for (size_t at = 0; at + 4 <= parts->len;) {
        uint32_t len;
        struct node_report r;
        struct wire_values none = {0};
        memcpy(&len, parts->p + at, sizeof len);
        at += sizeof len;
        PB(FromAgent) *m =
            hydra__agent__v1__from_agent__unpack(NULL, len, (const uint8_t *)parts->p + at);
        at += len;
        if (m && wire_report_take(&none, m, NULL, &r) == 1) {
            if (r.kind == REPORT_SERIES)
                known_series(into, r.series);
            else
                node_report_free(&r);
        }
        if (m)
            hydra__agent__v1__from_agent__free_unpacked(m, NULL);
        wire_values_done(&none);
    }
}

/* Frames of an earlier run count otherwise. false = their names are lost. */
static bool set_old_table(struct outgoing *o, uint32_t table)
{
    AUTO(str_done) struct str parts = {0};
    struct known t = {0};
    if (o->numbers.old_table == table)
        return true;
    if (spool_table_read(o->settings.spool, table, &parts) < 0)
        return false;
    parse_table(&parts, &t);
    numbers_set_old(&o->numbers, table, t.series.v, (uint32_t)t.series.n, o->known.series.v,
                    announce, o);
    free_defs(t.series.v, t.series.n);
    vec_done(&t.series);
    return true;
}

static bool is_live_table(const struct outgoing *o, uint32_t table)
{
    return table == spool_table_now(o->settings.spool) && !o->is_table_new;
}

static struct frame *read_frame(struct outgoing *o, const struct spool_record *s)
{
    struct node_report r = {0};
    if (s->kind == SPOOL_KEY)
        wire_values_done(&o->read);
    else if (!o->has_key)
        return NULL;
    PB(FromAgent) *m = hydra__agent__v1__from_agent__unpack(NULL, s->len, s->bytes);
    o->has_key = m && wire_report_take(&o->read, m, NULL, &r) == 1 && r.kind == REPORT_FRAME;
    if (m)
        hydra__agent__v1__from_agent__free_unpacked(m, NULL);
    return o->has_key ? r.frame : NULL;
}

static void replay_frame(struct outgoing *o, const struct spool_record *s)
{
    struct frame *f = read_frame(o, s);
    bool is_old = !is_live_table(o, s->table);
    if (f && !s->is_done && (!is_old || set_old_table(o, s->table))) {
        send_frame(o, f, s->sequence, true, is_old);
        o->replayed++;
    }
    mem_free(f);
}

static void replay(struct outgoing *o, const struct spool_record *s)
{
    if (s->kind == SPOOL_KEY || s->kind == SPOOL_FRAME) {
        replay_frame(o, s);
        return;
    }
    send_message(o, s->bytes, s->len, s->sequence, true);
    o->replayed++;
}

void outgoing_go_on(struct outgoing *o)
{
    struct spool_record r;
    while (o->is_up && o->is_behind && o->settings.backlog(o->settings.arg) < REPLAY_BACKLOG) {
        if (spool_read(o->settings.spool, &r) == 1) {
            replay(o, &r);
            continue;
        }
        o->is_behind = false;
        if (o->replayed)
            log_info("agent", "the hub has been told what it missed", "reports=%llu",
                     (unsigned long long)o->replayed);
        o->replayed = 0;
    }
}

/* --- the link --- */

static void rewind_all(struct outgoing *o)
{
    spool_rewind(o->settings.spool);
    o->has_key = false;
    o->replayed = 0;
}

void outgoing_up(struct outgoing *o)
{
    o->is_up = true;
    o->is_behind = true;
    numbers_begin(&o->numbers);
    wire_values_done(&o->told);
    rewind_all(o);
    tell_series(o);
    known_tell(&o->known, tell_known, o);
    outgoing_go_on(o);
}

void outgoing_down(struct outgoing *o)
{
    if (!o->is_up)
        return;
    o->is_up = false;
    keep_recent(o);
    rewind_all(o);
}

void outgoing_acknowledge(struct outgoing *o, uint64_t sequence)
{
    size_t arrived = 0;
    while (arrived < o->n_recent && o->recent[arrived].after &&
           o->recent[arrived].after <= sequence)
        arrived++;
    drop_recent(o, arrived);
    spool_acknowledge(o->settings.spool, sequence);
}

void outgoing_forget(struct outgoing *o)
{
    drop_recent(o, o->n_recent);
    spool_acknowledge(o->settings.spool, spool_number(o->settings.spool));
    rewind_all(o);
}
