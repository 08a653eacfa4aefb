# The packages of flake.nix, from a nixpkgs.
pkgs:
let
  inherit (pkgs) lib nodejs_24 stdenvNoCC;
  inherit (lib.importJSON ../package.json) version;

  # All that the bundler reads. tsconfig.json is among it: esbuild does as it says.
  source = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../.npmrc
      ../LICENSE
      ../NOTICE
      ../bin
      ../lambda
      ../lib
      ../package-lock.json
      ../package.json
      ../tsconfig.json
    ];
  };

  # Nix looks up the output of a fixed-output derivation by its name and hash only. With the source in the name, a changed source
  # is always built, and a hash that was not updated is an error. Otherwise the old bundles would be used without a word.
  sourceHash = builtins.substring 0 12 (
    builtins.hashString "sha256" (builtins.unsafeDiscardStringContext "${source}")
  );

  # JavaScript, and the same on every machine. npm checks what it downloads against package-lock.json.
  bundles = stdenvNoCC.mkDerivation {
    name = "nix-channel-bundles-${version}-${sourceHash}";
    src = source;
    nativeBuildInputs = [ nodejs_24 ];

    buildPhase = ''
      runHook preBuild
      export HOME=$TMPDIR
      npm ci --ignore-scripts --no-update-notifier
      node bin/bundle-channelctl.ts --single-files bundles
      runHook postBuild
    '';
    installPhase = ''
      runHook preInstall
      cp -r bundles $out
      runHook postInstall
    '';
    # It would put a path of the store into the first line of the programs.
    dontFixup = true;

    outputHashMode = "recursive";
    outputHash = (lib.importJSON ./bundles.json).hash;
    impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [
      "NODE_EXTRA_CA_CERTS"
      "npm_config_registry"
    ];
  };

  # A bundle with Node.js. `programs` are found by it where the PATH has none.
  program =
    {
      pname,
      programs ? [ ],
      postInstall ? "",
      nativeBuildInputs ? [ ],
      description,
    }:
    stdenvNoCC.mkDerivation {
      inherit pname version postInstall;
      src = bundles;
      nativeBuildInputs = [ pkgs.makeWrapper ] ++ nativeBuildInputs;
      dontConfigure = true;
      dontBuild = true;
      installPhase = ''
        runHook preInstall
        cd ${pname}-${version}
        mkdir -p $out/lib/${pname} $out/share/licenses/${pname}
        cp ${pname}.mjs $out/lib/${pname}/
        cp LICENSE NOTICE THIRD-PARTY-NOTICES.txt $out/share/licenses/${pname}/
        makeWrapper ${nodejs_24}/bin/node $out/bin/${pname} --add-flags $out/lib/${pname}/${pname}.mjs${
          lib.optionalString (programs != [ ]) " --suffix PATH : ${lib.makeBinPath programs}"
        }
        runHook postInstall
      '';
      passthru = { inherit bundles; };
      meta = {
        inherit description;
        license = lib.licenses.asl20;
        mainProgram = pname;
        platforms = lib.platforms.unix;
      };
    };
in
rec {
  inherit bundles;

  channelctl = program {
    pname = "channelctl";
    description = "Publishes Nix channels, and logs readers in";
    programs = [
      pkgs.bzip2
      pkgs.git
      pkgs.xz
      pkgs.zstd
    ];
    nativeBuildInputs = [ pkgs.installShellFiles ];
    postInstall = ''
      for shell in bash fish zsh; do $out/bin/channelctl completion $shell >channelctl.$shell; done
      installShellCompletion channelctl.{bash,fish,zsh}
    '';
  };

  nix-channel-server = program {
    pname = "nix-channel-server";
    description = "Serves Nix channels from any S3 store";
  };

  runs = pkgs.runCommand "nix-channel-programs-run" { } ''
    ${lib.getExe channelctl} --version | grep -F "channelctl ${version} "
    ${lib.getExe nix-channel-server} --version | grep -F "nix-channel-server ${version} "
    touch $out
  '';
}
