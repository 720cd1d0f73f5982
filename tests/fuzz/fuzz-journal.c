/* A journal file, as a broken disk or a journald in the middle of a write leaves it. */
#include "fuzz.h"

#include "node/journal-file.h"
#include "node/journal-scan.h"
#include "node/logs-private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* --- a search through it, as a file --- */

static char folder[] = "/tmp/hydra-fuzz-journal-XXXXXX";

static void remove_folder(void)
{
    rmdir(folder);
}

static void search(const char *unit, enum line_level level, bool newer)
{
    struct log_query q = {.text = (char *)"e"};
    struct log_filter *filter = NULL;
    struct journal_scan *s = NULL;
    int64_t us;
    size_t n;
    FUZZ_CHECK(log_filter_new(&q, NULL, &filter) == 0);
    struct journal_want want = {
        .folder = folder, .unit = unit, .level = level, .filter = filter, .newer = newer};
    int r = journal_scan_open(&want, &s);
    for (int i = 0; r == 0 && i < LOOKS_MAX && (r = journal_scan_next(s, 50, &us)) != 0; i++) {
        const char *text = r == 1 ? journal_scan_field(s, "MESSAGE", &n) : NULL;
        sum = sum + (text && n ? (unsigned char)text[n - 1] : 0);
        r = r == -EAGAIN ? 0 : r < 0 ? r : 0;
    }
    journal_scan_close(s);
    log_filter_free(filter);
}

static void search_file(const uint8_t *data, size_t size)
{
    static bool is_made;
    AUTO(mem_freep) char *path = NULL;
    if (!is_made) {
        FUZZ_CHECK(mkdtemp(folder));
        (void)atexit(remove_folder);
    }
    is_made = true;
    path = mem_printf("%s/system.journal", folder);
    FILE *f = fopen(path, "we");
    FUZZ_CHECK(f && fwrite(data, 1, size, f) == size);
    FUZZ_CHECK(fclose(f) == 0);
    search(NULL, LINE_NO_LEVEL, false);
    search("a.service", LINE_NO_LEVEL, true);
    search("a.service", LINE_ERR, false);
    unlink(path);
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
    search_file(data, size);
    return 0;
}
