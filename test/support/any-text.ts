import fc from 'fast-check';

const unit = fc.oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0xffff }));

/** Any text at all, with control characters, and halves of surrogate pairs. */
export const anyText = (maxLength = 40): fc.Arbitrary<string> =>
  fc.array(unit, { maxLength }).map((units) => String.fromCharCode(...units));
