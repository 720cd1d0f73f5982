/* The table of verbs. */
#include "cli/verbs.h"

#define CHECK_KINDS "none http tcp dns icmp docker systemd process"
#define END                                                                                        \
    {                                                                                              \
        0                                                                                          \
    }

static const struct option_def password_options[] = {
    {"password-file", 0, "FILE", "read the password from a file; - is standard input", NULL},
    END,
};
static const struct option_def node_options[] = {
    {"ttl", 0, "DURATION", "how long the token counts: 2h; without, 15m", NULL},
    {"replace", 0, NULL, "the machine takes the place of a node of this name", NULL},
    END,
};
static const struct option_def service_options[] = {
    {"name", 0, "NAME", "what people call it", NULL},
    {"url", 0, "URL", "where to open it", NULL},
    {"check", 0, "KIND", "how to see whether it is well; http where --url is given: " CHECK_KINDS,
     CHECK_KINDS},
    {"target", 0, "TARGET", "what to check: URL, host:port, name, unit or container; else the URL",
     NULL},
    {"interval", 0, "DURATION", "between two checks: 30s, 5m", NULL},
    {"timeout", 0, "DURATION", "for one check: 5s", NULL},
    {"retries", 0, "N", "further tries before it counts as down", NULL},
    {"expect-status", 0, "CODES", "HTTP statuses that are well: 200-399,401", NULL},
    {"expect-body", 0, "TEXT", "text that proves that it is the right service", NULL},
    {"icon", 0, "NAME", "its picture, e.g. plex", NULL},
    {"group", 0, "NAME", "where it stands in lists", NULL},
    {"description", 0, "TEXT", "a line about it", NULL},
    {"depends-on", 0, "ID[,…]", "services that it needs", NULL},
    {"hide", 0, NULL, "leave it out of lists and the verdict", NULL},
    {"show", 0, NULL, "show it again", NULL},
    END,
};
static const struct option_def event_options[] = {
    {"follow", 'f', NULL, "go on with what happens from now", NULL},
    {"since", 0, "ID", "follow on after this event", NULL},
    {"topics", 0, "TOPIC[,…]",
     "state, vitals, feed, access, jobs, custom, metrics/NODE; with -o json", NULL},
    {"limit", 'n', "N", "how many", NULL},
    {"before", 0, "CURSOR", "older ones than this page", NULL},
    {"severity", 0, "WORD", "ok, info, warn or bad", "ok info warn bad"},
    {"service", 0, "ID", "of one service", NULL},
    END,
};
static const struct option_def log_options[] = {
    {"follow", 'f', NULL, "go on with what is written from now", NULL},
    {"limit", 'n', "N", "how many lines: 200", NULL},
    {"since", 0, "TIME", "from then on: 1h ago, or 2026-11-24T14:53:11Z", NULL},
    {"until", 0, "TIME", "up to then", NULL},
    {"grep", 0, "REGEX", "lines that match; without capitals in any case", NULL},
    {"level", 0, "LEVEL", "that or worse", "emerg alert crit err warning notice info debug"},
    END,
};
static const struct option_def user_add_options[] = {
    {"role", 0, "ROLE", "admin, operator or viewer", "admin operator viewer"},
    {"password-file", 0, "FILE", "read the password from a file; - is standard input", NULL},
    END,
};
static const struct option_def user_edit_options[] = {
    {"role", 0, "ROLE", "admin, operator or viewer", "admin operator viewer"},
    {"password-file", 0, "FILE", "a new password, from a file; - is standard input", NULL},
    {"disable", 0, NULL, "keep the user out", NULL},
    {"enable", 0, NULL, "let the user in again", NULL},
    END,
};
static const struct option_def token_options[] = {
    {"scope", 0, "PERMISSION[,…]",
     "what it may do: services:read,events:write; * is all that you may", NULL},
    {"expires", 0, "DURATION", "when it ends: 90d; without, never", NULL},
    END,
};
static const struct option_def audit_options[] = {
    {"actor", 0, "NAME", "by whom", NULL},
    {"action", 0, "ACTION", "what: service.add, or a prefix such as service.", NULL},
    {"outcome", 0, "WORD", "done, refused or failed", "done refused failed"},
    {"text", 0, "TEXT", "that appears anywhere", NULL},
    {"since", 0, "TIME", "from this time on (RFC 3339)", NULL},
    {"until", 0, "TIME", "up to this time (RFC 3339)", NULL},
    {"limit", 'n', "N", "how many", NULL},
    {"before", 0, "CURSOR", "older ones than this page", NULL},
    END,
};

#define ACT_OPTIONS                                                                                \
    {"no-wait", 0, NULL, "print the id of the job and don't wait for its end", NULL},              \
    {                                                                                              \
        "force", 0, NULL, "whatever the guard rails say", NULL                                     \
    }
static const struct option_def act_options[] = {ACT_OPTIONS, END};
static const struct option_def kill_options[] = {
    {"signal", 0, "NAME", "another signal than KILL: HUP, TERM",
     "HUP INT KILL QUIT TERM USR1 USR2"},
    ACT_OPTIONS,
    END,
};
static const struct option_def prune_options[] = {
    {"what", 0, "WORD[,…]",
     "containers (stopped ones), networks, images, volumes (anonymous ones), named-volumes, "
     "build-cache",
     "containers networks images volumes named-volumes build-cache"},
    {"engine", 0, "NAME", "which engine, where there are several: docker, podman", NULL},
    ACT_OPTIONS,
    END,
};
static const struct option_def job_options[] = {
    {"service", 0, "ID", "of one service", NULL},
    {"node", 0, "NAME", "of one node", NULL},
    {"limit", 'n', "N", "how many", NULL},
    {"cursor", 0, "CURSOR", "older ones than this page", NULL},
    END,
};

const struct verb verbs[] = {
    {{"status"}, "", "is everything well? exit code 0 yes, 1 no, 2 can't tell", NULL, verb_status},
    {{"nodes"}, "", "machines and their numbers", NULL, verb_nodes},
    {{"node", "add"},
     "NAME",
     "make a token that lets one machine in, and say what to type there",
     node_options,
     verb_node_add},
    {{"node", "rm"}, "NAME", "remove a node", NULL, verb_node_rm},
    {{"nodes", "rm"}, "NAME", "the same", NULL, verb_node_rm},
    {{"services"}, "", "services and their state", NULL, verb_services},
    {{"service", "show"}, "ID", "everything about one service", NULL, verb_service_show},
    {{"service", "add"}, "NAME", "add a service by hand", service_options, verb_service_add},
    {{"service", "edit"},
     "ID",
     "change a service, or override what was discovered",
     service_options,
     verb_service_edit},
    {{"service", "rm"},
     "ID",
     "remove a hand-added service, or drop overrides",
     NULL,
     verb_service_rm},
    {{"service", "start"}, "ID…", "start services", act_options, verb_service_act},
    {{"service", "stop"}, "ID…", "stop services", act_options, verb_service_act},
    {{"service", "restart"}, "ID…", "restart services", act_options, verb_service_act},
    {{"restart"}, "ID…", "the same", act_options, verb_service_act},
    {{"service", "reload"},
     "ID…",
     "have units read their settings anew",
     act_options,
     verb_service_act},
    {{"service", "reset-failed"},
     "ID…",
     "have systemd forget that units failed",
     act_options,
     verb_service_act},
    {{"service", "mask"},
     "ID…",
     "keep units from being started until the next boot",
     act_options,
     verb_service_act},
    {{"service", "unmask"},
     "ID…",
     "let masked units be started again",
     act_options,
     verb_service_act},
    {{"service", "pause"}, "ID…", "freeze containers", act_options, verb_service_act},
    {{"service", "unpause"}, "ID…", "let frozen containers run on", act_options, verb_service_act},
    {{"service", "kill"},
     "ID…",
     "end containers at once, or send them a signal",
     kill_options,
     verb_service_act},
    {{"service", "update"},
     "ID…",
     "make containers anew from the newest image",
     act_options,
     verb_service_act},
    {{"node", "reboot"}, "NAME", "reboot a node", act_options, verb_node_act},
    {{"node", "poweroff"}, "NAME", "switch a node off", act_options, verb_node_act},
    {{"node", "disk-usage"},
     "NAME",
     "what images, containers, volumes and build caches take up",
     NULL,
     verb_node_ask},
    {{"node", "processes"}, "NAME", "every process of a node", NULL, verb_node_ask},
    {{"node", "kernel-log"},
     "NAME",
     "errors of a node's kernel since it was started",
     NULL,
     verb_node_ask},
    {{"node", "time"}, "NAME", "is a node's clock kept right?", NULL, verb_node_ask},
    {{"node", "prune"},
     "NAME",
     "remove what no container uses: images, networks, build cache",
     prune_options,
     verb_node_prune},
    {{"jobs"},
     "[ID]",
     "what was ordered and how it goes; -w ID follows one",
     job_options,
     verb_jobs},
    {{"job", "cancel"}, "ID", "cancel what has not begun", NULL, verb_job_cancel},
    {{"events"}, "", "what happened", event_options, verb_events},
    {{"logs"},
     "SERVICE…",
     "what services wrote; a node's name: its journal",
     log_options,
     verb_logs},
    {{"users"}, "", "who has access", NULL, verb_users},
    {{"user", "add"}, "NAME", "create a user", user_add_options, verb_user_add},
    {{"user", "edit"}, "NAME", "change a user", user_edit_options, verb_user_edit},
    {{"user", "rm"}, "NAME", "remove a user", NULL, verb_user_rm},
    {{"sessions"}, "", "who is signed in", NULL, verb_sessions},
    {{"session", "end"}, "ID", "sign a session out", NULL, verb_session_end},
    {{"tokens"}, "", "API tokens", NULL, verb_tokens},
    {{"token", "add"}, "NAME", "create an API token and print it", token_options, verb_token_add},
    {{"token", "rm"}, "ID", "revoke an API token", NULL, verb_token_rm},
    {{"audit"}, "", "every change and every refused one", audit_options, verb_audit},
    {{"login"}, "[NAME]", "sign this command line in", password_options, verb_login},
    {{"logout"}, "", "sign it out again", NULL, verb_logout},
    {{"completion"}, "bash|zsh|fish", "print completion for a shell", NULL, verb_completion},
    {{NULL}, NULL, NULL, NULL, NULL},
};
