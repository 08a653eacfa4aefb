# programs.nix-channel-login: a netrc for Nix with the tokens of private channels. docs/nix.md.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.programs.nix-channel-login;
  hosts = builtins.attrNames cfg.tokenFiles;
  netrc = "/run/nix-channel-login/netrc";
  hardening = import ./hardening.nix;
in
{
  options.programs.nix-channel-login = {
    tokenFiles = mkOption {
      type = types.attrsOf (import ./secret-path.nix lib);
      default = { };
      example = {
        "nix.example.org" = "/run/secrets/nix-channel-token";
      };
      description = "For each host, the file with its token. Only root needs to be able to read it.";
    };
    group = mkOption {
      type = types.nullOr (types.strMatching "[A-Za-z0-9_.-]+");
      default = null;
      example = "users";
      description = "The group that can read the netrc, for the Nix of its users. Without it, only root and the daemon send tokens.";
    };
  };

  config = lib.mkIf (hosts != [ ]) {
    assertions = map (host: {
      assertion = builtins.match "[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?" host != null;
      message = "programs.nix-channel-login.tokenFiles must have names of hosts, without https:// and port, not ${builtins.toJSON host}.";
    }) hosts;

    nix.settings.netrc-file = netrc;

    systemd.services.nix-channel-login = {
      description = "Tokens of Nix channels for Nix";
      wantedBy = [ "multi-user.target" ];
      # As root, which owns the netrc. With PrivateUsers there would be no other groups.
      serviceConfig =
        removeAttrs hardening [
          "DynamicUser"
          "PrivateUsers"
        ]
        // {
          # Without RemainAfterExit, so that every switch of the configuration writes the file again.
          Type = "oneshot";
          ExecStart = lib.concatStringsSep " " (
            [
              "${pkgs.runtimeShell} ${./write-netrc.sh} ${netrc}"
              (if cfg.group == null then "\"\"" else cfg.group)
            ]
            ++ hosts
          );
          LoadCredential = map (host: "${host}:${cfg.tokenFiles.${host}}") hosts;
          RuntimeDirectory = "nix-channel-login";
          RuntimeDirectoryMode = "0755";
          RuntimeDirectoryPreserve = true;
          PrivateNetwork = true;
          RestrictAddressFamilies = "AF_UNIX";
          MemoryDenyWriteExecute = true;
        }
        // lib.optionalAttrs (cfg.group != null) {
          CapabilityBoundingSet = "CAP_CHOWN";
          SystemCallFilter = hardening.SystemCallFilter ++ [ "@chown" ];
        };
    };
  };
}
