#include "node/smart-run.h"

#include "node/rooted.h"
#include "node/smart.h"

enum { SMARTCTL_MS = 20000 };

bool smart_name_is_valid(const char *disk)
{
    size_t n = strspn(disk, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    return n > 0 && n < 32 && disk[n] == 0;
}

int smartctl_ask(const char *smartctl, const char *disk, struct err *e, struct program_end *ret_end)
{
    if (!smart_name_is_valid(disk))
        return err_set(e, -EINVAL, "smartctl is not asked about a disk of such a name.");
    AUTO(mem_freep) char *device = mem_printf("/dev/%s", disk);
    AUTO(mem_freep) char *standby = mem_printf("standby,%d", SMART_ASLEEP);
    const char *const argv[] = {smartctl, "--json=c", "-a", "-n", standby, device, NULL};
    return program_run(&(struct program){.argv = argv,
                                         .deadline_ms = SMARTCTL_MS,
                                         .output_max = LIMIT_SMART_ANSWER},
                       e, ret_end);
}

/* --- a report --- */

static void add_line(struct str *report, const char *text)
{
    for (; *text; text++)
        str_add_char(report, *text == '\n' || *text == '\r' ? ' ' : *text);
    str_add_char(report, '\n');
}

void smart_report_add(struct str *report, const char *disk, const struct program_end *answer,
                      const struct err *e)
{
    if (!answer)
        str_addf(report, "%s error ", disk);
    else
        str_addf(report, "%s %d ", disk, answer->status);
    add_line(report, answer ? str_text(&answer->text) : e->text);
}

static const char *line_of(const char *report, const char *disk)
{
    size_t n = strlen(disk);
    for (const char *line = report; *line;) {
        if (strncmp(line, disk, n) == 0 && line[n] == ' ')
            return line + n + 1;
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return NULL;
}

int smart_report_find(const char *report, const char *disk, struct err *e, const char **ret_json,
                      size_t *ret_len, int *ret_status)
{
    const char *line = line_of(report, disk), *text = line ? strchr(line, ' ') : NULL;
    uint64_t status;
    if (!text)
        return err_set(e, -ENOENT, "Nothing was told of this disk.");
    AUTO(mem_freep) char *word = mem_strndup(line, (size_t)(text - line));
    size_t len = strcspn(++text, "\n");
    if (str_to_u64(word, &status) < 0 || status > INT32_MAX)
        return err_set(e, -EIO, "%.*s", (int)(len < 300 ? len : 300), text);
    *ret_json = text;
    *ret_len = len;
    *ret_status = (int)status;
    return 0;
}
