/* A tree with holes in it: names that are twice there, mounts, links, what may not be read. */
#include "../test.h"

#include "base/json.h"
#include "node/folders.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KIB = 1024, PATIENT_MS = 60000 };

static void fill(const char *root, const char *path, size_t kib)
{
    AUTO(mem_freep) char *full = mem_printf("%s%s", root, path);
    AUTO(mem_freep) char *bytes = mem_alloc(kib * KIB);
    for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        (void)mkdir(full, 0755);
        *p = '/';
    }
    FILE *f = fopen(full, "we");
    assert_non_null(f);
    memset(bytes, 'x', kib * KIB);
    assert_int_equal(fwrite(bytes, 1, kib * KIB, f), kib * KIB);
    fclose(f);
}

static json_t *ask(const char *root, const char *path, int64_t ms, int want)
{
    struct str out = {0};
    struct err e = {0};
    struct jw w = jw_begin(&out);
    int r = folders_print(root, path, ms, &w, &e);
    assert_int_equal(r, want);
    if (r < 0)
        assert_true(e.text[0] != 0);
    json_t *v = r < 0 ? NULL : json_loads(str_text(&out), 0, NULL);
    str_done(&out);
    return v;
}

static const json_t *folder(const json_t *answer, const char *name)
{
    size_t i;
    const json_t *f;
    json_array_foreach (json_object_get(answer, "folders"), i, f) {
        if (str_eq(json_get_str(f, "name", ""), name))
            return f;
    }
    return NULL;
}

static int64_t bytes_of(const json_t *answer, const char *name)
{
    const json_t *f = folder(answer, name);
    assert_non_null(f);
    return json_get_int(f, "bytes", -1);
}

static void make_tree(char *root)
{
    fill(root, "/srv/big/a/b/file", 400);
    fill(root, "/srv/small/file", 8);
    fill(root, "/srv/loose", 16);
    fill(root, "/srv/nas/hangs/file", 800);
    AUTO(mem_freep) char *from = mem_printf("%s/srv/big/a/b/file", root);
    AUTO(mem_freep) char *twice = mem_printf("%s/srv/big/again", root);
    AUTO(mem_freep) char *link_ = mem_printf("%s/srv/link", root);
    assert_int_equal(link(from, twice), 0);
    assert_int_equal(symlink("/srv/big", link_), 0);
    AUTO(mem_freep)
    char *mounts = mem_printf(
        "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:50 / /srv/nas rw - nfs4 nas:/share rw\n");
    AUTO(mem_freep) char *proc = mem_printf("%s/proc/self", root);
    AUTO(mem_freep) char *up = mem_printf("%s/proc", root);
    assert_int_equal(mkdir(up, 0755), 0);
    assert_int_equal(mkdir(proc, 0755), 0);
    AUTO(mem_freep) char *info = mem_printf("%s/mountinfo", proc);
    FILE *f = fopen(info, "we");
    assert_non_null(f);
    fputs(mounts, f);
    fclose(f);
}

static void test_biggest_first(void **state)
{
    const char *root = *state;
    AUTO(json_decrefp) json_t *v = ask(root, "/srv", PATIENT_MS, 0);
    const json_t *list = json_object_get(v, "folders");
    assert_string_equal(json_get_str(v, "path", ""), "/srv");
    assert_true(json_get_bool(v, "complete", false));
    assert_int_equal(json_array_size(list), 3); /* the link is none */
    assert_string_equal(json_get_str(json_array_get(list, 0), "name", ""), "big");
    int64_t big = bytes_of(v, "big"), small = bytes_of(v, "small");
    assert_true(big >= 400 * KIB && big < 700 * KIB); /* its two names are one file */
    assert_true(small >= 8 * KIB && small < 100 * KIB);
    assert_int_equal(json_get_int(folder(v, "big"), "files", 0), 1);
    assert_true(json_get_int(v, "own_bytes", 0) >= 16 * KIB);
    assert_int_equal(json_get_int(v, "bytes", 0), big + small + json_get_int(v, "own_bytes", 0));
    assert_true(json_get_bool(folder(v, "nas"), "mount", false));
    assert_int_equal(bytes_of(v, "nas"), 0); /* never touched */
}

static void test_paths(void **state)
{
    const char *root = *state;
    json_decref(ask(root, "/srv/big/a/", PATIENT_MS, 0));
    json_decref(ask(root, "/", PATIENT_MS, 0));
    ask(root, "srv", PATIENT_MS, -EINVAL);
    ask(root, "", PATIENT_MS, -EINVAL);
    ask(root, "/srv/../etc", PATIENT_MS, -EINVAL);
    ask(root, "/srv/.", PATIENT_MS, -EINVAL);
    ask(root, "/srv/none", PATIENT_MS, -ENOENT);
    ask(root, "/srv/loose", PATIENT_MS, -ENOENT);
    ask(root, "/srv/link", PATIENT_MS, -ENOENT);
    ask(root, "/srv/nas", PATIENT_MS, -EINVAL);
    ask(root, "/srv/nas/hangs", PATIENT_MS, -EINVAL);
}

static void test_time_is_up(void **state)
{
    AUTO(mem_freep) char *many = mem_printf("%s/many", (const char *)*state);
    assert_int_equal(mkdir(many, 0755), 0);
    for (int i = 0; i < 600; i++) {
        AUTO(mem_freep) char *one = mem_printf("%s/%d", many, i);
        assert_int_equal(mkdir(one, 0755), 0);
    }
    AUTO(json_decrefp) json_t *v = ask(*state, "/many", 0, 0);
    assert_false(json_get_bool(v, "complete", true));
    AUTO(json_decrefp) json_t *all = ask(*state, "/many", PATIENT_MS, 0);
    assert_int_equal(json_array_size(json_object_get(all, "folders")), LIMIT_FOLDERS);
    assert_int_equal(json_get_int(all, "left_out", 0), 600 - LIMIT_FOLDERS);
}

static int set_up(void **state)
{
    char *root = mem_strdup("/tmp/hydra-folders-XXXXXX");
    assert_non_null(mkdtemp(root));
    make_tree(root);
    *state = root;
    return 0;
}

static int tear_down(void **state)
{
    AUTO(mem_freep) char *command = mem_printf("rm -rf '%s'", (const char *)*state);
    int r = system(command); // NOLINT(cert-env33-c): a test's own folder
    mem_free(*state);
    return r;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_biggest_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_paths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_time_is_up, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
