/* What a service is called, where it belongs, how it looks and where it opens. Pure.
 *
 * Preference: what a person set > labels hydra.* > homepage.* > (link: Traefik > Unraid) > the
 * catalogue > compose project, published port, kind. */
#pragma once

#include "cluster/catalogue.h"
#include "cluster/cluster.h"

struct identity {
    char *name, *group;             /* never NULL once made */
    char *icon, *url, *description; /* may be NULL */
    bool hidden;
};

/* `seen` is NULL for hand-added services, `record` where nobody set anything. `address` is where
 * the node is reached from the network; NULL = not known. Frees what `ret` held before. */
void identity_make(const struct observed *seen, const struct integration *kind,
                   const struct service_record *record, const char *address, struct identity *ret);
void identity_done(struct identity *i);

/* What a process that only interprets runs: "http.server" of "python3 -m http.server 80",
 * "tabbyapi" of "/usr/bin/python3 /opt/tabbyapi/main.py". NULL when it is no interpreter or that
 * is not to be seen. The caller frees. */
char *naming_script(const char *process, const char *command);

/* The address of a node that others can reach: of "eno1 192.168.1.5/24" …, past bridges and tunnels
 * of containers. NULL when there is none. The caller frees. */
char *naming_address(const struct str_list *addresses);

/* The port where a person opens it, or an identity check asks: the catalogue's, else the first one
 * that may speak HTTP. NULL when none. */
const struct observed_port *naming_web_port(const struct observed *o,
                                            const struct integration *kind);
/* "127.0.0.1", "::1" */
bool naming_is_loopback(const char *address);
/* Where a port that listens on `address` is asked from the machine itself. */
void naming_local_host(const char *address, char *ret, size_t size);
/* "https" for the ports that are known for it. */
const char *naming_scheme(const struct observed_port *p);
