// Reading what people type, drawing codes evenly, and the arithmetic of guessing one.
// The budgets that enforce the arithmetic are tested in attempts.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { globalGuessLimit } from './attempts.ts'
import {
  drawUserCode,
  groupUserCode,
  guessProbability,
  readUserCode,
  userCodeAlphabet,
  userCodeBits,
  userCodeLength,
} from './user-code.ts'

const code = 'WDJBMJHT'

test('DV-02 every way of writing WDJB-MJHT is read as it', () => {
  const forms = [
    'WDJBMJHT',
    'WDJB-MJHT',
    'wdjb-mjht',
    'wdjb mjht',
    'Wdjb Mjht',
    '  WDJB-MJHT\r\n',
    'WDJB--MJHT',
    'WDJB - MJHT',
    'WD-JB-MJ-HT',
    'W D J B M J H T',
    'w.d.j.b.m.j.h.t',
    'WDJB_MJHT',
    'WDJB/MJHT',
    'WDJB:MJHT',
    'WDJB=MJHT',
    'WDJB\tMJHT',
    'WDJB\u00a0MJHT',
    'WDJB\u200bMJHT',
    '\ufeffWDJB-MJHT',
    '\u202aWDJB-MJHT\u202c',
    '"WDJB-MJHT"',
    '“WDJB-MJHT”',
    '`WDJB-MJHT`',
    '(WDJB-MJHT)',
    'WDJB-MJHT.',
    'WDJB-MJHT,',
    'WDJB-MJHT:',
    'WDJB-MJHT?',
    // Full-width letters and the dash that comes with them, and other letters of the compatibility forms.
    'ＷＤＪＢ－ＭＪＨＴ',
    'ｗｄｊｂ　ｍｊｈｔ',
    '𝐖𝐃𝐉𝐁-𝐌𝐉𝐇𝐓',
    'ⓦⓓⓙⓑⓜⓙⓗⓣ',
    'code: WDJB-MJHT',
    'Code:WDJBMJHT',
    'code = wdjb mjht',
    'code: W D J B M J H T',
    'Your code is WDJB-MJHT',
    'Your code is WDJB-MJHT.',
    'Enter WDJB-MJHT at https://login.acme.dev/device',
    'Enter the code WDJBMJHT, it will expire in 10 minutes (10:42)',
    'https://login.acme.dev/device/WDJB-MJHT',
    'https://login.acme.dev/device/WDJB-MJHT/',
    'https://login.acme.dev/device/wdjbmjht',
    'https://login.acme.dev/device/WDJB-MJHT?',
    'https://login.acme.dev/device/WDJB-MJHT#',
    'https://login.acme.dev/device/WDJB-MJHT?source=telegram',
    'https://login.acme.dev/device/WDJB-MJHT#top',
    'https://login.acme.dev/device?user_code=WDJB-MJHT',
    'https://login.acme.dev/device?user_code=WDJB-MJHT&client=cli',
    'https://login.acme.dev/device?user_code=WDJB%2DMJHT&client=cli',
    'http://localhost:4000/device/WDJB-MJHT',
    'http://127.0.0.1:4000/device/WDJB-MJHT',
    'http://[::1]:4000/device/WDJB-MJHT',
    'login.acme.dev/device/WDJB-MJHT',
    '<https://login.acme.dev/device/WDJB-MJHT>',
  ]
  for (const typed of forms) assert.deepEqual(readUserCode(typed), { ok: true, code }, JSON.stringify(typed))
})

test('DV-02 any dash separates', () => {
  for (const dash of '-‐‑‒–—―−⁃﹘﹣－־᠆〜~·•') {
    assert.deepEqual(
      readUserCode(`WDJB${dash}MJHT`),
      { ok: true, code },
      `U+${dash.codePointAt(0)?.toString(16)}`,
    )
  }
})

test('DV-02 common misreadings are folded; 0 and O could be D or Q and get a hint', () => {
  const table: [string, string][] = [
    ['1234-bcdf', 'letters'],
    ['1IL2-5S6G', 'LLLZSSGG'],
    ['1il2-5s6g', 'LLLZSSGG'],
    ['8BUV-ZZZZ', 'BBVVZZZZ'],
    ['ｕ８６５-２１ＩＩ', 'VBGSZLLL'],
    ['WDJ0-MJHT', 'letter_o'],
    ['wdjo mjht', 'letter_o'],
    ['code: WDJO-MJHT', 'letter_o'],
    ['https://login.acme.dev/device/WDJ0-MJHT', 'letter_o'],
    ['WDJA-MJHT', 'letters'],
    ['WDJ3-MJHT', 'letters'],
    ['WDJY-MJHE', 'letters'],
  ]
  for (const [typed, expected] of table) {
    const read = readUserCode(typed)
    assert.equal(read.ok ? read.code : read.hint, expected, typed)
  }
})

test('DV-02 what holds no code of eight letters says so', () => {
  const forms = [
    '',
    ' ',
    '-',
    'WDJB-MJH',
    'WDJB-MJHTX',
    'WDJBMJHTWDJBMJHT',
    'device',
    'https://login.acme.dev/device',
    'https://login.acme.dev/device?user_code=',
    'the code on my screen',
    'ВДЙБ-МЙХТ',
    '🙂🙂🙂🙂🙂🙂🙂🙂',
    '\u0000',
    '\ud800',
    `${' '.repeat(200)}WDJB-MJHT`,
  ]
  for (const typed of forms)
    assert.deepEqual(readUserCode(typed), { ok: false, hint: 'length' }, JSON.stringify(typed))
})

test('DV-02 a code that is written exactly wins over words that only fold to one', () => {
  assert.deepEqual(readUserCode('WDJB-MJHT (this will expire soon)'), { ok: true, code })
  assert.deepEqual(readUserCode('old: BCDF-GHJK, new one: WDJB-MJHT, hurry'), { ok: true, code })
})

const letter = fc.constantFrom(...userCodeAlphabet)
const anyCode = fc
  .array(letter, { minLength: userCodeLength, maxLength: userCodeLength })
  .map((l) => l.join(''))

test('DV-02 every code is read back from how it is shown, typed and linked', () => {
  fc.assert(
    fc.property(anyCode, (drawn) => {
      const shown = groupUserCode(drawn)
      assert.match(shown, /^[A-Z]{4}-[A-Z]{4}$/)
      for (const typed of [
        drawn,
        shown,
        shown.toLowerCase(),
        `https://login.acme.dev/device/${shown}`,
        `https://login.acme.dev/device?user_code=${shown}`,
        `code: ${shown}`,
      ])
        assert.deepEqual(readUserCode(typed), { ok: true, code: drawn })
    }),
  )
})

test('DV-02 whatever is typed gets an answer, and a code that is read is a code', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ maxLength: 300 })),
      (typed) => {
        const read = readUserCode(typed)
        if (read.ok) {
          assert.match(read.code, /^[BCDFGHJKLMNPQRSTVWXZ]{8}$/)
          assert.deepEqual(readUserCode(read.code), read)
        } else assert.ok(['letter_o', 'length', 'letters'].includes(read.hint))
      },
    ),
  )
})

test('DA-11 the alphabet has twenty different letters, no vowel, no digit and nothing that folds', () => {
  assert.equal(new Set(userCodeAlphabet).size, 20)
  assert.match(userCodeAlphabet, /^[A-Z]+$/)
  assert.doesNotMatch(userCodeAlphabet, /[AEIOUY]/)
})

test('DA-11 drawing is uniform: of all bytes 240 are used, twelve for each letter', () => {
  const seen = new Map<string, number>()
  for (let byte = 0; byte < 256; byte += 1) {
    const drawn = drawUserCode(new Uint8Array(userCodeLength).fill(byte))
    if (byte >= 240) {
      assert.equal(drawn, undefined)
      continue
    }
    const [first] = drawn ?? ''
    assert.equal(drawn, first?.repeat(userCodeLength))
    seen.set(first ?? '', (seen.get(first ?? '') ?? 0) + 1)
  }
  assert.deepEqual(seen, new Map([...userCodeAlphabet].map((each) => [each, 12])))
})

test('DA-11 each byte draws its own letter, in order, and bytes that would bias are skipped', () => {
  assert.equal(drawUserCode(Uint8Array.of(255, 0, 1, 240, 2, 3, 4, 5, 6, 250, 7, 8)), 'BCDFGHJK')
  assert.equal(drawUserCode(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 240)), undefined)
  assert.equal(drawUserCode(new Uint8Array(0)), undefined)
})

test('DA-10 eight letters of twenty are 34.6 bits: five guesses come to 2^-32', () => {
  assert.ok(userCodeBits > 34.5 && userCodeBits < 34.6)
  assert.ok(guessProbability(5, 1) < 2 ** -32)
  assert.ok(guessProbability(6, 1) > 2 ** -32)
  assert.equal(guessProbability(0, 1000), 0)
  assert.equal(guessProbability(2 ** 40, 2 ** 40), 1)
})

test('DA-10 with the budgets of the configuration no guesser reaches any live code', () => {
  // Per session 5, per account and address 10 an hour; a budget may see almost twice its limit in one span (attempts.ts).
  const perSession = 2 * 5 - 1
  const perAddress = 2 * 10 - 1
  assert.ok(guessProbability(perSession, 1) < 2 ** -31)
  assert.ok(guessProbability(perAddress, 10_000) < 1e-5, 'one address, ten thousand live codes')
})

test('DA-10 DV-03 the ceiling for everybody keeps the chance of any hit below the bound, however many codes live', () => {
  const space = 20 ** 8
  for (const bound of [1e-2, 1e-3, 1e-4]) {
    for (const liveCodes of [0, 1, 10, 1000, 10_000, 100_000, 1_000_000]) {
      const limit = globalGuessLimit(liveCodes, space, bound)
      assert.ok(limit >= 20 && limit <= 10_000)
      if (limit > 20)
        assert.ok(guessProbability(2 * limit - 1, liveCodes) < bound, `${bound} with ${liveCodes}`)
    }
  }
  // The floor, below which people with typing errors would be shut out: there the chance is what 20 tries give.
  assert.equal(globalGuessLimit(1_000_000, space, 1e-4), 20)
  assert.ok(guessProbability(39, 1_000_000) < 2e-3)
})

test('DV-03 the ceiling never rises with more live codes', () => {
  fc.assert(
    fc.property(fc.nat({ max: 10_000_000 }), fc.nat({ max: 10_000_000 }), (some, more) => {
      assert.ok(globalGuessLimit(some + more, 20 ** 8, 1e-3) <= globalGuessLimit(some, 20 ** 8, 1e-3))
    }),
  )
})
