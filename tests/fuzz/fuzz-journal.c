/* A journal file, as a broken disk or a journald in the middle of a write leaves it. */
#include "fuzz.h"

#include "node/journal-file.h"

#include <string.h>

enum { LOOKS_MAX = 200 };
static volatile unsigned sum;

static void look_at_entry(const struct journal_file *f, uint64_t offset, const char *end)
{
    struct journal_entry e;
    if (journal_file_entry(f, offset, &e) < 0)
        return;
    for (size_t i = 0; i < e.n_items && i < LOOKS_MAX; i++) {
        const char *bytes;
        size_t n;
        if (journal_file_data(f, journal_entry_item(f, &e, i), &bytes, &n) < 0)
            continue;
        FUZZ_CHECK(n <= (size_t)(end - bytes));
        sum = sum + (n ? (unsigned char)bytes[n - 1] : 0); /* read, so that a sanitizer sees it */
    }
}

static void look_at_list(const struct journal_file *f, const struct journal_list *l,
                         const char *end)
{
    for (uint64_t i = 0; i < l->n && i < LOOKS_MAX; i++) {
        look_at_entry(f, journal_list_at(f, l, i), end);
        look_at_entry(f, journal_list_at(f, l, l->n - 1 - i), end);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct journal_file f;
    struct journal_list l;
    if (journal_file_read(data, size, &f) < 0)
        return 0;
    look_at_list(&f, &f.all, (const char *)data + size);
    uint64_t value = journal_file_find(&f, "PRIORITY", "6");
    if (value && journal_file_list(&f, value, &l) == 0)
        look_at_list(&f, &l, (const char *)data + size);
    (void)journal_file_find(&f, "_SYSTEMD_UNIT", "a.service");
    journal_file_done(&f);
    return 0;
}
