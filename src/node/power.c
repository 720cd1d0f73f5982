#include "node/power.h"

#include <ctype.h>
#include <stdio.h>

static const struct {
    const char *name;
    bool interrupts;
} words[POWER_WORDS] = {
    [POWER_STATUS] = {"status", false}, [POWER_ON] = {"on", false},
    [POWER_SOFT] = {"soft", true},      [POWER_OFF] = {"off", true},
    [POWER_CYCLE] = {"cycle", true},    [POWER_RESET] = {"reset", true},
};

const char *power_word_name(enum power_word w)
{
    return words[w].name;
}

bool power_word_interrupts(enum power_word w)
{
    return words[w].interrupts;
}

int power_word_parse(const char *text, struct err *e, enum power_word *ret_w)
{
    for (unsigned w = 0; w < POWER_WORDS; w++)
        if (str_eq(text, words[w].name)) {
            *ret_w = (enum power_word)w;
            return 0;
        }
    return err_set(e, -EINVAL, "Say status, on, soft, off, cycle or reset, not \"%.60s\".",
                   text ? text : "");
}

/* --- where it is --- */

static bool is_host(const char *host, bool with_colons)
{
    if (!isalnum((unsigned char)*host) && !(with_colons && *host == ':'))
        return false;
    for (const char *p = host; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '.' && *p != '-' && *p != '_' &&
            !(with_colons && (*p == ':' || *p == '%')))
            return false;
    return true;
}

/* Cuts the port off; NULL = there is none. */
static char *cut_port(char *text, bool *ret_bracket)
{
    char *end = *text == '[' ? strrchr(text, ']') : NULL, *colon;
    *ret_bracket = end != NULL;
    if (end) {
        *end = 0;
        return end[1] == ':' ? end + 2 : end[1] ? end + 1 : NULL;
    }
    colon = strchr(text, ':');
    if (!colon || strchr(colon + 1, ':'))
        return NULL; /* several: IPv6 */
    *colon = 0;
    return colon + 1;
}

int power_address_parse(const char *address, struct err *e, struct power_place *ret_p)
{
    struct power_place p = {0};
    char text[POWER_ADDRESS_SIZE];
    bool bracket = false;
    uint64_t port = 0;
    char *rest = str_copy(text, sizeof text, address) ? cut_port(text, &bracket) : NULL;
    const char *host = bracket ? text + 1 : text;
    if (strlen(address) >= sizeof text || !str_copy(p.host, sizeof p.host, host) ||
        !is_host(p.host, bracket || !rest))
        return err_set(e, -EINVAL,
                       "\"%.100s\" is no address of a controller: 192.168.1.9, bmc.lan or "
                       "192.168.1.9:6230.",
                       address);
    if (rest && (str_to_u64(rest, &port) < 0 || port < 1 || port > UINT16_MAX))
        return err_set(e, -EINVAL, "\"%.20s\" is no port: 1 to 65535.", rest);
    if (rest)
        snprintf(p.port, sizeof p.port, "%u", (unsigned)port);
    *ret_p = p;
    return 0;
}

/* --- what ipmitool says --- */

int power_state_parse(const char *said, bool *ret_on)
{
    static const char before[] = "Chassis Power is ";
    const char *at = strstr(said, before);
    const char *word = at ? at + strlen(before) : "";
    if (!str_starts(word, "on") && !str_starts(word, "off"))
        return -ENOENT;
    *ret_on = word[1] == 'n';
    return 0;
}

enum power_fault power_fault_of(const char *said)
{
    /* The first that fits: the later ones are also said after the earlier. */
    static const struct {
        const char *words;
        enum power_fault fault;
    } signs[] = {
        {"unauthorized role", POWER_FAULT_RIGHT},
        {"nsufficient privilege", POWER_FAULT_RIGHT},
        {"unauthorized name", POWER_FAULT_USER},
        {"RAKP 2 HMAC is invalid", POWER_FAULT_PASSWORD},
        {"Address lookup for", POWER_FAULT_NAME},
        {"Get Auth Capabilities error", POWER_FAULT_SILENT},
        {"Get Channel Authentication Capabilities", POWER_FAULT_SILENT},
        {"No response from remote controller", POWER_FAULT_SILENT},
    };
    for (size_t i = 0; i < COUNT_OF(signs); i++)
        if (strstr(said, signs[i].words))
            return signs[i].fault;
    return POWER_FAULT_OTHER;
}

static bool is_noise(const char *line)
{
    static const char *const noise[] = {"Loading IANA", "Unable to Get Channel Cipher",
                                        "Get HPM.x Capabilities", "Using best available cipher"};
    for (size_t i = 0; i < COUNT_OF(noise); i++)
        if (str_starts(line, noise[i]))
            return true;
    return !*line;
}

char *power_fault_line(const char *said)
{
    AUTO(str_list_done) struct str_list lines = {0};
    str_list_split(&lines, said, '\n');
    for (size_t i = lines.n; i-- > 0;)
        if (!is_noise(str_trim(lines.v[i])))
            return mem_strdup(str_trim(lines.v[i]));
    return mem_strdup("");
}

bool power_guessed_cipher(const char *said)
{
    return strstr(said, "Unable to Get Channel Cipher Suites") != NULL;
}
