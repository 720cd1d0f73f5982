/* The places are elements with an id in web/app/(shell)/overview/skeleton.tsx; what stands in them
 * is what React draws there, so that nothing moves when it takes over (tests/browser/live.test.mjs
 * compares them). */
#include "api/markup.h"

#include "base/vec.h"

/* Bars beside the sentence. Where there are more services the dashboard lets one bar stand for
 * several, and draws them itself (web/app/(shell)/overview/matrix.tsx). */
enum { MATRIX_ROOM = 84 };

static void add_text(struct str *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            str_add(out, "&lt;");
        else if (*text == '&')
            str_add(out, "&amp;");
        else
            str_add_char(out, *text);
    }
}

static void add_sentence(struct str *out, struct cluster *c)
{
    add_text(out, cluster_verdict(c).sentence);
}

static void add_detail(struct str *out, struct cluster *c)
{
    add_text(out, cluster_verdict(c).detail);
}

/* --- one bar per service, by group --- */

struct bars {
    const char *group; /* of the cluster */
    struct str cells;
    unsigned n;
};

struct matrix {
    VEC(struct bars) groups;
    unsigned n;
};

static struct bars *bars_of(struct matrix *m, const char *group)
{
    for (size_t i = 0; i < m->groups.n; i++)
        if (str_eq(m->groups.v[i].group, group))
            return &m->groups.v[i];
    struct bars *b = vec_add(&m->groups);
    b->group = group;
    return b;
}

static void see_service(void *arg, const char *group, enum service_state s)
{
    struct matrix *m = arg;
    struct bars *b = bars_of(m, group);
    b->n++;
    m->n++;
    str_addf(&b->cells, "<i class=\"cell\" data-state=\"%s\"></i>", service_state_name(s));
}

static void add_bars(struct str *out, const struct bars *b)
{
    str_addf(out, "<a href=\"#services\"><span class=\"matrix-row live\">%s</span>",
             str_text(&b->cells));
    str_add(out, "<span class=\"matrix-name\">");
    add_text(out, b->group);
    str_addf(out, " <b>%u</b></span></a>", b->n);
}

static void add_matrix(struct str *out, struct cluster *c)
{
    struct matrix m = {0};
    cluster_states(c, see_service, &m);
    for (size_t i = 0; i < m.groups.n; i++) {
        if (m.n <= MATRIX_ROOM)
            add_bars(out, &m.groups.v[i]);
        str_done(&m.groups.v[i].cells);
    }
    vec_done(&m.groups);
}

/* --- the places, in the order of the page --- */

static const struct place {
    const char *id;
    void (*add)(struct str *out, struct cluster *c);
} places[] = {
    {"id=\"hydra-sentence\"", add_sentence},
    {"id=\"hydra-detail\"", add_detail},
    {"id=\"hydra-matrix\"", add_matrix},
};

/* Where the content of the element with this id begins. NULL = the page has none. */
static const char *find_place(const char *html, const char *end, const char *id)
{
    const char *at = memmem(html, (size_t)(end - html), id, strlen(id));
    const char *close = at ? memchr(at, '>', (size_t)(end - at)) : NULL;
    return close ? close + 1 : NULL;
}

void markup_add(struct str *out, const char *html, size_t len, struct cluster *c)
{
    const char *end = html + len;
    for (size_t i = 0; c && i < COUNT_OF(places); i++) {
        const char *at = find_place(html, end, places[i].id);
        if (!at)
            continue;
        str_add_n(out, html, (size_t)(at - html));
        places[i].add(out, c);
        html = at;
    }
    str_add_n(out, html, (size_t)(end - html));
}
