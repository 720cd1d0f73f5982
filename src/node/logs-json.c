/* Docker's json-file logs where they lie, for who may read them: {"log":"…\n","stream":"stdout",
 * "time":"…"} in each line, the newest file NAME, older ones NAME.1, NAME.2, …. An engine takes
 * twenty times as long to hand the same lines out.
 *
 * Files stay open, so a rotation changes nothing for who reads. They are read, not mapped: an
 * engine may cut them short at any time. */
#include "node/logs-private.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    PIECE = 256 << 10, /* read at once; a line is shorter */
    NEAR = 64 << 10,   /* a place is looked for no more closely */
};

/* --- a line: pure --- */

static bool take_hex(const char *p, const char *end, uint32_t *ret)
{
    *ret = 0;
    if (end - p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = p[i] >= '0' && p[i] <= '9'   ? p[i] - '0'
                    : p[i] >= 'a' && p[i] <= 'f' ? p[i] - 'a' + 10
                    : p[i] >= 'A' && p[i] <= 'F' ? p[i] - 'A' + 10
                                                 : -1;
        if (digit < 0)
            return false;
        *ret = *ret << 4 | (uint32_t)digit;
    }
    return true;
}

static void add_point(struct str *out, uint32_t c)
{
    if (c < 0x80)
        str_add_char(out, (char)c);
    else if (c < 0x800)
        str_add_n(out, (char[]){(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f))}, 2);
    else if (c < 0x10000)
        str_add_n(out,
                  (char[]){(char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3f)),
                           (char)(0x80 | (c & 0x3f))},
                  3);
    else
        str_add_n(out,
                  (char[]){(char)(0xf0 | c >> 18), (char)(0x80 | (c >> 12 & 0x3f)),
                           (char)(0x80 | (c >> 6 & 0x3f)), (char)(0x80 | (c & 0x3f))},
                  4);
}

/* Behind "\u": four digits, or two times four for what is beyond U+FFFF. Returns what follows. */
static const char *add_escaped_point(struct str *out, const char *p, const char *end)
{
    uint32_t c = 0, low = 0;
    if (!take_hex(p, end, &c)) {
        add_point(out, 0xfffd);
        return p;
    }
    p += 4;
    bool pair = c >= 0xd800 && c < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
                take_hex(p + 2, end, &low) && low >= 0xdc00 && low < 0xe000;
    if (pair)
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    add_point(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
    return pair ? p + 6 : p;
}

/* What stands between the quotes of a JSON string. */
static void unescape(struct str *out, const char *p, const char *end)
{
    static const char names[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        str_add_n(out, p, (size_t)((slash ? slash : end) - p));
        if (!slash || slash + 1 == end)
            return;
        p = slash + 2;
        const char *name = slash[1] ? strchr(names, slash[1]) : NULL;
        if (slash[1] == 'u')
            p = add_escaped_point(out, p, end);
        else
            str_add_char(out, name ? bytes[name - names] : slash[1]);
    }
}

/* "…\n": a whole line; without it the next entry of its stream goes on. */
static bool ends_line(const char *text, const char *end)
{
    size_t slashes = 0;
    if (end - text < 2 || end[-1] != 'n')
        return false;
    for (const char *p = end - 1; p > text && p[-1] == '\\'; p--)
        slashes++;
    return slashes % 2;
}

/* The time is the last member. */
static bool read_time(const char *p, size_t n, int64_t *ret_ns)
{
    static const char key[] = "\"time\":\"";
    if (n < sizeof key + 2 || p[n - 1] != '}' || p[n - 2] != '"')
        return false;
    const char *end = p + n - 2, *quote = memrchr(p, '"', n - 2);
    if (!quote || quote + 1 - p < (ptrdiff_t)sizeof key - 1 ||
        memcmp(quote + 2 - sizeof key, key, sizeof key - 1) != 0)
        return false;
    return log_parse_time(quote + 1, (size_t)(end - quote - 1), ret_ns) > 0;
}

bool log_json_parse(const char *p, size_t n, struct str *scratch, struct log_json_entry *ret)
{
    static const char first[] = "{\"log\":\"", second[] = "\",\"stream\":\"std";
    if (n < sizeof first || memcmp(p, first, sizeof first - 1) != 0)
        return false;
    const char *text = p + sizeof first - 1;
    /* A quote in the text is escaped: this is its end. */
    const char *end = memmem(text, (size_t)(p + n - text), second, sizeof second - 1);
    if (!end)
        return false;
    const char *rest = end + sizeof second - 1;
    size_t left = (size_t)(p + n - rest);
    if (left < 4 || (memcmp(rest, "out\"", 4) != 0 && memcmp(rest, "err\"", 4) != 0) ||
        !read_time(rest + 4, left - 4, &ret->time_ns))
        return false;
    ret->stream = *rest == 'o' ? 1 : 2;
    ret->ended = ends_line(text, end);
    end -= ret->ended ? 2 : 0;
    ret->text = text;
    ret->len = (size_t)(end - text);
    if (!memchr(text, '\\', ret->len))
        return true;
    str_clear(scratch);
    unescape(scratch, text, end);
    ret->text = str_text(scratch);
    ret->len = scratch->len;
    return true;
}

/* --- the files --- */

void log_json_close(struct log_json *j)
{
    for (size_t i = 0; i < j->n; i++)
        close(j->files[i].fd);
    mem_free(j->buffer);
    str_done(&j->scratch);
    *j = (struct log_json){0};
}

static bool is_same(int fd, const struct stat *st)
{
    struct stat other;
    return fstat(fd, &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

/* The newest comes first; one that was rotated in between came before. */
static int add_file(struct log_json *j, const char *path)
{
    struct stat st;
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    if (fd < 0)
        return -errno;
    int r = fstat(fd, &st) < 0 ? -errno : !S_ISREG(st.st_mode) ? -EINVAL : 0;
    bool again = r == 0 && j->n && is_same(j->files[j->n - 1].fd, &st);
    if (r < 0 || again || j->n == LIMIT_LOG_FILES) {
        close(fd);
        return r < 0 ? r : again ? 0 : -EMFILE;
    }
    j->files[j->n++] = (struct log_json_file){fd, st.st_size};
    return 0;
}

static void turn_round(struct log_json *j)
{
    for (size_t i = 0; i < j->n / 2; i++) {
        struct log_json_file f = j->files[i];
        j->files[i] = j->files[j->n - 1 - i];
        j->files[j->n - 1 - i] = f;
    }
}

static int add_files(struct log_json *j, const char *path)
{
    int r = add_file(j, path);
    for (unsigned k = 1; r == 0; k++) {
        AUTO(mem_freep) char *older = mem_printf("%s.%u", path, k);
        AUTO(mem_freep) char *packed = mem_printf("%s.gz", older);
        struct stat st;
        if (lstat(packed, &st) == 0 || errno != ENOENT)
            return -EOPNOTSUPP; /* the engine unpacks it; access() would not know our rights */
        r = add_file(j, older);
    }
    return r == -ENOENT && j->n ? 0 : r;
}

/* The first line that begins at or behind a place; 0 = read, 1 = there is none. */
static int line_behind(struct log_json *j, size_t file, int64_t at, int64_t *ret_at, size_t *ret_n)
{
    int64_t from = at ? at - 1 : 0;
    ssize_t n = pread(j->files[file].fd, j->buffer, PIECE, from);
    if (n <= 0)
        return 1;
    const char *line = j->buffer, *end = j->buffer + n;
    const char *nl = at ? memchr(line, '\n', (size_t)n) : NULL;
    if (at && !nl)
        return 1;
    line = nl ? nl + 1 : line;
    nl = memchr(line, '\n', (size_t)(end - line));
    if (!nl)
        return 1;
    *ret_at = from + (line - j->buffer);
    *ret_n = (size_t)(nl - line);
    return 0;
}

/* Its time, and where it begins. False: no line, or none of ours. */
static bool time_behind(struct log_json *j, size_t file, int64_t at, int64_t *ret_ns)
{
    struct log_json_entry e;
    int64_t begins;
    size_t n;
    if (line_behind(j, file, at, &begins, &n) != 0)
        return false;
    const char *line = j->buffer + (begins - (at ? at - 1 : 0));
    if (!log_json_parse(line, n, &j->scratch, &e))
        return false;
    *ret_ns = e.time_ns;
    return true;
}

int log_json_open(const char *path, struct log_json *ret)
{
    struct log_json j = {0};
    int64_t ns;
    int r = add_files(&j, path);
    j.buffer = r == 0 ? mem_alloc(PIECE) : NULL;
    for (size_t i = 0; r == 0 && i < j.n; i++)
        if (j.files[i].size && !time_behind(&j, i, 0, &ns))
            r = -EBADMSG;
    if (r < 0) {
        log_json_close(&j);
        return r;
    }
    turn_round(&j);
    j.at = j.n - 1;
    j.begin = j.files[j.at].size;
    *ret = j;
    return 0;
}

void log_json_seek(struct log_json *j, int64_t ns)
{
    int64_t begins = INT64_MAX;
    size_t i = j->n;
    while (i-- > 0)
        if (time_behind(j, i, 0, &begins) && begins <= ns)
            break;
    j->at = i < j->n ? i : 0;
    j->begin = 0;
    if (i >= j->n)
        return;
    int64_t low = 0, high = j->files[i].size;
    while (high - low > NEAR) {
        int64_t middle = low + (high - low) / 2, at;
        if (time_behind(j, i, middle, &at) && at <= ns)
            low = middle;
        else
            high = middle;
    }
    j->begin = high;
}

bool log_json_back(struct log_json *j, int64_t bytes)
{
    size_t n;
    if (!j->begin && j->at)
        j->begin = j->files[--j->at].size;
    j->begin = j->begin > bytes ? j->begin - bytes : 0;
    if (j->begin)
        (void)line_behind(j, j->at, j->begin, &j->begin, &n);
    return j->at || j->begin;
}

/* --- reading --- */

/* Whole lines of a piece; returns how many bytes they are. */
static size_t take_lines(struct log_json *j, struct log_frames *f, size_t n, const bool *stop)
{
    struct log_json_entry e;
    char *line = j->buffer, *end = j->buffer + n, *nl;
    while (!*stop && (nl = memchr(line, '\n', (size_t)(end - line)))) {
        if (log_json_parse(line, (size_t)(nl - line), &j->scratch, &e))
            log_frames_entry(f, e.stream, e.time_ns, e.text, e.len, e.ended);
        line = nl + 1;
    }
    return (size_t)(line - j->buffer);
}

static int read_file(struct log_json *j, struct log_frames *f, size_t file, int64_t at,
                     const atomic_bool *cancelled, const bool *stop)
{
    size_t held = 0; /* of a line that goes on behind the piece */
    while (!*stop && at < j->files[file].size) {
        int64_t left = j->files[file].size - at;
        size_t room = PIECE - held;
        ssize_t n = pread(j->files[file].fd, j->buffer + held,
                          left < (int64_t)room ? (size_t)left : room, at);
        if (n < 0)
            return -errno;
        if (atomic_load(cancelled))
            return -ECANCELED;
        if (n == 0) /* it was emptied */
            return 0;
        at += n;
        held += (size_t)n;
        size_t taken = take_lines(j, f, held, stop);
        held = !taken && held == PIECE ? 0 : held - taken; /* too long for a line: it is none */
        memmove(j->buffer, j->buffer + taken, held);
    }
    return 0;
}

int log_json_read(struct log_json *j, struct log_frames *f, const atomic_bool *cancelled,
                  const bool *stop)
{
    int r = 0;
    for (size_t i = j->at; r == 0 && i < j->n && !*stop; i++)
        r = read_file(j, f, i, i == j->at ? j->begin : 0, cancelled, stop);
    return r;
}
