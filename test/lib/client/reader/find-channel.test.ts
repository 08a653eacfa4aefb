import { afterAll, describe, expect, it } from '@jest/globals';
import type { Exchange, Send } from '../../../../lib/client/api/http.ts';
import { trustingSend } from '../../../../lib/client/reader/find-channel.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const pem = 'the certificate of a company';
const exchange: Exchange = { method: 'GET', url: new URL('https://a.test'), headers: {}, idleTimeoutMs: 1 };

/** A server whose certificate only this authority signed, and how often it was reached. */
function serverOf(code = 'SELF_SIGNED_CERT_IN_CHAIN') {
  const asked: boolean[] = [];
  const send: Send = async ({ authorities }) => {
    const isTrusted = authorities?.includes(pem) === true;
    asked.push(isTrusted);
    if (!isTrusted) throw Object.assign(new Error('refused'), { code });
    return { status: 200, body: '' };
  };
  return { send, asked };
}

describe('what is sent to a service', () => {
  const NIX_SSL_CERT_FILE = directory.file('ca.pem', pem);
  const environment = { NIX_CONF_DIR: '/nowhere', NIX_SSL_CERT_FILE };

  it("is sent again with the certificates that Nix trusts where Node's own are not enough, and then each time", async () => {
    const { send, asked } = serverOf();
    const trusting = trustingSend(send, environment);
    expect([await trusting(exchange), await trusting(exchange)]).toEqual([
      { status: 200, body: '' },
      { status: 200, body: '' },
    ]);
    expect(asked).toEqual([false, true, true]);
  });

  it.each([
    ['Nix names no certificates', { NIX_CONF_DIR: '/nowhere' }, 'SELF_SIGNED_CERT_IN_CHAIN'],
    ['the certificate is for another host', environment, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['the failure is another', environment, 'ECONNREFUSED'],
  ])('is sent once where %s', async (_, variables, code) => {
    const { send, asked } = serverOf(code);
    await expect(trustingSend(send, variables)(exchange)).rejects.toMatchObject({ code });
    expect(asked).toEqual([false]);
  });
});
