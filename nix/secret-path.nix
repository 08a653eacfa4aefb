# The type of an option that names a secret. Everybody on the machine can read the Nix store, so a secret must not be in it.
lib:
let
  isOutside =
    path:
    builtins.match "/[A-Za-z0-9_.+@=,~/-]*[A-Za-z0-9_+@=,~-]" path != null
    && !(lib.hasInfix "//" path || lib.hasInfix "/." path)
    && !(builtins.hasContext path)
    && !(lib.hasPrefix "/nix/store/" path || lib.hasPrefix "${builtins.storeDir}/" path);
in
lib.types.addCheck lib.types.str isOutside
// {
  description = "absolute path outside of the Nix store, in quotes, of letters, digits and _ . + @ = , ~ - /";
}
