/* Labels of containers: untrusted text from whoever starts one. Pure.
 *
 * Formats: Traefik's routing rules (v2 and v3 syntax), Unraid's `net.unraid.docker.webui`,
 * Homepage's `homepage.*`. What does not parse gives no link, never a wrong one. */
#pragma once

#include "node/report.h"

/* NULL when absent or empty. Keys compare without case where Traefik does so. */
const char *label_get(const struct label *v, size_t n, const char *key);

/* An http or https URL with a host, without user information, spaces, quotes, braces or control
 * characters, at most LIMIT_LINK bytes: fit for a href. */
enum { LIMIT_LINK = 2048 };
bool link_is_safe(const char *url);

/* A name for the screen: trimmed, control characters out, cut at LIMIT_NAME bytes on a character's
 * border. NULL when nothing is left. The caller frees. */
enum { LIMIT_NAME = 80, LIMIT_DESCRIPTION = 300 };
char *label_text(const char *s, size_t max);

/* An icon's id ("plex" from "plex", "plex.png", "sh-plex.svg"); false for URLs and other sets. */
enum { ICON_SIZE = 65 };
bool label_icon(const char *s, char ret[ICON_SIZE]);

/* The link of a rule: the first Host outside a negation with the path of its branch; `https` says
 * which scheme. NULL when there is none. The caller frees. */
char *traefik_rule_link(const char *rule, bool https);
/* The link of the first router that has one; NULL when Traefik is told to ignore the container. */
char *traefik_link(const struct label *v, size_t n);

/* "http://[IP]:[PORT:8080]/": [PORT:n] names a container port. NULL when it gives no safe link. */
char *unraid_link(const char *webui, const struct observed *o, const char *address);
