import fc from 'fast-check'

const characterArb = fc
  .oneof(
    fc.nat(0x7f),
    fc.nat(0xd7ff),
    fc.integer({ min: 0xe000, max: 0xffff }),
    fc.integer({ min: 0x1_0000, max: 0x10_ffff }),
  )
  .map((codePoint) => String.fromCodePoint(codePoint))

/** Any well-formed text; quicker to make than fast-check's `unit: 'binary'`, which takes half a second a file. */
export function anyText(lengths: { minLength?: number; maxLength?: number } = {}): fc.Arbitrary<string> {
  return fc.array(characterArb, lengths).map((characters) => characters.join(''))
}
