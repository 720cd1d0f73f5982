#include "api/enrolment.h"

#include "node/enrol-token.h"

_Static_assert((int)FLEET_PIN_SIZE == (int)TLS_PIN_SIZE, "a pin is a pin");

#define STATE "/var/lib/hydra-agent"

/* %s: the token. */
static const char debian[] =
    "sudo dpkg -i hydra-agent_" HYDRA_VERSION "_$(dpkg --print-architecture).deb\n"
    "sudo hydra-agent enroll %s --state " STATE "\n"
    "sudo systemctl enable --now hydra-agent";

/* Not in the configuration itself: what stands there everybody on the machine can read. */
static const char nixos[] = "# sudo install -D -m 0600 /dev/stdin /etc/hydra-agent.token <<< %s\n"
                            "services.hydra-agent = {\n"
                            "  enable = true;\n"
                            "  tokenFile = \"/etc/hydra-agent.token\";\n"
                            "};";

/* The machine's own processes, network and devices, its services and its containers. */
static const char docker[] =
    "docker run --rm --network host -v hydra-agent:" STATE " hydra-agent:" HYDRA_VERSION
    " enroll %s --state " STATE "\n"
    "docker run -d --name hydra-agent --restart unless-stopped --network host --pid host --uts "
    "host --cap-add SYS_PTRACE --cap-add DAC_READ_SEARCH "
    "-v hydra-agent:" STATE " -v /etc/hydra:/etc/hydra:ro "
    "-v /var/run/docker.sock:/var/run/docker.sock "
    "-v /run/dbus/system_bus_socket:/run/dbus/system_bus_socket "
    "-v /etc/os-release:/etc/os-release:ro hydra-agent:" HYDRA_VERSION " run --state " STATE;

void enrolment_token(struct fleet *f, const char *secret, const char *address, struct str *out)
{
    unsigned char pins[LIMIT_FLEET_PINS][FLEET_PIN_SIZE];
    struct enrol_token t;
    fleet_pins(f, pins);
    memcpy(t.pin, pins[0], sizeof t.pin);
    str_copy(t.secret, sizeof t.secret, secret);
    str_copy(t.address, sizeof t.address, address);
    enrol_token_print(&t, out);
}

static void add_command(struct jw *w, const char *key, const char *text, const char *token)
{
    const char *at = strstr(text, "%s");
    struct str command = {0};
    str_add_n(&command, text, (size_t)(at - text));
    str_add(&command, token);
    str_add(&command, at + 2);
    jw_key_str(w, key, str_text(&command));
    str_done(&command);
}

void enrolment_print_commands(struct jw *w, const char *token)
{
    jw_object(w);
    add_command(w, "debian", debian, token);
    add_command(w, "nixos", nixos, token);
    add_command(w, "docker", docker, token);
    jw_end_object(w);
}

int enrolment_kept_out(struct err *e)
{
    return err_set(e, -EBUSY,
                   "The setting agents is none: this Hydra lets no other nodes in. Set it to where "
                   "their agents dial in, such as 0.0.0.0:7771, and restart hydrad.");
}
