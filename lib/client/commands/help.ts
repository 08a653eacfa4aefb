interface Ending {
  readonly examples: readonly string[];
  /** Where in the documentation there is more; README.md unless said otherwise. */
  readonly docs?: string;
}

const docs = { api: 'docs/api.md', doctor: 'docs/doctor.md', tokens: 'docs/private-channels.md' } as const;

/** By the words of each command after the program's name. */
const endings: Readonly<Record<string, Ending>> = {
  add: {
    examples: [
      'channelctl add nixos-25.05',
      'channelctl add installer --file-extension .iso',
      'channelctl add tools --visibility public',
    ],
  },
  list: { examples: ['channelctl list', 'channelctl list --json'] },
  show: { examples: ['channelctl show nixos-25.05'] },
  history: { examples: ['channelctl history nixos-25.05', 'channelctl history nixos-25.05 --limit 5'] },
  inspect: { examples: ['channelctl inspect nixexprs.tar.xz', 'channelctl inspect nixexprs.tar.xz --json'] },
  publish: {
    examples: [
      'channelctl publish nixos-25.05 .',
      'channelctl publish nixos-25.05 nixos-25.05-2025-05-15.tar.xz --rev-count 800000',
      'channelctl publish nixos-25.05 nixexprs.tar.xz --name nixos-25.05-2025-05-15 --dry-run',
    ],
  },
  promote: {
    examples: [
      'channelctl promote nixos-25.05-small nixos-25.05',
      'channelctl promote nixos-25.05-small nixos-25.05 --release nixos-25.05-2025-05-15',
    ],
  },
  rollback: {
    examples: [
      'channelctl rollback nixos-25.05',
      'channelctl rollback nixos-25.05 --to nixos-25.05-2025-05-15 --dry-run',
    ],
  },
  yank: {
    examples: [
      "channelctl yank nixos-25.05 nixos-25.05-2025-05-15 --reason 'does not boot'",
      'channelctl yank nixos-25.05 nixos-25.05-2025-05-15 --undo',
    ],
  },
  set: {
    examples: [
      'channelctl set nixos-25.05 --max-age 3d',
      'channelctl set nixos-25.05 --visibility public --max-age none',
    ],
  },
  remove: { examples: ['channelctl remove nixos-24.11', 'channelctl remove nixos-24.11 --yes'] },
  restore: { examples: ['channelctl restore nixos-24.11'] },
  token: { examples: [], docs: docs.tokens },
  'token keygen': { examples: ['channelctl token keygen --out nix-key'], docs: docs.tokens },
  'token create': {
    examples: ["channelctl token create --key nix-key --channels 'nixos-*' --days 90 --subject ci --out token"],
    docs: docs.tokens,
  },
  'token inspect': { examples: ['channelctl token inspect token --key nix-key.pub'], docs: docs.tokens },
  'token revoke': {
    examples: [
      "channelctl token revoke --token token --reason 'was in a log'",
      'channelctl token revoke --sub ci --until 90d',
    ],
    docs: docs.tokens,
  },
  'token revocations': { examples: ['channelctl token revocations'], docs: docs.tokens },
  login: { examples: ['channelctl login https://nix.example.org --token token'], docs: docs.tokens },
  doctor: { examples: [], docs: docs.doctor },
  'doctor bucket': { examples: ['channelctl doctor bucket', 'channelctl doctor bucket --fix'], docs: docs.doctor },
  'doctor reader': {
    examples: ['channelctl doctor reader https://nix.example.org/channel/nixos-25.05.tar.xz --lock flake.lock'],
    docs: docs.doctor,
  },
  completion: { examples: ['source <(channelctl completion bash)', 'channelctl completion fish | source'] },
};

/** The end of a command's help. @param path such as `channelctl token create` */
export function helpEnding(path: string): string {
  const { examples, docs: page }: Ending = endings[path.split(' ').slice(1).join(' ')] ?? { examples: [] };
  const lines = examples.map((example) => `\n  $ ${example}`).join('');
  return `${lines === '' ? '' : `\nExamples:${lines}\n`}\nDocumentation: ${page ?? `README.md, section "Publish", and ${docs.api}`} of nix-channel-lambda`;
}
