import { describe, expect, it } from '@jest/globals';
import { directoryReleaseName, releaseName } from '../../../lib/client/release-name.ts';

describe('the name of a release', () => {
  it.each([
    ['the name of the file', '/a/b/demo-1.tar.xz', '.tar.xz', undefined, 'demo-1'],
    ['the name of the file with another extension', 'image-1.iso', '.iso', undefined, 'image-1'],
    ['the name that is given', 'result.tar.xz', '.tar.xz', 'demo-1', 'demo-1'],
  ])('is %s', (_, path, extension, given, name) => {
    expect(releaseName(path, extension, given)).toBe(name);
  });

  it.each([
    ['a file of another extension', 'demo-1.tar.gz', '.tar.xz', undefined, 'file', 'take'],
    ['a file of another extension, though a name is given', 'demo-1.tar.gz', '.tar.xz', 'demo-1', 'file', 'take'],
    ['a file that is an extension alone', '.tar.xz', '.tar.xz', undefined, 'file', 'must not be empty'],
    ['a file whose name is none', 'my file.tar.xz', '.tar.xz', undefined, 'file', 'must consist of'],
    ['a file with two extensions', 'a.tar.gz.tar.xz', '.tar.xz', undefined, 'file', 'must not end in ".tar.gz"'],
    ['a given name that is none', 'a.tar.xz', '.tar.xz', 'a/b', 'name', 'must consist of'],
  ])('is not %s', (_, path, extension, given, field, sentence) => {
    expect(() => releaseName(path, extension, given)).toThrow(
      expect.objectContaining({ field, message: expect.stringContaining(sentence) }),
    );
  });
});

describe('the name of a packed directory', () => {
  const narHash = `sha256-${Buffer.alloc(32, 0xab).toString('base64')}`;

  it('has the date and the beginning of the rev', () => {
    const facts = { rev: '0123456789'.repeat(4), lastModified: 1_747_267_200 };
    expect(directoryReleaseName('demo', facts, narHash)).toBe('demo-2025-05-15-0123456');
  });

  it('does not look like that of a commit without a rev', () => {
    expect(directoryReleaseName('demo', {}, narHash)).toBe('demo-1970-01-01-nar-abababa');
  });
});
