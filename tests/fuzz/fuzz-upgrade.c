/* The first byte chooses: a file in the folder of agents to hand out, or what a hub says of the one
 * that it hands out. */
#include "fuzz.h"

#include "agent/upgrade.h"
#include "hub/programs.h"

#include <string.h>

static void read_file(const uint8_t *data, size_t size)
{
    struct program p;
    if (program_read(data, size, &p) < 0)
        return;
    FUZZ_CHECK(*p.version && *p.arch && p.size == size);
    FUZZ_CHECK(strlen(p.version) < sizeof p.version);
}

/* Nobody has that key. */
static void read_manifest(const uint8_t *data, size_t size)
{
    static const struct pins pins = {.n = 1};
    struct err e = {0};
    Hydra__Agent__V1__ProgramPart *m = hydra__agent__v1__program_part__unpack(NULL, size, data);
    if (m && m->manifest)
        FUZZ_CHECK(upgrade_check_manifest(m->manifest, "1.2.3", "x86_64", &pins, &e) < 0);
    if (m)
        hydra__agent__v1__program_part__free_unpacked(m, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    if (*data & 1)
        read_manifest(data + 1, size - 1);
    else
        read_file(data + 1, size - 1);
    return 0;
}
