/* Switching a machine by its management controller (BMC), out of band, in the words of IPMI 2.0:
 * what may be asked, where the controller is, and what `ipmitool` says. Pure. */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum power_word {
    POWER_STATUS, /* asks only */
    POWER_ON,
    POWER_SOFT,  /* as its power button: the system shuts down, if it heeds it */
    POWER_OFF,   /* at once */
    POWER_CYCLE, /* off at once, and on again */
    POWER_RESET, /* as its reset button */
    POWER_WORDS,
};
const char *power_word_name(enum power_word w); /* "cycle" */
/* -EINVAL names those that there are. */
int power_word_parse(const char *text, struct err *e, enum power_word *ret_w) MUST_CHECK;
bool power_word_interrupts(enum power_word w); /* what runs there ends */

enum {
    POWER_HOST_SIZE = 254,    /* a name of the DNS, or an address; terminated */
    POWER_ADDRESS_SIZE = 272, /* with brackets and port */
    LIMIT_POWER_USER = 16,    /* bytes: IPMI 2.0, 22.28 */
    LIMIT_POWER_PASSWORD = 20,
};
#define POWER_TARGET "bmc/" /* before the address, as a node's policy knows it */

struct power_place {
    char host[POWER_HOST_SIZE];
    char port[6]; /* "" = IPMI's own, 623 */
};
/* "10.0.0.9", "bmc.lan:6230", "fd00::9", "[fd00::9]:6230". -EINVAL. */
int power_address_parse(const char *address, struct err *e, struct power_place *ret_p) MUST_CHECK;

/* "Chassis Power is on". -ENOENT: that is not what it says. */
int power_state_parse(const char *said, bool *ret_on) MUST_CHECK;

enum power_fault {
    POWER_FAULT_OTHER,
    POWER_FAULT_SILENT,   /* nobody answers there */
    POWER_FAULT_NAME,     /* its address can't be found out */
    POWER_FAULT_USER,     /* it knows no such user */
    POWER_FAULT_PASSWORD, /* the user has another */
    POWER_FAULT_RIGHT,    /* the user may not */
};
/* What `ipmitool -v` said when it failed. */
enum power_fault power_fault_of(const char *said);
/* Its last line that says something of the fault; "" = none. mem_free(). */
char *power_fault_line(const char *said);
/* Did it have to guess how the controller encrypts? Asking anew costs seconds each time. */
bool power_guessed_cipher(const char *said);
