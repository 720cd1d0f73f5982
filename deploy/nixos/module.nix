# services.hydra: the hub. services.hydra-agent: every other machine. The units are those of the package; here stands only what
# differs from one machine to the next.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkIf mkMerge mkOption types;
  hub = config.services.hydra;
  agent = config.services.hydra-agent;

  # JSON is YAML.
  yaml = name: value: pkgs.writeText name (builtins.toJSON value);

  settings =
    hub.settings
    // {
      inherit (hub) listen;
    }
    // lib.optionalAttrs (hub.dataDir != "/var/lib/hydra") { data = hub.dataDir; };
  settingsFile = yaml "hydrad.yaml" settings;

  port = address: lib.toInt (builtins.head (builtins.match ".*:([0-9]+)" address));
  agentsPort =
    let
      address = hub.settings.agents or "0.0.0.0:7771";
    in
    lib.optional (address != "none") (port address);

  # By default what systemd and the engines of this machine let their readers belong to.
  groups = [
    "systemd-journal"
  ]
  ++ lib.optional config.virtualisation.docker.enable "docker"
  ++ lib.optional (config.virtualisation.podman.enable or false) "podman";

  policyOption = mkOption {
    type = types.nullOr (types.attrsOf types.anything);
    default = null;
    example = {
      allow = [
        {
          do = [
            "unit.restart"
            "container.*"
            "logs"
          ];
        }
      ];
      deny = [
        {
          do = "*";
          on = "docker/database";
        }
      ];
    };
    description = "What Hydra may do to this machine (docs/actions.md). null: start, stop and restart, and read logs.";
  };
  groupsOption = mkOption {
    type = types.listOf types.str;
    default = groups;
    description = "Groups of its user: to read the journal, to speak to Docker.";
  };
  userOf = name: home: extraGroups: {
    users.users.${name} = {
      isSystemUser = true;
      group = name;
      inherit home extraGroups;
    };
    users.groups.${name} = { };
  };
  policyOf = policy: mkIf (policy != null) { environment.etc."hydra/agent.yaml".source = yaml "agent.yaml" policy; };
in
{
  options.services.hydra = {
    enable = lib.mkEnableOption "Hydra's hub";
    package = lib.mkPackageOption pkgs "hydra" { };
    listen = mkOption {
      type = types.listOf types.str;
      default = [ "127.0.0.1:7770" ];
      description = "Addresses of the dashboard and the API.";
    };
    dataDir = mkOption {
      type = types.path;
      default = "/var/lib/hydra";
      description = "Where everything is kept.";
    };
    settings = mkOption {
      type = types.attrsOf types.anything;
      default = { };
      example = {
        hosts = "hydra.home.arpa";
        log-level = "warn";
      };
      description = "Further settings of hydrad.yaml(5).";
    };
    openFirewall = mkOption {
      type = types.bool;
      default = false;
      description = "Lets other machines reach the dashboard and the port of the agents.";
    };
    extraGroups = groupsOption;
    policy = policyOption;
  };

  options.services.hydra-agent = {
    enable = lib.mkEnableOption "Hydra's agent";
    package = lib.mkPackageOption pkgs "hydra-agent" { };
    tokenFile = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = ''
        A file with the token of `hydrad node add`, which carries the hub's address: the machine is enrolled with it at the first start.
        null: `hydra-agent enroll` by hand.
      '';
    };
    settings = mkOption {
      type = types.attrsOf (types.either types.str types.int);
      default = { };
      example = {
        log-level = "warn";
        interval = 2000;
        loki = "http://loki.home.arpa:3100";
      };
      description = "Options of hydra-agent(8).";
    };
    extraGroups = groupsOption;
    policy = policyOption;
  };

  config = mkMerge [
    (mkIf hub.enable (mkMerge [
      (userOf "hydra" hub.dataDir hub.extraGroups)
      (policyOf hub.policy)
      {
        environment.systemPackages = [ hub.package ];
        environment.etc."hydra/hydrad.yaml".source = settingsFile;
        systemd.packages = [ hub.package ];
        systemd.sockets.hydrad = {
          wantedBy = [ "sockets.target" ];
          listenStreams = [ "" ] ++ hub.listen;
        };
        systemd.services.hydrad = {
          wantedBy = [ "multi-user.target" ];
          restartTriggers = [ settingsFile ];
          serviceConfig = mkIf (hub.dataDir != "/var/lib/hydra") { ReadWritePaths = [ hub.dataDir ]; };
        };
        systemd.tmpfiles.rules = mkIf (hub.dataDir != "/var/lib/hydra") [ "d ${hub.dataDir} 0700 hydra hydra -" ];
        networking.firewall.allowedTCPPorts = mkIf hub.openFirewall (map port hub.listen ++ agentsPort);
        security.polkit.enable = lib.mkDefault true;
      }
    ]))
    # Generations of the hub's own machine: root's part is the agent's.
    (mkIf (hub.enable && !agent.enable) {
      systemd.packages = [ agent.package ];
      systemd.services.hydra-generation-boot.wantedBy = [ "multi-user.target" ];
    })
    (mkIf agent.enable (mkMerge [
      (userOf "hydra-agent" "/var/lib/hydra-agent" agent.extraGroups)
      (policyOf agent.policy)
      {
        # Its members may ask the agent by `hydra --local`.
        users.groups.hydra = { };
        # smartctl: its helper asks the disks by it.
        environment.systemPackages = [
          agent.package
          pkgs.smartmontools
        ];
        systemd.packages = [ agent.package ];
        systemd.services.hydra-agent = {
          wantedBy = [ "multi-user.target" ];
          environment = lib.mapAttrs' (name: value: {
            name = "HYDRA_AGENT_" + lib.toUpper (builtins.replaceStrings [ "-" ] [ "_" ] name);
            value = toString value;
          }) agent.settings;
        };
        # Ends a switch of generations that a power failure cut off.
        systemd.services.hydra-generation-boot.wantedBy = [ "multi-user.target" ];
        security.polkit.enable = lib.mkDefault true;
      }
      (mkIf (agent.tokenFile != null) {
        systemd.services.hydra-agent-enroll = {
          description = "Hydra agent, enrolment";
          wantedBy = [ "multi-user.target" ];
          wants = [ "network-online.target" ];
          after = [ "network-online.target" ];
          before = [ "hydra-agent.service" ];
          unitConfig = {
            ConditionPathExists = [
              "!/var/lib/hydra-agent/hub.json"
              agent.tokenFile
            ];
            OnSuccess = "hydra-agent.service";
          };
          serviceConfig = {
            Type = "oneshot";
            User = "hydra-agent";
            StateDirectory = "hydra-agent";
            StateDirectoryMode = "0700";
            LoadCredential = "token:${agent.tokenFile}";
            ExecStart = "${agent.package}/bin/hydra-agent enroll @%d/token";
            Restart = "on-failure";
            RestartSec = 30;
          };
        };
      })
    ]))
  ];
}
