import { describe, expect, it } from 'vitest';

import { createPageVerifier, isNewPage, pageChecksum, pageLsn, storedChecksum } from './page-checksum.ts';

const PAGE = 8192;

/** Pages of a linear congruential sequence, so that a failing seed can be run again. */
function fillPages(memory: Uint8Array, seed: number): void {
  let state = seed >>> 0;
  for (let index = 0; index < memory.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    memory[index] = state >>> 24;
  }
}

function seal(memory: Uint8Array, pageCount: number, firstBlock: number): void {
  const view = new DataView(memory.buffer, memory.byteOffset);
  for (let index = 0; index < pageCount; index++) {
    view.setUint16(index * PAGE + 8, pageChecksum(memory, index * PAGE, firstBlock + index), true);
  }
}

describe('the page checksum', () => {
  it.each([1, 2, 3, 4, 5])('in vectors equals the plain one (seed %i)', (seed) => {
    const verifier = createPageVerifier(64 * PAGE);
    fillPages(verifier.memory, seed);
    const firstBlock = seed * 0x1234567;
    seal(verifier.memory, 64, firstBlock);
    expect(verifier.findBadPages(0, 64, firstBlock)).toEqual([]);
    expect(verifier.findBadPages(0, 64, firstBlock + 1)).toHaveLength(64);
  });

  it('finds every single changed bit but those of the stored sum itself being right', () => {
    const verifier = createPageVerifier(PAGE);
    fillPages(verifier.memory, 7);
    seal(verifier.memory, 1, 42);
    for (let at = 0; at < PAGE; at += 13) {
      if (at === 14 || at === 15) continue;
      const before = verifier.memory[at] ?? 0;
      verifier.memory[at] = before ^ 0x10;
      expect(verifier.findBadPages(0, 1, 42), `byte ${at}`).toEqual([0]);
      verifier.memory[at] = before;
    }
  });

  it('reads pages at any offset, as behind a tar header', () => {
    const verifier = createPageVerifier(8 * PAGE + 512);
    fillPages(verifier.memory, 9);
    const pages = verifier.memory.subarray(512);
    seal(pages, 8, 3);
    expect(verifier.findBadPages(512, 8, 3)).toEqual([]);
    pages[5 * PAGE + 4000] = (pages[5 * PAGE + 4000] ?? 0) ^ 1;
    expect(verifier.findBadPages(512, 8, 3)).toEqual([5]);
  });

  it('leaves pages alone that were never written', () => {
    const verifier = createPageVerifier(2 * PAGE);
    expect(isNewPage(verifier.memory, 0)).toBe(true);
    expect(verifier.findBadPages(0, 2, 0)).toEqual([]);
  });

  it('asked about no pages finds none', () => {
    expect(createPageVerifier(PAGE).findBadPages(0, 0, 0)).toEqual([]);
  });
});

describe('the page header', () => {
  it('tells LSN and stored checksum', () => {
    const page = new Uint8Array(PAGE);
    const view = new DataView(page.buffer);
    view.setUint32(0, 0x16, true);
    view.setUint32(4, 0xb374d848, true);
    view.setUint16(8, 0xbeef, true);
    expect(pageLsn(page, 0)).toBe(0x16b374d848n);
    expect(storedChecksum(page, 0)).toBe(0xbeef);
  });
});
