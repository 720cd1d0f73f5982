/* A new node's token, and what to type on the machine. Pure but for the pins; any thread. */
#pragma once

#include "access/fleet.h"
#include "base/json.h"

/* "hyn_…" of an enrolment's secret; `address`: HOST:PORT that agents dial. */
void enrolment_token(struct fleet *f, const char *secret, const char *address, struct str *out);

/* An object: "debian", "nixos" and "docker", each what to type or write down there. */
void enrolment_print_commands(struct jw *w, const char *token);

/* What to say where the setting `agents` keeps all others out. -EBUSY. */
int enrolment_kept_out(struct err *e);
