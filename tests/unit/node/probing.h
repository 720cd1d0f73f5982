/* For programs that watch the real machine: a probe runs /proc/self/exe, which is the test. Where a
 * network file system is mounted, the test would run itself again, and again from there. glibc
 * hands constructors what main() gets. */
#pragma once

#include "base/str.h"
#include "node/node.h"

#include <stdlib.h>

__attribute__((constructor)) static void be_the_probe(int argc, char **argv)
{
    if (argc > 1 && str_eq(argv[1], "node-probe"))
        exit(node_probe_main(argc, argv));
}
