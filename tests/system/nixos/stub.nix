# As much of nixpkgs as the flake, the package and the module of Hydra need to be evaluated where there is no nixpkgs.
rec {
  lib = rec {
    genAttrs =
      names: f:
      builtins.listToAttrs (
        map (name: {
          inherit name;
          value = f name;
        }) names
      );
    optional = yes: x: if yes then [ x ] else [ ];
    optionalAttrs = yes: x: if yes then x else { };
    toInt = builtins.fromJSON;
    toUpper = builtins.replaceStrings (chars "abcdefghijklmnopqrstuvwxyz") (chars "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    chars = s: builtins.genList (i: builtins.substring i 1 s) (builtins.stringLength s);
    mapAttrs' = f: set: builtins.listToAttrs (map (name: f name set.${name}) (builtins.attrNames set));
    importJSON = file: builtins.fromJSON (builtins.readFile file);
    cleanSource = x: x;
    makeLibraryPath = list: builtins.concatStringsSep ":" (map toString list);
    mesonBool = name: value: "-D${name}=${if value then "true" else "false"}";
    licenses.asl20 = "asl20";
    platforms.linux = [ ];

    mkIf = condition: content: {
      _type = "if";
      inherit condition content;
    };
    mkMerge = contents: {
      _type = "merge";
      inherit contents;
    };
    mkDefault = x: x;
    mkOption = o: o // { _type = "option"; };
    mkEnableOption =
      description:
      mkOption {
        inherit description;
        default = false;
      };
    mkPackageOption = pkgs: name: _: mkOption { default = pkgs.${name}; };
    types = {
      str = "str";
      int = "int";
      bool = "bool";
      path = "path";
      anything = "anything";
      nullOr = x: x;
      listOf = x: x;
      attrsOf = x: x;
      either = x: _: x;
    };
  };

  # What a module says, with everything conditional taken in or left out.
  resolve =
    x:
    if !builtins.isAttrs x then
      [ x ]
    else if x._type or "" == "if" then
      (if x.condition then resolve x.content else [ ])
    else if x._type or "" == "merge" then
      builtins.concatMap resolve x.contents
    else
      [ (builtins.mapAttrs (_: v: joined (resolve v)) x) ];
  joined =
    list: if list == [ ] then null else builtins.foldl' join (builtins.head list) (builtins.tail list);
  join =
    a: b:
    if builtins.isAttrs a && builtins.isAttrs b then
      a // builtins.mapAttrs (name: v: if a ? ${name} then join a.${name} v else v) b
    else if builtins.isList a && builtins.isList b then
      a ++ b
    else
      b;

  # The configuration that `module` makes of the settings of services.*.
  evaluate =
    module: services:
    let
      m = module { inherit config lib pkgs; };
      defaults = name: builtins.mapAttrs (_: o: o.default) m.options.services.${name};
      config = {
        services = builtins.mapAttrs (name: _: defaults name // (services.${name} or { })) m.options.services;
        virtualisation.docker.enable = true;
        virtualisation.podman.enable = false;
      };
    in
    joined (resolve m.config);

  pkgs = {
    hydra = "/nix/hydra";
    hydra-agent = "/nix/hydra-agent";
    smartmontools = "/nix/smartmontools";
    writeText = name: text: { inherit name text; };
  };

  # callPackage with each dependency's name in its place.
  callPackage =
    file: _:
    let
      f = import file;
      own = {
        inherit lib;
        inherit callPackage;
        stdenv.mkDerivation = x: x // (x.passthru or { });
        stdenvNoCC.mkDerivation = x: x;
        buildNpmPackage = x: x // { __toString = _: "/nix/web"; };
        importNpmLock = {
          __functor = _: x: x;
          npmConfigHook = "hook";
        };
        python3.withPackages = choose: choose { pyyaml = "pyyaml"; };
      };
    in
    f (builtins.mapAttrs (name: _: own.${name} or name) (builtins.functionArgs f));
}
