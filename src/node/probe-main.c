/* The child's side of probe.h. */
#include "node/node.h"
#include "node/probe.h"

#include "base/str.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/statvfs.h>

static const struct probe_verb verbs[] = {
    {"statfs", probe_statfs},
};

enum { EXIT_USAGE = 2 };

int probe_statfs(int argc, char **argv)
{
    struct statvfs v;
    if (argc != 2)
        return EXIT_USAGE;
    if (statvfs(argv[1], &v) < 0)
        printf("error %d\n", errno);
    else
        printf("%lu %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %d\n", v.f_frsize,
               (uint64_t)v.f_blocks, (uint64_t)v.f_bfree, (uint64_t)v.f_bavail, (uint64_t)v.f_files,
               (uint64_t)v.f_ffree, (v.f_flag & ST_RDONLY) != 0);
    return 0;
}

int node_probe_main(int argc, char **argv)
{
    for (size_t i = 0; argc > 2 && i < COUNT_OF(verbs); i++)
        if (str_eq(argv[2], verbs[i].name)) {
            int code = verbs[i].run(argc - 2, argv + 2);
            return fflush(stdout) == 0 ? code : 1;
        }
    fputs("node-probe: a part of the node, not to be called by hand\n", stderr);
    return EXIT_USAGE;
}
