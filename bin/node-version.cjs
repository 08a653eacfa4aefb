// Loaded before every entry; plain JavaScript, because an older Node cannot read TypeScript to say this.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `nix-channel-lambda needs Node 24 or newer here, and this is ${process.version}. (npm brings its own on Linux with glibc.)\n`,
  );
  process.exit(1);
}
