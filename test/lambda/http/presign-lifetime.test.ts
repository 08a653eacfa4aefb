import { describe, expect, it } from '@jest/globals';
import { parsePresignLifetime } from '../../../lambda/http/presign-lifetime.ts';

describe('the lifetime of presigned URLs', () => {
  it('is 15 minutes unless set', () => {
    expect([undefined, '', '60', '900'].map(parsePresignLifetime)).toEqual([900, 900, 60, 900]);
  });

  it.each(['59', '901', '9e2', '-60', '60.5', 'long'])('is refused by name: %s', (text) => {
    expect(() => parsePresignLifetime(text)).toThrow(
      'PRESIGN_LIFETIME_SECONDS must be a whole number of seconds from 60 to 900.',
    );
  });
});
