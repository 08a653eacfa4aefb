# services.nix-channel-server: the server as contrib/nix-channel-server.service runs it. docs/nix.md.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.nix-channel-server;
  secretPath = import ./secret-path.nix lib;

  # systemd expands specifiers and variables in what stands in a unit.
  literal = builtins.replaceStrings [ "%" ] [ "%%" ];
  argument = text: builtins.replaceStrings [ "%" "$" ] [ "%%" "$$" ] (builtins.toJSON text);

  publisher = types.submodule {
    options = {
      name = mkOption {
        type = types.strMatching "[A-Za-z][A-Za-z0-9-]{0,39}";
        description = "The name that the history of a channel shows.";
      };
      accessKeyId = mkOption {
        type = types.strMatching "[A-Za-z0-9_.-]{1,128}";
        description = "What the publisher sets AWS_ACCESS_KEY_ID to.";
      };
      secretAccessKeyFile = mkOption {
        type = secretPath;
        description = "A file with what the publisher sets AWS_SECRET_ACCESS_KEY to. Only root needs to be able to read it.";
      };
      channels = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "The channels that it may publish to.";
      };
      retire = mkOption {
        type = types.bool;
        default = false;
        description = "Whether it may retire and pin releases of these channels.";
      };
      promotions = mkOption {
        type = types.listOf (
          types.submodule {
            options = {
              from = mkOption {
                type = types.str;
                description = "The channel whose releases are promoted.";
              };
              to = mkOption {
                type = types.str;
                description = "The channel that they are promoted to.";
              };
            };
          }
        );
        default = [ ];
        description = "The promotions that it may make.";
      };
      administrator = mkOption {
        type = types.bool;
        default = false;
        description = "Whether it may do everything, in every channel.";
      };
    };
  };

  keyName = { name, ... }: "publisher-${name}.key";
  publishersFile = pkgs.writeText "publishers.json" (
    builtins.toJSON (map (each: each // { secretAccessKeyFile = keyName each; }) cfg.publishers)
  );
  jwtCredentials = lib.imap0 (index: file: {
    name = "jwt-${toString index}.pem";
    path = "${file}";
  }) cfg.jwtPemFiles;

  secretVariables = [
    "AWS_ACCESS_KEY_ID"
    "AWS_SECRET_ACCESS_KEY"
    "AWS_SESSION_TOKEN"
  ];
in
{
  options.services.nix-channel-server = {
    enable = lib.mkEnableOption "the Nix channel server";
    package = mkOption {
      type = types.package;
      description = "The package with the program nix-channel-server.";
    };
    bucket = mkOption {
      type = types.str;
      description = "The name of the bucket.";
    };
    baseUrl = mkOption {
      type = types.str;
      example = "https://channels.example.com";
      description = "What the URLs of channels and releases begin with.";
    };
    listen = mkOption {
      # systemd opens the sockets and does not look names up.
      type = types.listOf (types.strMatching "([0-9.]+|\\[[0-9a-fA-F:.]+]):[0-9]{1,5}");
      default = [ "127.0.0.1:3000" ];
      example = [ "[::]:3000" ];
      description = "Where the server listens, as ADDRESS:PORT: plain HTTP, for a proxy that speaks TLS.";
    };
    metricsListen = mkOption {
      type = types.nullOr types.str;
      default = "127.0.0.1:9464";
      description = "Where Prometheus finds /metrics. Readers must not reach it.";
    };
    region = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "The region of the bucket (AWS_REGION). Required for Amazon S3.";
    };
    endpoint = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "https://fsn1.your-objectstorage.com";
      description = "The URL of the S3 store, if it is not Amazon's (AWS_ENDPOINT_URL).";
    };
    credentialsFile = mkOption {
      type = types.nullOr secretPath;
      default = null;
      example = "/run/secrets/aws-credentials";
      description = "The keys of the bucket, as ~/.aws/credentials has them. Without it, the role of the machine is used.";
    };
    environmentFile = mkOption {
      type = types.nullOr secretPath;
      default = null;
      description = "More variables, as systemd's EnvironmentFile has them.";
    };
    jwtPemFiles = mkOption {
      type = types.listOf types.path;
      default = [ ];
      description = "Public keys of tokens. With one, channels are private. These files are not secret.";
    };
    publishers = mkOption {
      type = types.listOf publisher;
      default = [ ];
      description = "Who may publish.";
    };
    settings = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = {
        JWT_DEFAULT_SCOPE = "none";
      };
      description = "More variables of docs/server.md. Everybody on the machine can read them.";
    };
    extraFlags = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [
        "--workers"
        "2"
      ];
      description = "More flags of docs/server.md.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = map (variable: {
      assertion = !(cfg.settings ? ${variable});
      message = "services.nix-channel-server.settings must not have ${variable}: everybody on the machine can read it. Use credentialsFile.";
    }) secretVariables;

    systemd.sockets.nix-channel-server = {
      description = "Socket of the Nix channel server";
      wantedBy = [ "sockets.target" ];
      listenStreams = cfg.listen;
      socketConfig = {
        Backlog = 4096;
        NoDelay = true;
        KeepAlive = true;
      };
    };

    systemd.services.nix-channel-server = {
      description = "Nix channel server";
      requires = [ "nix-channel-server.socket" ];
      after = [
        "nix-channel-server.socket"
        "network-online.target"
      ];
      wants = [ "network-online.target" ];
      wantedBy = [ "multi-user.target" ];
      environment =
        builtins.mapAttrs (_: literal) cfg.settings
        // lib.optionalAttrs (cfg.region != null) { AWS_REGION = literal cfg.region; }
        // lib.optionalAttrs (cfg.endpoint != null) { AWS_ENDPOINT_URL = literal cfg.endpoint; }
        // lib.optionalAttrs (cfg.credentialsFile != null) {
          AWS_SHARED_CREDENTIALS_FILE = "%d/aws-credentials";
        };
      serviceConfig = import ./hardening.nix // {
        Type = "notify";
        # The program systemd-notify sends the messages.
        NotifyAccess = "all";
        WatchdogSec = 60;
        ExecStart = lib.concatStringsSep " " (
          [
            (lib.getExe cfg.package)
            "--log json"
            "--bucket ${argument cfg.bucket}"
            "--base-url ${argument cfg.baseUrl}"
          ]
          ++ lib.optional (cfg.metricsListen != null) "--metrics-listen ${argument cfg.metricsListen}"
          ++ map ({ name, ... }: "--jwt-pem %d/${name}") jwtCredentials
          ++ lib.optional (cfg.publishers != [ ]) "--publishers %d/publishers.json"
          ++ map argument cfg.extraFlags
        );
        LoadCredential =
          lib.optional (cfg.credentialsFile != null) "aws-credentials:${cfg.credentialsFile}"
          ++ map ({ name, path }: "${name}:${literal path}") jwtCredentials
          ++ lib.optional (cfg.publishers != [ ]) "publishers.json:${publishersFile}"
          ++ map (each: "${keyName each}:${each.secretAccessKeyFile}") cfg.publishers;
        EnvironmentFile = lib.optional (cfg.environmentFile != null) cfg.environmentFile;
        Restart = "on-failure";
        RestartSec = 2;
        # The server ends its workers itself, within 10 s.
        KillMode = "mixed";
        TimeoutStopSec = 15;
      };
    };
  };
}
