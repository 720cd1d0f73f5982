#include "node/nix-switch.h"

#include "node/nix-store.h"
#include "node/rooted.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *name, *step;
} phases[SWITCH_PHASES] = {
    [SWITCH_ARMED] = {"armed", "armed"},
    [SWITCH_ACTIVATING] = {"activating", "switching"},
    [SWITCH_BOOTING] = {"booting", "rebooting into it"},
    [SWITCH_WAITING] = {"waiting", COMMAND_STEP_HEALTH},
    [SWITCH_CONFIRMING] = {"confirming", "confirmed: writing the boot loader"},
    [SWITCH_ROLLING_BACK] = {"rolling-back", "rolling back"},
    [SWITCH_CONFIRMED] = {"confirmed", "confirmed"},
    [SWITCH_ROLLED_BACK] = {"rolled-back", "rolled back"},
};

const char *switch_phase_name(enum switch_phase p)
{
    return phases[p].name;
}

const char *switch_phase_step(enum switch_phase p)
{
    return phases[p].step;
}

void switch_state_done(struct switch_state *s)
{
    mem_free(s->from);
    mem_free(s->to);
    mem_free(s->text);
    *s = (struct switch_state){0};
}

/* --- reading --- */

enum key {
    KEY_PHASE,
    KEY_ID,
    KEY_MODE,
    KEY_NUMBER,
    KEY_FROM_NUMBER,
    KEY_WITHIN,
    KEY_EXIT,
    KEY_BOOT,
    KEY_UNTIL,
    KEY_FROM,
    KEY_TO,
    KEY_TEXT,
    KEYS,
};
static const char *const keys[KEYS] = {"phase", "id",   "mode",  "number", "from-number", "within",
                                       "exit",  "boot", "until", "from",   "to",          "text"};

static bool is_word(const char *s, size_t size)
{
    size_t n = strspn(s, "0123456789abcdefghijklmnopqrstuvwxyz-");
    return n > 0 && s[n] == 0 && n < size;
}

static int take_number(const char *value, uint64_t least, uint64_t most, unsigned *ret_n)
{
    uint64_t n;
    if (str_to_u64(value, &n) < 0 || n < least || n > most)
        return -EINVAL;
    *ret_n = (unsigned)n;
    return 0;
}

static int take_path(const char *value, char **ret_path)
{
    if (!nix_is_store_path(value))
        return -EINVAL;
    mem_set_str(ret_path, value);
    return 0;
}

static int take_phase(const char *value, enum switch_phase *ret_p)
{
    for (unsigned p = 0; p < SWITCH_PHASES; p++)
        if (str_eq(value, phases[p].name)) {
            *ret_p = (enum switch_phase)p;
            return 0;
        }
    return -EINVAL;
}

static int take_exit(const char *value, int *ret_code)
{
    int64_t n;
    if (str_to_i64(value, &n) < 0 || n < -1 || n > 255)
        return -EINVAL;
    *ret_code = (int)n;
    return 0;
}

static int take_word(const char *value, size_t size, char *ret_word)
{
    if (!is_word(value, size))
        return -EINVAL;
    str_copy(ret_word, size, value);
    return 0;
}

static int take_mode(const char *value, bool *ret_reboot)
{
    if (!str_eq(value, "test") && !str_eq(value, "reboot"))
        return -EINVAL;
    *ret_reboot = str_eq(value, "reboot");
    return 0;
}

static int take_text(const char *value, char **ret_text)
{
    if (strlen(value) > LIMIT_SWITCH_TEXT)
        return -EINVAL;
    mem_set_str(ret_text, value);
    str_mend_utf8(*ret_text);
    return 0;
}

static int take(struct switch_state *s, enum key key, const char *value)
{
    switch (key) {
    case KEY_PHASE:
        return take_phase(value, &s->phase);
    case KEY_ID:
        return take_word(value, sizeof s->id, s->id);
    case KEY_MODE:
        return take_mode(value, &s->reboot);
    case KEY_NUMBER:
        return take_number(value, 0, INT32_MAX, &s->number);
    case KEY_FROM_NUMBER:
        return take_number(value, 0, INT32_MAX, &s->from_number);
    case KEY_WITHIN:
        return take_number(value, SWITCH_WITHIN_MIN_S, SWITCH_WITHIN_MAX_S, &s->within_s);
    case KEY_EXIT:
        return take_exit(value, &s->exit_code);
    case KEY_BOOT:
        return take_word(value, sizeof s->boot, s->boot);
    case KEY_UNTIL:
        return str_to_i64(value, &s->until_ms);
    case KEY_FROM:
        return take_path(value, &s->from);
    case KEY_TO:
        return take_path(value, &s->to);
    case KEY_TEXT:
        return take_text(value, &s->text);
    case KEYS:
        break;
    }
    return -EINVAL;
}

static enum key key_of(const char *word)
{
    unsigned k = 0;
    while (k < KEYS && !str_eq(word, keys[k]))
        k++;
    return (enum key)k;
}

/* "KEY VALUE"; the value may be empty. */
static int take_line(char *line, unsigned *seen, struct err *e, struct switch_state *s)
{
    char *blank = strchr(line, ' ');
    if (!blank)
        return err_set(e, -EINVAL, "its line \"%.60s\" is no \"KEY VALUE\"", line);
    *blank = 0;
    enum key key = key_of(line);
    if (key == KEYS)
        return 0;
    if (*seen & 1u << key)
        return err_set(e, -EINVAL, "%s stands in it twice", line);
    *seen |= 1u << key;
    if (take(s, key, blank + 1) < 0)
        return err_set(e, -EINVAL, "its %s makes no sense: \"%.60s\"", line, blank + 1);
    return 0;
}

static int take_lines(char *text, struct err *e, struct switch_state *s)
{
    static const char head[] = "hydra-switch 1\n";
    unsigned seen = 0;
    if (!str_starts(text, head))
        return err_set(e, -EINVAL, "it does not begin with \"hydra-switch 1\"");
    for (char *line = text + strlen(head); *line;) {
        char *end = strchr(line, '\n');
        if (!end)
            return err_set(e, -EINVAL, "its last line has no end");
        *end = 0;
        int r = take_line(line, &seen, e, s);
        if (r < 0)
            return r;
        line = end + 1;
    }
    for (unsigned k = 0; k < KEYS; k++)
        if (!(seen & 1u << k))
            return err_set(e, -EINVAL, "%s is missing in it", keys[k]);
    return 0;
}

int switch_state_parse(const char *text, size_t len, struct err *e, struct switch_state *ret_s)
{
    if (len > LIMIT_SWITCH_FILE)
        return err_set(e, -E2BIG, "it has more than %d bytes", LIMIT_SWITCH_FILE);
    if (memchr(text, 0, len))
        return err_set(e, -EINVAL, "there is a zero byte in it");
    struct switch_state s = {0};
    AUTO(mem_freep) char *copy = mem_strndup(text, len);
    int r = take_lines(copy, e, &s);
    if (r < 0)
        switch_state_done(&s);
    else
        *ret_s = s;
    return r;
}

int switch_state_read(const char *path, struct err *e, struct switch_state *ret_s)
{
    AUTO(str_done) struct str text = {0};
    int r = rooted_read("", path, LIMIT_SWITCH_FILE + 1, &text);
    if (r < 0)
        return err_set(e, r, "%s can't be read: %s.", path, strerror(-r));
    r = switch_state_parse(text.p, text.len, e, ret_s);
    return r < 0 ? err_prefix(e, r, "%s can't be used", path) : 0;
}

/* --- writing --- */

static void add_line_text(struct str *out, const char *text)
{
    for (size_t i = 0; text[i] && i < LIMIT_SWITCH_TEXT; i++)
        str_add_char(out, (unsigned char)text[i] < 0x20 ? ' ' : text[i]);
}

void switch_state_print(const struct switch_state *s, struct str *out)
{
    str_addf(out, "hydra-switch 1\nphase %s\nid %s\nmode %s\nnumber %u\nfrom-number %u\n",
             switch_phase_name(s->phase), s->id, s->reboot ? "reboot" : "test", s->number,
             s->from_number);
    str_addf(out, "within %u\nexit %d\nboot %s\nuntil %lld\nfrom %s\nto %s\ntext ", s->within_s,
             s->exit_code, s->boot, (long long)s->until_ms, s->from, s->to);
    add_line_text(out, s->text ? s->text : "");
    str_add(out, "\n");
}

static int write_all(int fd, const struct str *text)
{
    for (size_t at = 0; at < text->len;) {
        ssize_t n = write(fd, text->p + at, text->len - at);
        if (n < 0 && errno != EINTR)
            return -errno;
        at += n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

static int sync_folder(const char *path)
{
    AUTO(mem_freep) char *copy = mem_strdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return r;
}

int switch_write_file(const char *path, const struct str *text, struct err *e)
{
    AUTO(mem_freep) char *fresh = mem_printf("%s.new", path);
    (void)unlink(fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    int r = fd < 0 ? -errno : write_all(fd, text);
    if (fd >= 0) {
        (void)fchmod(fd, 0644);
        close(fd);
    }
    if (r >= 0 && rename(fresh, path) < 0)
        r = -errno;
    if (r >= 0)
        r = sync_folder(path);
    return r < 0 ? err_set(e, r, "%s can't be written: %s.", path, strerror(-r)) : 0;
}
