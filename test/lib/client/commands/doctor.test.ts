import { describe, expect, it } from '@jest/globals';
import { finding } from '../../../../lib/api/finding.ts';
import { findingText, summarize, summaryText } from '../../../../lib/client/commands/doctor.ts';

const error = finding('latest-missing', 'demo', 'It is gone.', 'Bring it back.');
const warning = finding('facts-stale', 'demo', 'Old.', '--fix');
const info = finding('object-unknown', 'a', 'Odd.', 'Nothing.');
const summaryOf = (findings: Parameters<typeof summarize>[0]) => summaryText(summarize(findings), 'the bucket');

describe('the text of the doctor', () => {
  it('has two lines for a finding, and one line for a mended one', () => {
    expect(findingText(error)).toBe('error    demo (latest-missing): It is gone.\n         Bring it back.');
    expect(findingText({ ...error, fixed: false })).toBe(findingText(error));
    expect(findingText({ ...warning, fixed: true })).toBe('mended   demo (facts-stale): Old.');
  });

  it('joins the lines of a text from a service', () => {
    expect(findingText(finding('object-unknown', 'a', 'One.\r\n  Two.', 'Mend\nit.'))).toBe(
      'info     a (object-unknown): One. Two.\n         Mend it.',
    );
  });

  it('escapes the control characters of a terminal', () => {
    const text = findingText(finding('object-unknown', 'a\u001b[2J\u009b\n', 'b\u007f', 'c\r'));
    expect(text).toContain('a\\u001b[2J\\u009b\\u000a (object-unknown): b\\u007f\n         c\\u000d');
    expect(text.replace('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it.each([
    ['Nothing is wrong with the bucket.', []],
    ['Nothing is wrong with the bucket. 2 info.', [info, info]],
    ['1 error, 2 warnings, 1 info. --fix mends 2 of them.', [error, warning, warning, info]],
    ['0 errors, 0 warnings, 0 info, 1 mended.', [{ ...warning, fixed: true }]],
    [
      '0 errors, 1 warning, 0 info, 1 mended. --fix mends 1 of them.',
      [
        { ...warning, fixed: false },
        { ...warning, fixed: true },
      ],
    ],
  ])('ends with "%s"', (expected, findings) => {
    expect(summaryOf(findings)).toBe(expected);
  });
});
