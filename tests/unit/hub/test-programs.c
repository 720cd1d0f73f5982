#include "../test.h"

#include "hub/programs.h"
#include "node/version.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>

/* The head of a program for that machine, then the text. */
static size_t make(unsigned char *to, unsigned machine, bool big, const char *text)
{
    memset(to, 0, 64);
    memcpy(to, ELFMAG, SELFMAG);
    to[EI_DATA] = big ? ELFDATA2MSB : ELFDATA2LSB;
    to[18] = (unsigned char)(big ? machine >> 8 : machine);
    to[19] = (unsigned char)(big ? machine : machine >> 8);
    memcpy(to + 64, text, strlen(text) + 1);
    return 64 + strlen(text) + 1;
}

static void reads_version_and_machine(void **state)
{
    static const struct {
        unsigned machine;
        bool big;
        const char *text;
        int result;
        const char *arch, *version;
    } cases[] = {
        {EM_X86_64, false, "…" AGENT_VERSION_MARK "1.2.3", 0, "x86_64", "1.2.3"},
        {EM_AARCH64, false, AGENT_VERSION_MARK "2.0.0~rc1+g1f", 0, "aarch64", "2.0.0~rc1+g1f"},
        {EM_S390, true, AGENT_VERSION_MARK "1", 0, "s390x", "1"},
        {EM_X86_64, false, "no agent at all", -ENOENT, NULL, NULL},
        {EM_X86_64, false, AGENT_VERSION_MARK, -ENOENT, NULL, NULL},
        {EM_X86_64, false, AGENT_VERSION_MARK "1.2 3", -ENOENT, NULL, NULL},
        {EM_X86_64, false, AGENT_VERSION_MARK "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15", -ENOENT, NULL,
         NULL},
        {EM_68K, false, AGENT_VERSION_MARK "1.2.3", -ENOEXEC, NULL, NULL},
    };
    unsigned char bytes[256];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct program p = {0};
        size_t n = make(bytes, cases[i].machine, cases[i].big, cases[i].text);
        assert_int_equal(program_read(bytes, n, &p), cases[i].result);
        if (cases[i].result < 0)
            continue;
        assert_string_equal(p.arch, cases[i].arch);
        assert_string_equal(p.version, cases[i].version);
        assert_int_equal(p.size, n);
    }
}

static void refuses_what_is_no_program(void **state)
{
    struct program p;
    unsigned char bytes[256];
    (void)state;
    assert_int_equal(program_read((const unsigned char *)"#!/bin/sh\n", 10, &p), -ENOEXEC);
    size_t n = make(bytes, EM_X86_64, false, AGENT_VERSION_MARK "1.2.3");
    for (size_t cut = 0; cut < n; cut++)
        assert_true(program_read(bytes, cut, &p) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_version_and_machine),
        cmocka_unit_test(refuses_what_is_no_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
