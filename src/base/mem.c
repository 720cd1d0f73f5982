#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned fail_in;

static bool should_fail(void)
{
    return fail_in > 0 && --fail_in == 0;
}

static void *or_die(void *p)
{
    if (!p) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return p;
}

void mem_fail_nth(unsigned n)
{
    fail_in = n;
}

void *mem_alloc(size_t size)
{
    return or_die(calloc(1, size ? size : 1));
}

void *mem_array(size_t n, size_t size)
{
    return or_die(calloc(n ? n : 1, size ? size : 1));
}

void *mem_realloc(void *p, size_t size)
{
    return or_die(realloc(p, size ? size : 1));
}

void *mem_dup(const void *p, size_t size)
{
    void *copy = mem_alloc(size);
    if (size)
        memcpy(copy, p, size);
    return copy;
}

char *mem_strdup(const char *s)
{
    return s ? mem_dup(s, strlen(s) + 1) : NULL;
}

char *mem_strndup(const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *copy = mem_alloc(len + 1);
    memcpy(copy, s, len);
    return copy;
}

char *mem_printf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = NULL;
    if (vasprintf(&text, fmt, ap) < 0)
        text = NULL;
    va_end(ap);
    return or_die(text);
}

void *mem_try_alloc(size_t size)
{
    return should_fail() ? NULL : calloc(1, size ? size : 1);
}

void *mem_try_realloc(void *p, size_t size)
{
    return should_fail() ? NULL : realloc(p, size ? size : 1);
}

void mem_free(void *p)
{
    free(p);
}

bool mem_set_str(char **p, const char *s)
{
    if (*p == s || (*p && s && strcmp(*p, s) == 0))
        return false;
    char *copy = mem_strdup(s);
    mem_free(*p);
    *p = copy;
    return true;
}
