/* What an exit code means, in words. */
#include "cluster/judge.h"

#include <signal.h>
#include <stdio.h>

static const struct {
    int code;
    const char *text;
} systemd_codes[] = {
    {200, "its working directory can't be entered"}, {203, "its program could not be started"},
    {209, "its output could not be set up"},         {217, "its user does not exist"},
    {218, "its capabilities could not be set"},      {226, "its namespaces could not be set up"},
    {233, "its dynamic user could not be made"},     {238, "its state directory could not be made"},
};

static const char *signal_word(int signal_number)
{
    switch (signal_number) {
    case SIGKILL:
        return "killed by SIGKILL";
    case SIGTERM:
        return "ended by SIGTERM";
    case SIGINT:
        return "ended by SIGINT";
    case SIGHUP:
        return "ended by SIGHUP";
    case SIGSEGV:
        return "crashed with SIGSEGV (memory error)";
    case SIGABRT:
        return "gave up with SIGABRT";
    case SIGBUS:
        return "crashed with SIGBUS";
    case SIGILL:
        return "crashed with SIGILL (the processor lacks an instruction)";
    case SIGFPE:
        return "crashed with SIGFPE";
    case SIGPIPE:
        return "ended by SIGPIPE";
    default:
        return NULL;
    }
}

static const char *code_word(int code, enum observed_kind kind)
{
    if (code == 126)
        return "its program may not be executed";
    if (code == 127)
        return "its program was not found";
    for (size_t i = 0; kind == OBSERVED_UNIT && i < COUNT_OF(systemd_codes); i++)
        if (systemd_codes[i].code == code)
            return systemd_codes[i].text;
    return code > 128 && code <= 192 ? signal_word(code - 128) : NULL;
}

char *exit_meaning(int code, bool oom_killed, enum observed_kind kind, char ret[EXIT_MEANING_SIZE])
{
    const char *word = code_word(code, kind);
    if (oom_killed)
        snprintf(ret, EXIT_MEANING_SIZE, "%s (out of memory)", word ? word : "killed by SIGKILL");
    else
        snprintf(ret, EXIT_MEANING_SIZE, "%s", word ? word : "");
    return ret;
}
