#include "../test.h"

#include "journal-maker.h"
#include "node/journal-file.h"

#include <unistd.h>

/* Twenty entries of three units, one a second. */
static struct maker make(bool compact)
{
    struct maker m = maker_begin(compact, 's');
    for (int i = 0; i < 20; i++) {
        AUTO(mem_freep) char *message = mem_printf("MESSAGE=line %d", i);
        AUTO(mem_freep) char *unit = mem_printf("_SYSTEMD_UNIT=%c.service", 'a' + i % 3);
        maker_entry(&m, 1000000 * (uint64_t)(i + 1), message, unit, "PRIORITY=6", NULL);
    }
    maker_end(&m);
    return m;
}

static void check_entries(const struct journal_file *f, const struct journal_list *l, int first,
                          int gap)
{
    for (uint64_t i = 0; i < l->n; i++) {
        struct journal_entry e;
        const char *bytes;
        size_t n;
        int number = first + (int)i * gap;
        AUTO(mem_freep) char *message = mem_printf("MESSAGE=line %d", number);
        assert_int_equal(journal_file_entry(f, journal_list_at(f, l, i), &e), 0);
        assert_int_equal(e.time_us, 1000000 * (number + 1));
        assert_int_equal(e.seqnum, number + 1);
        assert_int_equal(e.n_items, 3);
        assert_int_equal(journal_file_data(f, journal_entry_item(f, &e, 0), &bytes, &n), 0);
        assert_int_equal(n, strlen(message));
        assert_memory_equal(bytes, message, n);
        journal_file_expect(f, e.offset);
    }
}

static void reads_both_layouts(void **state)
{
    (void)state;
    for (int compact = 0; compact < 2; compact++) {
        struct maker m = make(compact);
        struct journal_file f;
        struct journal_list l;
        assert_int_equal(journal_file_read(m.bytes.p, m.bytes.len, &f), 0);
        assert_int_equal(f.head_us, 1000000);
        assert_int_equal(f.tail_us, 20000000);
        assert_int_equal(f.all.n, 20);
        check_entries(&f, &f.all, 0, 1);
        uint64_t unit = journal_file_find(&f, "_SYSTEMD_UNIT", "b.service");
        assert_int_equal(journal_file_list(&f, unit, &l), 0);
        assert_int_equal(l.n, 7);
        check_entries(&f, &l, 1, 3);
        assert_int_equal(journal_file_find(&f, "_SYSTEMD_UNIT", "d.service"), 0);
        assert_int_equal(journal_file_find(&f, "_SYSTEMD_UNI", "b.service"), 0);
        assert_int_equal(journal_file_find(&f, "NEVER", "x"), 0);
        assert_int_equal(journal_list_at(&f, &l, 7), 0);
        journal_file_done(&f);
        maker_done(&m);
    }
}

static void believes_no_offset(void **state)
{
    (void)state;
    struct maker m = make(true);
    struct journal_file f;
    struct journal_entry e;
    struct journal_list l;
    const char *bytes;
    size_t n;
    assert_int_equal(journal_file_read(m.bytes.p, m.bytes.len, &f), 0);
    static const uint64_t wrong[] = {0, 1, 8, 265, UINT64_MAX, UINT64_MAX - 7};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(journal_file_entry(&f, wrong[i], &e), -EBADMSG);
        assert_int_equal(journal_file_data(&f, wrong[i], &bytes, &n), -EBADMSG);
        assert_int_equal(journal_file_list(&f, wrong[i], &l), -EBADMSG);
        journal_file_expect(&f, wrong[i]);
    }
    /* An entry is no value, and the other way round. */
    uint64_t entry = journal_list_at(&f, &f.all, 0);
    assert_int_equal(journal_file_data(&f, entry, &bytes, &n), -EBADMSG);
    assert_int_equal(journal_file_entry(&f, journal_file_find(&f, "PRIORITY", "6"), &e), -EBADMSG);
    maker_done(&m);
}

/* What the file's own header rules out. */
static void believes_no_stray_flag(void **state)
{
    (void)state;
    struct maker m = make(true);
    struct journal_file f;
    const char *bytes;
    size_t n;
    assert_int_equal(journal_file_read(m.bytes.p, m.bytes.len, &f), 0);
    uint64_t value = journal_file_find(&f, "PRIORITY", "6");
    m.bytes.p[value + 1] = 4;
    assert_int_equal(journal_file_data(&f, value, &bytes, &n), -EBADMSG);
    m.bytes.p[12] |= MAKER_ZSTD;
    assert_int_equal(journal_file_read(m.bytes.p, m.bytes.len, &f), 0);
    assert_int_equal(journal_file_data(&f, value, &bytes, &n), 1);
    maker_done(&m);
}

static void says_what_it_is_not(void **state)
{
    (void)state;
    struct maker m = make(false);
    struct journal_file f;
    assert_int_equal(journal_file_read(m.bytes.p, 100, &f), -EBADMSG);
    m.bytes.p[0] = 'X';
    assert_int_equal(journal_file_read(m.bytes.p, m.bytes.len, &f), -EBADMSG);
    m.bytes.p[0] = 'L';
    m.bytes.p[12] = 1; /* compressed with XZ */
    assert_int_equal(journal_file_read(m.bytes.p, m.bytes.len, &f), -EOPNOTSUPP);
    m.bytes.p[12] = 0;
    maker_patch(&m, 120, UINT64_MAX - 8);
    assert_int_equal(journal_file_read(m.bytes.p, m.bytes.len, &f), -EBADMSG);
    maker_patch(&m, 120, 264);
    maker_patch(&m, 152, 0);
    assert_int_equal(journal_file_read(m.bytes.p, m.bytes.len, &f), -ENODATA);
    maker_done(&m);
}

/* Arrays that lead back, and those that are not written yet. */
static void follows_no_circle(void **state)
{
    (void)state;
    struct maker m = make(true);
    struct journal_file f;
    uint64_t first = maker_peek(&m, 176);
    maker_patch(&m, first + 16, first);
    assert_int_equal(journal_file_read(m.bytes.p, m.bytes.len, &f), 0);
    assert_int_equal(f.all.n, 2);
    maker_patch(&m, first + 16, m.bytes.len + 8);
    assert_int_equal(journal_file_read(m.bytes.p, m.bytes.len, &f), 0);
    assert_int_equal(f.all.n, 2);
    maker_done(&m);
}

static void opens_files(void **state)
{
    (void)state;
    char path[] = "/tmp/hydra-test-journal-XXXXXX";
    struct maker m = make(true);
    struct journal_file f;
    close(mkstemp(path));
    assert_int_equal(journal_file_open(path, &f), -ENODATA);
    maker_write(&m, path);
    assert_int_equal(journal_file_open(path, &f), 0);
    check_entries(&f, &f.all, 0, 1);
    journal_file_done(&f);
    unlink(path);
    assert_int_equal(journal_file_open(path, &f), -ENOENT);
    assert_int_equal(journal_file_open("/tmp", &f), -EBADMSG);
    maker_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_both_layouts),  cmocka_unit_test(believes_no_offset),
        cmocka_unit_test(says_what_it_is_not), cmocka_unit_test(follows_no_circle),
        cmocka_unit_test(opens_files),         cmocka_unit_test(believes_no_stray_flag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
