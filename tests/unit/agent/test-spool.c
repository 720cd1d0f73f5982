#include "agent/spool.h"

#include "base/log.h"
#include "folder.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../test.h"

struct room {
    char dir[FOLDER_SIZE];
    struct spool *s;
};

static struct spool *open_in(const char *dir, uint64_t limit)
{
    struct spool *s = NULL;
    struct err e = {0};
    assert_int_equal(spool_open(&(struct spool_settings){.dir = dir, .limit = limit}, &e, &s), 0);
    return s;
}

static int set_up(void **state)
{
    struct room *m = mem_alloc(sizeof *m);
    folder_make(m->dir);
    m->s = open_in(m->dir, 0);
    *state = m;
    return 0;
}

static int tear_down(void **state)
{
    struct room *m = *state;
    spool_close(m->s);
    folder_remove(m->dir);
    mem_free(m);
    return 0;
}

static uint64_t add(struct spool *s, enum spool_kind kind, const char *text)
{
    return spool_add(s, kind, text, strlen(text));
}

/* The next record is this one. */
static void expect(struct spool *s, uint64_t sequence, const char *text)
{
    struct spool_record r;
    assert_int_equal(spool_read(s, &r), 1);
    assert_int_equal(r.sequence, sequence);
    assert_int_equal(r.len, strlen(text));
    assert_memory_equal(r.bytes, text, r.len);
}

static void expect_end(struct spool *s)
{
    struct spool_record r;
    assert_int_equal(spool_read(s, &r), 0);
    assert_true(spool_is_read(s));
}

static void restart(struct room *m, uint64_t limit)
{
    spool_close(m->s);
    m->s = open_in(m->dir, limit);
}

static void reads_back_in_order_also_after_a_restart(void **state)
{
    struct room *m = *state;
    assert_true(spool_is_read(m->s));
    assert_int_equal(add(m->s, SPOOL_REPORT, "one"), 1);
    assert_int_equal(spool_number(m->s), 2);
    assert_int_equal(add(m->s, SPOOL_OUTCOME, "three"), 3);
    for (int i = 0; i < 2; i++) {
        expect(m->s, 1, "one");
        expect(m->s, 3, "three");
        expect_end(m->s);
        restart(m, 0);
    }
    assert_int_equal(add(m->s, SPOOL_REPORT, "four"), 4);
    expect(m->s, 1, "one");
    expect(m->s, 3, "three");
    expect(m->s, 4, "four");
    expect_end(m->s);
    spool_rewind(m->s);
    expect(m->s, 1, "one");
}

static void numbers_of_an_earlier_run_do_not_come_again(void **state)
{
    struct room *m = *state;
    struct err e = {0};
    add(m->s, SPOOL_REPORT, "one");
    spool_close(m->s);
    const struct spool_settings s = {.dir = m->dir, .first = 100};
    assert_int_equal(spool_open(&s, &e, &m->s), 0);
    assert_int_equal(add(m->s, SPOOL_REPORT, "two"), 100);
    expect(m->s, 1, "one");
    expect(m->s, 100, "two");
}

static void nothing_is_left_of_what_was_removed(void **state)
{
    struct room *m = *state;
    spool_table(m->s, true, "n", 1);
    add(m->s, SPOOL_KEY, "k");
    spool_close(m->s);
    spool_remove_all(m->dir);
    m->s = open_in(m->dir, 0);
    expect_end(m->s);
    spool_remove_all("/nonexistent");
}

static void what_was_added_while_reading_is_read(void **state)
{
    struct room *m = *state;
    add(m->s, SPOOL_REPORT, "one");
    expect(m->s, 1, "one");
    expect_end(m->s);
    add(m->s, SPOOL_REPORT, "two");
    assert_false(spool_is_read(m->s));
    expect(m->s, 2, "two");
    add(m->s, SPOOL_REPORT, "three");
    spool_skip(m->s);
    expect_end(m->s);
}

static void acknowledged_records_do_not_come_again(void **state)
{
    struct room *m = *state;
    for (int i = 0; i < 5; i++)
        add(m->s, SPOOL_REPORT, "x");
    spool_acknowledge(m->s, 3);
    spool_acknowledge(m->s, 2);
    spool_acknowledge(m->s, 99); /* nonsense of a peer */
    spool_rewind(m->s);
    expect(m->s, 4, "x");
    restart(m, 0);
    expect(m->s, 4, "x");
    expect(m->s, 5, "x");
    spool_acknowledge(m->s, 5);
    assert_int_equal(folder_count(m->dir, ".log"), 0);
    restart(m, 0);
    expect_end(m->s);
    assert_int_equal(add(m->s, SPOOL_REPORT, "x"), 6);
}

/* An acknowledged frame is still what the next one differs from. */
static void frames_come_with_those_they_need(void **state)
{
    struct room *m = *state;
    struct spool_record r;
    assert_true(spool_wants_key(m->s));
    spool_table(m->s, true, "names", 5);
    add(m->s, SPOOL_KEY, "k");
    assert_false(spool_wants_key(m->s));
    add(m->s, SPOOL_FRAME, "f");
    add(m->s, SPOOL_REPORT, "r");
    add(m->s, SPOOL_FRAME, "g");
    spool_acknowledge(m->s, 3);
    spool_rewind(m->s);
    for (unsigned i = 1; i <= 4; i++) {
        if (i == 3)
            continue;
        assert_int_equal(spool_read(m->s, &r), 1);
        assert_int_equal(r.sequence, i);
        assert_int_equal(r.is_done, i < 4);
        assert_int_equal(r.table, spool_table_now(m->s));
    }
    expect_end(m->s);
}

static void a_key_is_wanted_each_ten_frames(void **state)
{
    struct room *m = *state;
    spool_table(m->s, true, "n", 1);
    for (int i = 0; i < 35; i++) {
        bool wants = spool_wants_key(m->s);
        assert_int_equal(wants, i % SPOOL_KEY_EVERY == 0);
        add(m->s, wants ? SPOOL_KEY : SPOOL_FRAME, "f");
    }
    spool_table(m->s, true, "o", 1);
    assert_true(spool_wants_key(m->s));
}

static void tables_last_as_long_as_their_frames(void **state)
{
    struct room *m = *state;
    AUTO(str_done) struct str parts = {0};
    spool_table(m->s, true, "abc", 3);
    spool_table(m->s, false, "de", 2);
    uint32_t first = spool_table_now(m->s);
    uint64_t last = add(m->s, SPOOL_KEY, "k");
    restart(m, 0);
    assert_int_not_equal(spool_table_now(m->s), first);
    assert_int_equal(spool_table_read(m->s, first, &parts), 0);
    assert_int_equal(parts.len, 4 + 3 + 4 + 2);
    assert_memory_equal(parts.p + 4, "abc", 3);
    assert_memory_equal(parts.p + 11, "de", 2);
    add(m->s, SPOOL_REPORT, "x");
    spool_acknowledge(m->s, last);
    assert_int_equal(spool_table_read(m->s, first, &parts), -ENOENT);
    assert_int_equal(folder_count(m->dir, ".series"), 0);
}

/* The process may end, and the disk may keep, at any byte: what was whole is there, in order. */
static void survives_an_end_at_any_byte(void **state)
{
    struct room *m = *state;
    static const char *const texts[] = {"first", "the second one", "", "fourth"};
    AUTO(str_done) struct str file = {0};
    char copy[FOLDER_SIZE];
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        add(m->s, SPOOL_REPORT, texts[i]);
    folder_read(m->dir, "0000000000000001.log", &file);
    folder_make(copy);
    for (size_t cut = 0; cut <= file.len; cut++) {
        struct spool_record r;
        uint64_t n = 0;
        folder_write(copy, "0000000000000001.log", file.p, cut);
        struct spool *s = open_in(copy, 0);
        while (spool_read(s, &r) == 1) {
            assert_int_equal(r.sequence, n + 1);
            assert_memory_equal(r.bytes, texts[n], r.len);
            n++;
        }
        assert_true(n < COUNT_OF(texts) || cut == file.len);
        assert_int_equal(add(s, SPOOL_REPORT, "after"), n + 1);
        expect(s, n + 1, "after");
        spool_close(s);
        folder_remove(copy);
        mkdir(copy, 0700);
    }
    folder_remove(copy);
}

static void a_flipped_bit_loses_no_more_than_what_follows_in_its_file(void **state)
{
    struct room *m = *state;
    AUTO(str_done) struct str file = {0};
    char copy[FOLDER_SIZE];
    add(m->s, SPOOL_REPORT, "first");
    add(m->s, SPOOL_REPORT, "second");
    folder_read(m->dir, "0000000000000001.log", &file);
    folder_make(copy);
    for (size_t at = 0; at < file.len; at++) {
        struct spool_record r;
        uint64_t last = 0;
        file.p[at] ^= 0x10;
        folder_write(copy, "0000000000000001.log", file.p, file.len);
        struct spool *s = open_in(copy, 0);
        while (spool_read(s, &r) == 1) {
            assert_true(r.sequence > last && r.sequence <= 2);
            assert_memory_equal(r.bytes, r.sequence == 1 ? "first" : "second", r.len);
            last = r.sequence;
        }
        spool_close(s);
        file.p[at] ^= 0x10;
        folder_remove(copy);
        mkdir(copy, 0700);
    }
    folder_remove(copy);
}

struct tally {
    unsigned keys, frames, reports, outcomes;
};

static struct tally count(struct spool *s)
{
    struct tally t = {0};
    struct spool_record r;
    uint64_t last = 0;
    spool_rewind(s);
    while (spool_read(s, &r) == 1) {
        assert_true(r.sequence > last);
        last = r.sequence;
        t.keys += r.kind == SPOOL_KEY;
        t.frames += r.kind == SPOOL_FRAME;
        t.reports += r.kind == SPOOL_REPORT;
        t.outcomes += r.kind == SPOOL_OUTCOME;
    }
    spool_rewind(s);
    return t;
}

enum { SMALL = 1 << 20 /* of which a segment is 16 KiB */ };

static void add_frames(struct spool *s, unsigned n)
{
    char bytes[400];
    memset(bytes, 'f', sizeof bytes);
    for (unsigned i = 0; i < n; i++)
        spool_add(s, spool_wants_key(s) ? SPOOL_KEY : SPOOL_FRAME, bytes, sizeof bytes);
}

static void a_full_spool_thins_the_oldest_frames_first(void **state)
{
    struct room *m = *state;
    struct spool_record r;
    restart(m, SMALL);
    spool_table(m->s, true, "n", 1);
    add(m->s, SPOOL_OUTCOME, "done");
    add(m->s, SPOOL_REPORT, "changed");
    add_frames(m->s, 4000); /* 1.6 MiB */
    assert_true(spool_bytes(m->s) <= SMALL);
    struct tally t = count(m->s);
    assert_int_equal(t.reports + t.outcomes, 2);
    assert_true(t.keys >= 400);
    assert_true(t.frames > 1000 && t.frames < 3000);
    unsigned kinds[4] = {0}; /* of the first hundred */
    for (int i = 0; i < 100; i++) {
        assert_int_equal(spool_read(m->s, &r), 1);
        kinds[r.kind - 1]++;
    }
    assert_int_equal(kinds[SPOOL_FRAME - 1], 0);
    restart(m, SMALL);
    struct tally same = count(m->s);
    assert_memory_equal(&same, &t, sizeof t);
}

static void outcomes_go_last(void **state)
{
    struct room *m = *state;
    char bytes[4000];
    memset(bytes, 'r', sizeof bytes);
    restart(m, SMALL);
    spool_table(m->s, true, "n", 1);
    for (int i = 0; i < 50; i++)
        add(m->s, SPOOL_OUTCOME, "done");
    add_frames(m->s, 20000);
    struct tally t = count(m->s);
    assert_int_equal(t.outcomes, 50);
    assert_true(t.keys > 500 && spool_bytes(m->s) <= SMALL);
    for (int i = 0; i < 1000; i++)
        spool_add(m->s, SPOOL_REPORT, bytes, sizeof bytes);
    t = count(m->s);
    assert_int_equal(t.outcomes, 50);
    assert_true(t.reports > 100 && t.reports < 1000 && spool_bytes(m->s) <= SMALL);
    spool_acknowledge(m->s, spool_number(m->s) - 1);
    assert_true(folder_count(m->dir, ".log") <= 1); /* what is being written may stay */
    expect_end(m->s);
}

static void what_is_being_read_is_not_thinned(void **state)
{
    struct room *m = *state;
    struct spool_record r;
    restart(m, SMALL);
    spool_table(m->s, true, "n", 1);
    add_frames(m->s, 100);
    assert_int_equal(spool_read(m->s, &r), 1);
    add_frames(m->s, 5000);
    for (unsigned i = 2; i < 30; i++) {
        assert_int_equal(spool_read(m->s, &r), 1);
        assert_int_equal(r.sequence, i);
    }
}

static void a_disk_that_is_full_loses_records_and_nothing_else(void **state)
{
    struct room *m = *state;
    char path[FOLDER_SIZE + 32], away[FOLDER_SIZE + 8];
    add(m->s, SPOOL_REPORT, "one");
    restart(m, 0);
    snprintf(away, sizeof away, "%s.away", m->dir);
    assert_int_equal(rename(m->dir, away), 0); /* no file can be made */
    assert_int_equal(add(m->s, SPOOL_REPORT, "two"), 2);
    assert_non_null(spool_trouble(m->s));
    assert_int_equal(rename(away, m->dir), 0);
    assert_int_equal(add(m->s, SPOOL_REPORT, "three"), 3);
    assert_null(spool_trouble(m->s));
    expect(m->s, 1, "one");
    expect(m->s, 3, "three");
    expect_end(m->s);
    snprintf(path, sizeof path, "%s/file", m->dir);
    folder_write(m->dir, "file", "", 0);
    struct spool *s = NULL;
    struct err e = {0};
    assert_int_equal(spool_open(&(struct spool_settings){.dir = path}, &e, &s), -ENOTDIR);
    assert_non_null(strstr(e.text, "can't be read"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    const struct CMUnitTest tests[] = {
        TEST(reads_back_in_order_also_after_a_restart),
        TEST(numbers_of_an_earlier_run_do_not_come_again),
        TEST(nothing_is_left_of_what_was_removed),
        TEST(what_was_added_while_reading_is_read),
        TEST(acknowledged_records_do_not_come_again),
        TEST(frames_come_with_those_they_need),
        TEST(a_key_is_wanted_each_ten_frames),
        TEST(tables_last_as_long_as_their_frames),
        TEST(survives_an_end_at_any_byte),
        TEST(a_flipped_bit_loses_no_more_than_what_follows_in_its_file),
        TEST(a_full_spool_thins_the_oldest_frames_first),
        TEST(outcomes_go_last),
        TEST(what_is_being_read_is_not_thinned),
        TEST(a_disk_that_is_full_loses_records_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
