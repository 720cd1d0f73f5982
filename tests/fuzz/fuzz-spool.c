/* A spool file with any content: what is read from it has growing numbers and sane kinds, and the
 * spool goes on after it. */
#include "fuzz.h"

#include "agent/spool.h"
#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/hydra-fuzz-XXXXXX";

static void unlink_all(void)
{
    static const char *const names[] = {"0000000000000001.log", "0000000000000002.log",
                                        "acknowledged"};
    char path[64];
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
}

static void remove_folder(void)
{
    rmdir(dir);
}

static void write_file(const uint8_t *data, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "%s/0000000000000001.log", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}

static uint64_t read_all(struct spool *s)
{
    struct spool_record r;
    uint64_t last = 0;
    while (spool_read(s, &r) == 1) {
        FUZZ_CHECK(r.sequence > last && r.kind >= SPOOL_REPORT && r.kind <= SPOOL_FRAME);
        last = r.sequence;
    }
    FUZZ_CHECK(spool_is_read(s));
    return last;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_made;
    struct spool *s;
    struct spool_record r;
    if (!is_made) {
        FUZZ_CHECK(mkdtemp(dir));
        atexit(remove_folder);
        log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
        is_made = true;
    }
    write_file(data, size);
    FUZZ_CHECK(spool_open(&(struct spool_settings){.dir = dir}, NULL, &s) == 0);
    uint64_t last = read_all(s);
    if (last < UINT64_MAX - 1) {
        uint64_t next = spool_add(s, SPOOL_REPORT, "x", 1);
        FUZZ_CHECK(next > last && spool_read(s, &r) == 1 && r.sequence == next);
        spool_acknowledge(s, next);
        spool_rewind(s);
        FUZZ_CHECK(spool_read(s, &r) == 0);
    }
    spool_close(s);
    unlink_all();
    return 0;
}
