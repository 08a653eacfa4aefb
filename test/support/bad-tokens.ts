import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { part, signParts, type TestKey, testKey, token } from './tokens.ts';

/** One thing that is tried: an Authorization header, and whether it lets its sender in. */
export interface Attempt {
  readonly title: string;
  readonly authorization: string;
  readonly accepted: boolean;
}

export interface CorpusKeys {
  readonly rs256: TestKey;
  readonly es256: TestKey;
  readonly eddsa: TestKey;
  /** A key that nobody was told of. */
  readonly stranger: TestKey;
}

/** A good token of which one thing is wrong, and good tokens that only look odd. @param now seconds since 1970 */
export function corpus({ rs256, es256, eddsa, stranger }: CorpusKeys, now: number): Attempt[] {
  const exp = now + 3_600;
  const good = { sub: 'ci', exp };
  const bearer = (title: string, text: string, accepted = false): Attempt => ({
    title,
    authorization: `Bearer ${text}`,
    accepted,
  });
  const valid = token(rs256, good);
  const [first = '', second = '', third = ''] = valid.split('.');
  const header = (more: object): string => token(rs256, good, more as Record<string, unknown>);
  const payload = (more: object): string => token(rs256, { ...good, ...more });
  const raw = (text: string): string => signParts(part({ alg: 'RS256' }), part(text), rs256);
  const hmac = (alg: string, key: string | Buffer): string => {
    const data = `${part({ alg, typ: 'JWT' })}.${second}`;
    return `${data}.${createHmac(`sha${alg.slice(2)}`, key)
      .update(data)
      .digest('base64url')}`;
  };
  const rsa = (alg: string, digest: string, padding?: number): string => {
    const data = `${part({ alg })}.${second}`;
    const key = { key: rs256.privateKey, ...(padding === undefined ? {} : { padding }) };
    return `${data}.${sign(digest, Buffer.from(data), key).toString('base64url')}`;
  };
  const bytes = (text: string): string => Buffer.from(text, 'latin1').toString('base64url');
  const weak = testKey('RS256', generateKeyPairSync('rsa', { modulusLength: 1_024 }));
  const p384 = testKey('ES256', generateKeyPairSync('ec', { namedCurve: 'secp384r1' }));
  const jwk = stranger.publicKey.export({ format: 'jwk' });
  const der = rs256.publicKey.export({ type: 'spki', format: 'der' });
  const longClaim = (length: number): string => {
    const bare = token(eddsa, { ...good, pad: '' }).length;
    let claim = Math.floor(((length - bare) * 3) / 4);
    while (token(eddsa, { ...good, pad: 'x'.repeat(claim) }).length < length) claim += 1;
    return token(eddsa, { ...good, pad: 'x'.repeat(claim) });
  };
  const user = (name: string | Buffer, accepted = true): Attempt => ({
    title: `user name ${JSON.stringify(name.toString().slice(0, 20))}`,
    authorization: `Basic ${Buffer.concat([Buffer.from(name), Buffer.from(`:${valid}`)]).toString('base64')}`,
    accepted,
  });
  const flip = (text: string, at: number): string =>
    text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);

  return [
    bearer('a good RS256 token', valid, true),
    bearer('a good ES256 token', token(es256, good), true),
    bearer('a good EdDSA token', token(eddsa, good), true),
    { title: 'the scheme in capitals', authorization: `BEARER ${valid}`, accepted: true },
    {
      title: 'Basic in small letters',
      authorization: `basic ${Buffer.from(`a:${valid}`).toString('base64')}`,
      accepted: true,
    },
    ...['', 'token', 'a b', 'ключ', 'a'.repeat(2_000), Buffer.from([0xff, 0xfe]), 'x\u0000y'].map((name) => user(name)),
    user('a:b', false),
    {
      title: 'the token as user name',
      authorization: `Basic ${Buffer.from(`${valid}:`).toString('base64')}`,
      accepted: false,
    },
    { title: 'no colon', authorization: `Basic ${Buffer.from(valid).toString('base64')}`, accepted: false },
    {
      title: 'two headers joined, the good one first',
      authorization: `Bearer ${valid}, Bearer ${valid}x`,
      accepted: false,
    },
    { title: 'two headers joined, the good one last', authorization: `Basic YTpi,Bearer ${valid}`, accepted: false },
    { title: 'Digest', authorization: `Digest username="a", response="${valid}"`, accepted: false },
    { title: 'no scheme', authorization: valid, accepted: false },
    { title: 'a scheme alone', authorization: 'Bearer', accepted: false },
    { title: 'Basic of nothing', authorization: 'Basic ', accepted: false },

    ...['none', 'None', 'NONE', 'nOnE', ' none', 'none ', 'none\u0000', ''].flatMap((alg) => [
      bearer(`alg ${JSON.stringify(alg)} without signature`, `${part({ alg })}.${second}.`),
      bearer(`alg ${JSON.stringify(alg)} with a good signature`, header({ alg })),
    ]),
    ...[null, 7, ['RS256'], { a: 1 }, true].map((alg) => bearer(`alg ${JSON.stringify(alg)}`, header({ alg }))),
    bearer('no alg', signParts(part({ typ: 'JWT' }), second, rs256)),
    ...['rs256', 'RS256 ', 'RS2561'].map((alg) => bearer(`alg ${JSON.stringify(alg)}`, header({ alg }))),
    bearer('HS256 with the PEM as secret', hmac('HS256', rs256.pem)),
    bearer('HS256 with the trimmed PEM as secret', hmac('HS256', rs256.pem.trim())),
    bearer('HS256 with the DER as secret', hmac('HS256', der)),
    bearer('HS512 with the PEM as secret', hmac('HS512', rs256.pem)),
    bearer('HS256 with an empty secret', hmac('HS256', '')),
    bearer('RS384 under an RS256 key', rsa('RS384', 'sha384')),
    bearer('RS512 under an RS256 key', rsa('RS512', 'sha512')),
    bearer('PS256 under an RS256 key', rsa('PS256', 'sha256', 6)),
    bearer('a PSS signature that calls itself RS256', rsa('RS256', 'sha256', 6)),
    bearer('RS256 that calls itself ES256', header({ alg: 'ES256' })),
    bearer('RS256 that calls itself EdDSA', header({ alg: 'EdDSA' })),
    bearer(
      'an ES256 signature in DER',
      (() => {
        const data = `${part({ alg: 'ES256' })}.${second}`;
        return `${data}.${sign('sha256', Buffer.from(data), es256.privateKey).toString('base64url')}`;
      })(),
    ),
    bearer(
      'an ES256 signature of zeros',
      `${part({ alg: 'ES256' })}.${second}.${Buffer.alloc(64).toString('base64url')}`,
    ),
    bearer(
      'an EdDSA signature of zeros',
      `${part({ alg: 'EdDSA' })}.${second}.${Buffer.alloc(64).toString('base64url')}`,
    ),
    bearer('a key that nobody was told of', token(stranger, good)),
    bearer('a weak key', token(weak, good)),
    bearer('a key on another curve', token(p384, good)),

    bearer('no signature', `${first}.${second}.`),
    bearer('no signature and no dot', `${first}.${second}`),
    bearer('half a signature', `${first}.${second}.${third.slice(0, 170)}`),
    bearer('a signature and more', `${valid}AAAA`),
    bearer('a changed signature', `${first}.${second}.${flip(third, 20)}`),
    bearer('a changed payload', `${first}.${part({ ...good, sub: 'root' })}.${third}`),
    bearer('a changed header', `${part({ alg: 'RS256', kid: 'x' })}.${second}.${third}`),
    bearer('header and payload swapped', `${second}.${first}.${third}`),
    bearer('payload and signature swapped', `${first}.${third}.${second}`),
    bearer('four parts', `${valid}.${third}`),
    bearer('five parts, as an encrypted token has', `${valid}.${third}.${third}`),
    bearer('an empty part before', `.${valid}`),
    bearer('an empty part within', `${first}..${third}`),
    bearer('dots', '..'),
    bearer('a dot', '.'),
    bearer('the signature of another good token', `${first}.${second}.${payload({ sub: 'b' }).split('.')[2]}`),

    ...[
      '../../etc/passwd',
      '/dev/null',
      'https://evil.example/jwks',
      "' OR 1=1 --",
      '"; DROP TABLE keys',
      'k'.repeat(10_000),
      '',
      '\u0000',
      '__proto__',
    ].map((kid) =>
      bearer(`kid ${JSON.stringify(kid.slice(0, 30))}, signed by a stranger`, token(stranger, good, { kid })),
    ),
    bearer('an unknown kid under a good signature', header({ kid: '../../x' }), true),
    ...[7, null, {}, ['a']].map((kid) => bearer(`kid ${JSON.stringify(kid)}`, header({ kid }))),
    ...(['jwk', 'jku', 'x5u', 'x5c', 'crit'] as const).flatMap((name) => {
      const value = {
        jwk,
        jku: 'https://evil.example/jwks',
        x5u: 'https://evil.example/x',
        x5c: ['AA=='],
        crit: ['exp'],
      }[name];
      return [
        bearer(`${name}, signed by a stranger`, token(stranger, good, { [name]: value })),
        bearer(`${name} under a good signature`, header({ [name]: value })),
        bearer(`an empty ${name} under a good signature`, header({ [name]: name === 'crit' ? [] : '' })),
      ];
    }),
    bearer('b64 false', header({ b64: false, crit: ['b64'] })),
    bearer('another typ', header({ typ: 'at+jwt' }), true),

    bearer('a header key twice', signParts(part('{"alg":"none","alg":"RS256"}'), second, rs256)),
    bearer('a payload key twice', raw(`{"exp":${exp},"channels":["a"],"channels":["*"]}`)),
    bearer('a payload key twice, once escaped', raw(`{"exp":1,"e\\u0078p":${exp}}`)),
    bearer('a key twice deep inside', raw(`{"exp":${exp},"a":[{"b":1,"b":2}]}`)),
    bearer('the same key in two objects', raw(`{"exp":${exp},"a":{"b":1},"c":{"b":2}}`), true),
    bearer('a string that looks like a key twice', raw(`{"exp":${exp},"a":"\\"a\\":1"}`), true),

    bearer('exp as text', payload({ exp: String(exp) })),
    bearer('exp a float', payload({ exp: exp + 0.5 }), true),
    bearer('exp 1e400', raw('{"exp":1e400}')),
    bearer('exp -1e400', raw('{"exp":-1e400}')),
    bearer('exp negative', payload({ exp: -1 })),
    bearer('exp zero', payload({ exp: 0 })),
    bearer('exp missing', token(rs256, { sub: 'ci' })),
    ...[null, true, [], {}, [exp]].map((value) => bearer(`exp ${JSON.stringify(value)}`, payload({ exp: value }))),
    bearer('exp far in the future', payload({ exp: 1e15 }), true),
    bearer('exp a minute ago', payload({ exp: now - 60 })),
    bearer('exp just now, within the leeway', payload({ exp: now - 1 }), true),
    bearer('nbf in the future', payload({ nbf: now + 3_600 })),
    bearer('nbf now', payload({ nbf: now }), true),
    bearer('nbf as text', payload({ nbf: '0' })),
    bearer('nbf 1e400', raw(`{"exp":${exp},"nbf":1e400}`)),
    bearer('nbf -1e400', raw(`{"exp":${exp},"nbf":-1e400}`)),
    bearer('iat as text', payload({ iat: 'yesterday' })),
    bearer('iat 1e400, later than any "issued before"', raw(`{"exp":${exp},"iat":1e400}`)),
    bearer('iat in the future', payload({ iat: now + 9_999 }), true),
    ...[7, null, {}, ['a']].flatMap((value) => [
      bearer(`jti ${JSON.stringify(value)}`, payload({ jti: value })),
      bearer(`sub ${JSON.stringify(value)}`, payload({ sub: value })),
    ]),
    ...['private', {}, 7, null, true, [7], [null], [['private']]].map((channels) =>
      bearer(`channels ${JSON.stringify(channels)}`, payload({ channels })),
    ),

    bearer('a payload that is a list', raw(`[${exp}]`)),
    bearer('a payload that is text', raw(`"${exp}"`)),
    bearer('a payload that is null', raw('null')),
    bearer('a payload that is no JSON', raw('exp=1')),
    bearer('an empty payload', raw('')),
    bearer('JSON and more', raw(`{"exp":${exp}} x`)),
    bearer('a byte order mark', raw(`\ufeff{"exp":${exp}}`)),
    bearer('a token inside a token', raw(valid)),
    bearer('2,000 nested lists', raw(`{"exp":${exp},"a":${'['.repeat(2_000)}${']'.repeat(2_000)}}`), true),
    bearer('invalid UTF-8 in a claim', signParts(part({ alg: 'RS256' }), bytes(`{"exp":${exp},"sub":"\xff"}`), rs256)),
    bearer('invalid UTF-8 beside a claim', signParts(part({ alg: 'RS256' }), bytes(`{"exp":${exp},\xff}`), rs256)),
    bearer('invalid UTF-8 in the header', signParts(bytes('{"alg":"RS256","x":"\xff"}'), second, rs256)),
    bearer('NUL in a claim', payload({ sub: 'a\u0000b' }), true),
    bearer('__proto__ in the payload', raw(`{"exp":${exp},"__proto__":{"channels":["*"]}}`), true),
    ...[0, 1, 2].flatMap((index) =>
      ['=', '==', '+', '/', '!', '%00', '\u0000', '\n', ' ', 'é', '.'].map((sign) => {
        const parts = [first, second, third];
        parts[index] += sign;
        return bearer(`${JSON.stringify(sign)} after part ${index + 1}`, parts.join('.'));
      }),
    ),
    bearer('a header that is not canonical base64url', signParts(loosened(first), second, rs256)),
    bearer('a payload that is not canonical base64url', signParts(first, loosened(second), rs256)),
    bearer('a signature that is not canonical base64url', `${first}.${second}.${loosened(third)}`),
    bearer('standard base64', `${first}.${second}.${third.replaceAll('-', '+').replaceAll('_', '/')}`),
    bearer('a token of 4,095 characters', longClaim(4_095), true),
    bearer('a token of 9,000 characters', longClaim(9_000), true),
  ];
}

/** The same bytes in another spelling: with a bit set that the last character has too many, or with padding. */
function loosened(text: string): string {
  if (text.length % 4 === 0) return `${text}=`;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) as string) | 1];
}
