/* Runs a fuzz target over the files of its corpus: replay-NAME FOLDER… */
#include "fuzz.h"

#include "base/str.h"

#include <dirent.h>
#include <stdio.h>

static void replay_file(const char *path)
{
    char bytes[65536];
    size_t n;
    struct str content = {0};
    FILE *f = fopen(path, "rb");
    if (!f)
        return;
    while ((n = fread(bytes, 1, sizeof bytes, f)) > 0)
        str_add_n(&content, bytes, n);
    fclose(f);
    LLVMFuzzerTestOneInput((const uint8_t *)str_text(&content), content.len);
    str_done(&content);
}

static unsigned replay_folder(const char *folder)
{
    unsigned n = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (e->d_name[0] == '.')
            continue;
        char *path = mem_printf("%s/%s", folder, e->d_name);
        replay_file(path);
        mem_free(path);
        n++;
    }
    if (dir)
        closedir(dir);
    return n;
}

int main(int argc, char **argv)
{
    unsigned n = 0;
    for (int i = 1; i < argc; i++)
        n += replay_folder(argv[i]);
    printf("%u files\n", n);
    return n ? 0 : 1; /* an empty corpus would test nothing */
}
