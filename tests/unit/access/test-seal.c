#include "../test.h"

#include "access/seal.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[64];
};

static void folder_new(struct folder *f)
{
    str_copy(f->path, sizeof f->path, "/tmp/hydra-seal-XXXXXX");
    assert_non_null(mkdtemp(f->path));
}

static void folder_done(struct folder *f)
{
    AUTO(mem_freep) char *file = mem_printf("%s/" SEAL_FILE, f->path);
    unlink(file);
    assert_int_equal(rmdir(f->path), 0); /* nothing else was left behind */
}

static void write_file(const struct folder *f, const char *text)
{
    AUTO(mem_freep) char *path = mem_printf("%s/" SEAL_FILE, f->path);
    FILE *file = fopen(path, "we");
    fputs(text, file);
    fclose(file);
}

static void a_key_is_made_once(void **state)
{
    (void)state;
    struct folder f;
    struct err e = {0};
    struct stat st;
    struct str text = {0}, plain = {0};
    AUTO(seal_freep) struct seal *first = NULL, *again = NULL;
    folder_new(&f);
    AUTO(mem_freep) char *file = mem_printf("%s/" SEAL_FILE, f.path);
    assert_int_equal(seal_open(f.path, &e, &first), -ENOENT);
    assert_int_equal(seal_make(f.path, &e, &first), 0);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 65);
    assert_int_equal(chmod(file, 0644), 0);
    assert_int_equal(seal_make(f.path, &e, &again), 0);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    seal_text(first, "p", "a secret", &text);
    assert_int_equal(seal_read(again, "p", str_text(&text), &plain), 0);
    assert_string_equal(str_text(&plain), "a secret");
    str_done(&text);
    seal_wipe(&plain);
    assert_null(plain.p);
    folder_done(&f);
}

static void what_does_not_open(void **state)
{
    (void)state;
    struct folder f, g;
    struct err e = {0};
    struct str text = {0}, again = {0}, plain = {0};
    AUTO(seal_freep) struct seal *s = NULL, *other = NULL;
    folder_new(&f);
    folder_new(&g);
    assert_int_equal(seal_make(f.path, &e, &s), 0);
    assert_int_equal(seal_make(g.path, &e, &other), 0);
    seal_text(s, "one", "a secret", &text);
    seal_text(s, "one", "a secret", &again);
    assert_string_not_equal(str_text(&text), str_text(&again));
    assert_null(strstr(str_text(&text), "secret"));
    assert_int_equal(seal_read(other, "one", str_text(&text), &plain), -EBADMSG);
    assert_int_equal(seal_read(s, "two", str_text(&text), &plain), -EBADMSG);
    text.p[text.len - 3] = text.p[text.len - 3] == 'A' ? 'B' : 'A';
    assert_int_equal(seal_read(s, "one", str_text(&text), &plain), -EBADMSG);
    assert_int_equal(seal_read(s, "one", "", &plain), -EBADMSG);
    assert_int_equal(seal_read(s, "one", "x1:", &plain), -EBADMSG);
    assert_int_equal(seal_read(s, "one", "x1:AAAA", &plain), -EBADMSG);
    assert_int_equal(plain.len, 0);
    str_done(&text);
    str_done(&again);
    folder_done(&f);
    folder_done(&g);
}

static void files_that_are_no_key(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "abc\n", "zz", "0123456789abcdef0123456789abcdef\n"};
    struct folder f;
    folder_new(&f);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct err e = {0};
        AUTO(seal_freep) struct seal *s = NULL;
        write_file(&f, texts[i]);
        assert_int_equal(seal_make(f.path, &e, &s), -EBADMSG);
        assert_non_null(strstr(e.text, SEAL_FILE));
        assert_non_null(strstr(e.text, "backup"));
    }
    folder_done(&f);
}

static void *make_in_thread(void *arg)
{
    struct seal *s = NULL;
    return seal_make(arg, NULL, &s) == 0 ? s : NULL;
}

static void all_who_make_one_at_once_have_the_same(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    struct folder f;
    pthread_t threads[THREADS];
    struct seal *seals[THREADS];
    struct str text = {0};
    folder_new(&f);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_in_thread, f.path), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], (void **)&seals[i]);
    assert_non_null(seals[0]);
    seal_text(seals[0], "p", "a secret", &text);
    for (size_t i = 0; i < THREADS; i++) {
        struct str plain = {0};
        assert_non_null(seals[i]);
        assert_int_equal(seal_read(seals[i], "p", str_text(&text), &plain), 0);
        seal_wipe(&plain);
    }
    for (size_t i = 0; i < THREADS; i++)
        seal_free(seals[i]);
    str_done(&text);
    folder_done(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_made_once),
        cmocka_unit_test(what_does_not_open),
        cmocka_unit_test(files_that_are_no_key),
        cmocka_unit_test(all_who_make_one_at_once_have_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
