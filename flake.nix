# Hydra for NixOS: docs/install.md tells how to use it.
{
  description = "Hydra, the control plane of a home AI cluster";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      eachSystem = nixpkgs.lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
      ];
    in
    {
      overlays.default = final: _: {
        hydra = final.callPackage ./deploy/nixos/package.nix { };
        hydra-agent = final.hydra.agent;
      };

      packages = eachSystem (
        system:
        let
          hydra = nixpkgs.legacyPackages.${system}.callPackage ./deploy/nixos/package.nix { };
        in
        {
          inherit hydra;
          default = hydra;
          hydra-agent = hydra.agent;
        }
      );

      nixosModules.default =
        { pkgs, lib, ... }:
        {
          imports = [ ./deploy/nixos/module.nix ];
          services.hydra.package = lib.mkDefault self.packages.${pkgs.stdenv.hostPlatform.system}.hydra;
          services.hydra-agent.package =
            lib.mkDefault
              self.packages.${pkgs.stdenv.hostPlatform.system}.hydra-agent;
        };
    };
}
