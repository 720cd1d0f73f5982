# Systems with what Hydra looks at: units, versions, a kernel, a package; and files that tell switch-to-configuration what to do wrong.
# units: { "name.service" = command; }; marks: names of files
{
  version,
  kernel ? "6.12.1",
  units ? { },
  marks ? [ ],
  system ? builtins.currentSystem,
}:
let
  make =
    name: more: text:
    derivation (
      more
      // {
        inherit name;
        inherit system;
        builder = "/bin/bash";
        args = [
          "-euc"
          text
        ];
        PATH = "/usr/bin:/bin";
      }
    );
  package =
    version:
    make "served-${version}" { } "mkdir $out; echo ${version} >$out/version; head -c 100000 /dev/zero >$out/data";
  linux =
    version: make "linux-${version}" { } "mkdir -p $out/lib/modules/${version}; echo ${version} >$out/bzImage";
  unit = text: "[Service]\nExecStart=${text}\n";
  all = {
    "web.service" = unit "/bin/sh -c 'read v <${package version}/version; exec sleep 10000'";
    "same.service" = unit "/bin/sleep 20000";
  }
  // builtins.mapAttrs (_: unit) units;
  names = builtins.attrNames all;
  number = name: builtins.toString (builtins.length (builtins.filter (n: n < name) names));
in
make "nixos-system-node-${version}"
  (builtins.listToAttrs (
    map (n: {
      name = "unit_${number n}";
      value = all.${n};
    }) names
  ))
  ''
    mkdir -p $out/bin $out/etc/systemd/system $out/sw/bin
    cp ${./switch-to-configuration} $out/bin/switch-to-configuration
    chmod +x $out/bin/switch-to-configuration
    ln -s ${linux kernel}/bzImage $out/kernel
    ln -s ${linux kernel} $out/kernel-modules
    printf %s ${version} >$out/nixos-version
    printf '{"configurationRevision":"rev-${version}","nixosVersion":"${version}"}' >$out/sw/bin/nixos-version
    : >$out/etc/systemd/system/hydra-generation-boot.service
    ${builtins.concatStringsSep "\n" (
      map (n: ''printf %s "$unit_${number n}" >$out/etc/systemd/system/${n}'') names
    )}
    ${builtins.concatStringsSep "\n" (map (m: ": >$out/${m}") marks)}
  ''
