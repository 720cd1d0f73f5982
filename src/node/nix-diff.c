#include "node/nix-diff.h"

#include "base/map.h"
#include "node/rooted.h"

#include <ctype.h>
#include <stdlib.h>

enum { HASH_LENGTH = 32, LIMIT_UNITS_OF_SYSTEM = 8192 };

/* --- names --- */

/* Outputs are named by letters alone: "-bin", "-dev", "-lib32". */
static size_t without_output(const char *name, size_t n)
{
    size_t dash = n;
    while (dash > 0 && name[dash - 1] != '-')
        dash--;
    if (dash < 2)
        return n;
    const char *last = name + dash;
    size_t letters = n - dash;
    bool lib = letters == 5 && (strncmp(last, "lib32", 5) == 0 || strncmp(last, "lib64", 5) == 0);
    for (size_t i = 0; i < letters && !lib; i++)
        if (!islower((unsigned char)last[i]))
            return n;
    return letters ? dash - 1 : n;
}

bool nix_split_name(const char *path, char **ret_name, char **ret_version)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (strlen(name) > HASH_LENGTH && name[HASH_LENGTH] == '-')
        name += HASH_LENGTH + 1;
    size_t n = without_output(name, strlen(name));
    for (size_t i = 1; i + 1 < n; i++)
        if (name[i] == '-' && !isalpha((unsigned char)name[i + 1])) {
            *ret_name = mem_strndup(name, i);
            *ret_version = mem_strndup(name + i + 1, n - i - 1);
            return true;
        }
    return false;
}

/* --- packages --- */

struct package {
    struct str_list from, to; /* versions, each once */
    bool same_paths;          /* every path of it is in both */
};

static void free_package(void *arg)
{
    struct package *p = arg;
    str_list_done(&p->from);
    str_list_done(&p->to);
    mem_free(p);
}

static struct package *package_of(struct map *packages, const char *name)
{
    struct package *p = map_get(packages, name);
    if (p)
        return p;
    p = mem_alloc(sizeof *p);
    p->same_paths = true;
    (void)map_set(packages, name, p);
    return p;
}

static void add_version(struct str_list *versions, char *version)
{
    if (str_list_has(versions, version))
        mem_free(version);
    else
        str_list_take(versions, version);
}

static void take_paths(const struct str_list *paths, const struct map *others, bool is_to,
                       struct map *packages)
{
    for (size_t i = 0; i < paths->n; i++) {
        char *name, *version;
        if (!nix_split_name(paths->v[i], &name, &version))
            continue;
        struct package *p = package_of(packages, name);
        p->same_paths = p->same_paths && map_get(others, paths->v[i]);
        add_version(is_to ? &p->to : &p->from, version);
        mem_free(name);
    }
}

static void fill_set(const struct str_list *paths, struct map *set)
{
    for (size_t i = 0; i < paths->n; i++)
        (void)map_set(set, paths->v[i], paths->v[i]);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct str_list *l)
{
    if (l->n)
        qsort(l->v, l->n, sizeof *l->v, by_text);
}

static bool same_versions(const struct package *p)
{
    if (p->from.n != p->to.n)
        return false;
    for (size_t i = 0; i < p->from.n; i++)
        if (!str_eq(p->from.v[i], p->to.v[i]))
            return false;
    return true;
}

enum change { ADDED, REMOVED, CHANGED, REBUILT, SAME };

static enum change change_of(const struct package *p)
{
    return !p->from.n          ? ADDED
           : !p->to.n          ? REMOVED
           : !same_versions(p) ? CHANGED
           : p->same_paths     ? SAME
                               : REBUILT;
}

static void print_list(struct jw *w, const char *key, enum change which,
                       const struct str_list *names, const struct map *packages)
{
    jw_key(w, key);
    jw_array(w);
    for (size_t i = 0; i < names->n; i++) {
        const struct package *p = map_get(packages, names->v[i]);
        if (change_of(p) != which)
            continue;
        jw_object(w);
        jw_key_str(w, "name", names->v[i]);
        jw_key_strs(w, "from", &p->from);
        jw_key_strs(w, "to", &p->to);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static unsigned count(enum change which, const struct map *packages)
{
    unsigned n = 0;
    MAP_FOREACH (packages, entry)
        n += change_of(entry->value) == which;
    return n;
}

void nix_print_packages(const struct str_list *from, const struct str_list *to, struct jw *w)
{
    struct map packages = {0}, in_from = {0}, in_to = {0};
    AUTO(str_list_done) struct str_list names = {0};
    fill_set(from, &in_from);
    fill_set(to, &in_to);
    take_paths(from, &in_to, false, &packages);
    take_paths(to, &in_from, true, &packages);
    MAP_FOREACH (&packages, entry) {
        struct package *p = entry->value;
        str_list_add(&names, entry->key);
        sort(&p->from);
        sort(&p->to);
    }
    sort(&names);
    jw_key(w, "packages");
    jw_object(w);
    print_list(w, "added", ADDED, &names, &packages);
    print_list(w, "removed", REMOVED, &names, &packages);
    print_list(w, "changed", CHANGED, &names, &packages);
    jw_key_uint(w, "rebuilt", count(REBUILT, &packages));
    jw_end_object(w);
    map_done(&in_from, NULL);
    map_done(&in_to, NULL);
    map_done(&packages, free_package);
}

/* --- units --- */

static const char unit_folder[] = "etc/systemd/system";

static bool is_unit(const char *name)
{
    static const char *const endings[] = {".service", ".socket", ".timer", ".mount",    ".path",
                                          ".target",  ".slice",  ".swap",  ".automount"};
    for (size_t i = 0; i < COUNT_OF(endings); i++)
        if (str_ends(name, endings[i]))
            return true;
    return false;
}

static void read_units(const char *root, const char *system, struct str_list *units)
{
    AUTO(mem_freep) char *folder = mem_printf("%s/%s", system, unit_folder);
    AUTO(str_list_done) struct str_list names = {0};
    (void)!rooted_list(root, folder, LIMIT_UNITS_OF_SYSTEM, &names);
    for (size_t i = 0; i < names.n; i++)
        if (is_unit(names.v[i]))
            str_list_add(units, names.v[i]);
}

/* Of one file: the same place in the store, or the same text. A mask leads to /dev/null. */
static bool same_file(const char *root, const char *a, const char *b)
{
    AUTO(mem_freep) char *real_a = rooted_real(root, a);
    AUTO(mem_freep) char *real_b = rooted_real(root, b);
    if (!real_a || !real_b)
        return !real_a && !real_b;
    if (str_eq(real_a, real_b))
        return true;
    AUTO(str_done) struct str text_a = {0};
    AUTO(str_done) struct str text_b = {0};
    return rooted_read(root, a, LIMIT_UNIT_FILE, &text_a) >= 0 &&
           rooted_read(root, b, LIMIT_UNIT_FILE, &text_b) >= 0 && text_a.len == text_b.len &&
           memcmp(text_a.p, text_b.p, text_a.len) == 0;
}

/* What is laid over a unit: UNIT.d/NAME.conf. */
static bool same_overrides(const char *root, const char *a, const char *b)
{
    AUTO(mem_freep) char *in_a = mem_printf("%s.d", a);
    AUTO(mem_freep) char *in_b = mem_printf("%s.d", b);
    AUTO(str_list_done) struct str_list names_a = {0};
    AUTO(str_list_done) struct str_list names_b = {0};
    (void)!rooted_list(root, in_a, LIMIT_UNITS_OF_SYSTEM, &names_a);
    (void)!rooted_list(root, in_b, LIMIT_UNITS_OF_SYSTEM, &names_b);
    bool same = names_a.n == names_b.n;
    for (size_t i = 0; same && i < names_a.n; i++) {
        AUTO(mem_freep) char *file_a = mem_printf("%s/%s", in_a, names_a.v[i]);
        AUTO(mem_freep) char *file_b = mem_printf("%s/%s", in_b, names_b.v[i]);
        same = str_eq(names_a.v[i], names_b.v[i]) && same_file(root, file_a, file_b);
    }
    return same;
}

static bool same_unit(const char *root, const char *from, const char *to, const char *name)
{
    AUTO(mem_freep) char *a = mem_printf("%s/%s/%s", from, unit_folder, name);
    AUTO(mem_freep) char *b = mem_printf("%s/%s/%s", to, unit_folder, name);
    return same_file(root, a, b) && same_overrides(root, a, b);
}

void nix_print_units(const char *root, const char *from, const char *to, struct jw *w)
{
    AUTO(str_list_done) struct str_list old = {0};
    AUTO(str_list_done) struct str_list new = {0};
    AUTO(str_list_done) struct str_list added = {0};
    AUTO(str_list_done) struct str_list removed = {0};
    AUTO(str_list_done) struct str_list changed = {0};
    read_units(root, from, &old);
    read_units(root, to, &new);
    size_t i = 0, k = 0;
    while (i < old.n || k < new.n) {
        int order = i == old.n ? 1 : k == new.n ? -1 : strcmp(old.v[i], new.v[k]);
        if (order < 0)
            str_list_add(&removed, old.v[i++]);
        else if (order > 0)
            str_list_add(&added, new.v[k++]);
        else {
            if (!same_unit(root, from, to, old.v[i]))
                str_list_add(&changed, old.v[i]);
            i++, k++;
        }
    }
    jw_key(w, "units");
    jw_object(w);
    jw_key_strs(w, "added", &added);
    jw_key_strs(w, "removed", &removed);
    jw_key_strs(w, "changed", &changed);
    jw_end_object(w);
}
