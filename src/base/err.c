#include "base/err.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>

int err_set(struct err *e, int code, const char *fmt, ...)
{
    if (!e)
        return code;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    str_mend_utf8(e->text);
    e->code = code;
    e->field[0] = 0;
    return code;
}

int err_field(struct err *e, int code, const char *field)
{
    if (e && code < 0 && !e->field[0])
        snprintf(e->field, sizeof e->field, "%s", field);
    return code;
}

int err_prefix(struct err *e, int code, const char *fmt, ...)
{
    if (!e)
        return code;
    char before[ERR_TEXT_MAX], after[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(before, sizeof before, fmt, ap);
    va_end(ap);
    memcpy(after, e->text, sizeof after);
    if (snprintf(e->text, sizeof e->text, "%s: %s", before, after) < 0)
        e->text[0] = 0;
    str_mend_utf8(e->text);
    e->code = e->code ? e->code : code;
    return e->code;
}

const char *err_text(const struct err *e, int code)
{
    if (e && e->text[0])
        return e->text;
    return strerror(code < 0 ? -code : code);
}
