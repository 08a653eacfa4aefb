{
  description = "Nix channels on any S3 store: channelctl and nix-channel-server";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { nixpkgs, ... }:
    let
      inherit (nixpkgs) lib;
      forEachSystem = lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
        "aarch64-darwin"
      ];
      packagesOf = system: import ./nix/packages.nix nixpkgs.legacyPackages.${system};
    in
    {
      packages = forEachSystem (
        system:
        let
          inherit (packagesOf system) channelctl nix-channel-server;
        in
        {
          inherit channelctl nix-channel-server;
          default = channelctl;
        }
      );

      overlays.default = final: _: {
        inherit (import ./nix/packages.nix final) channelctl nix-channel-server;
      };

      nixosModules = {
        default =
          { pkgs, ... }:
          {
            imports = [ ./nix/server-module.nix ];
            services.nix-channel-server.package =
              lib.mkDefault
                (packagesOf pkgs.stdenv.hostPlatform.system).nix-channel-server;
          };
        login = ./nix/login-module.nix;
      };

      checks = forEachSystem (
        system:
        let
          inherit (packagesOf system) channelctl nix-channel-server runs;
        in
        {
          inherit channelctl nix-channel-server runs;
        }
      );
    };
}
