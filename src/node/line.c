#include "node/line.h"

#include "base/str.h"

/* Past one terminal escape sequence (ECMA-48) that begins at `p`. */
static const char *skip_escape(const char *p, const char *end)
{
    if (++p < end && *p == '[')
        for (p++; p < end && !(*p >= '@' && *p <= '~'); p++) {
        }
    return p < end ? p + 1 : end;
}

char *one_line(const char *text, size_t len)
{
    struct str s = {0};
    for (const char *p = text, *end = text + len; p < end && s.len <= LIMIT_LINE;) {
        if (*p == 0x1b) {
            p = skip_escape(p, end);
            continue;
        }
        unsigned char c = (unsigned char)*p++;
        if (c > ' ' && c != 0x7f)
            str_add_char(&s, (char)c);
        else if (s.len && s.p[s.len - 1] != ' ')
            str_add_char(&s, ' ');
    }
    if (s.len > LIMIT_LINE) {
        s.len = LIMIT_LINE - 3;
        while (s.len && (s.p[s.len] & 0xc0) == 0x80)
            s.len--;
        s.p[s.len] = 0;
        str_add(&s, "…");
    }
    if (s.len && s.p[s.len - 1] == ' ')
        s.p[--s.len] = 0;
    for (size_t i = 0; !str_is_utf8(str_text(&s), s.len) && i < s.len; i++)
        if (s.p[i] & 0x80)
            s.p[i] = '?';
    if (s.len)
        return str_take(&s);
    str_done(&s);
    return NULL;
}
