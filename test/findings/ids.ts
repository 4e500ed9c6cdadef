/**
 * The ids of the specification pages, typed out from the pages and not from the registry: what the
 * registry must hold. Not a list of severities (rules.test.ts has those).
 */

/** `run("LC-HDR", 1, 7)` is LC-HDR-1 to LC-HDR-7. */
export function run(prefix: string, first: number, last: number = first): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => `${prefix}-${first + i}`);
}

/** Every id, by page. */
export const PAGE_IDS: Readonly<Record<string, readonly string[]>> = {
  "libxc stream": [
    ...run("LC-HDR", 1, 7),
    ...run("LC-DOM", 1, 4),
    ...run("LC-REC", 1, 8),
    ...run("LC-TYP", 1, 4),
    ...run("LC-PG", 1, 12),
    ...run("LC-PV", 1, 17),
    ...run("LC-PV", 20, 26),
    ...run("LC-TSC", 1, 3),
    ...run("LC-HVM", 1, 7),
    ...run("LC-POL", 1, 5),
    ...run("LC-ORD", 1, 9),
    ...run("LC-VER", 1, 4),
    ...run("LC-CP", 1, 9),
    ...run("LC-SIM", 1, 8),
  ],
  "libxl stream and wrappers": [
    ...run("LL-HDR", 1, 5),
    ...run("LL-REC", 1, 5),
    ...run("LL-EMU", 1, 4),
    ...run("LL-XS", 1, 6),
    ...run("LL-QE", 1, 3),
    ...run("LL-POS", 1, 5),
    ...run("LL-CS", 1, 4),
    ...run("LL-SM", 1, 14),
    ...run("XL", 1, 10),
    ...run("LV", 1, 8),
    ...run("XA", 1, 11),
    ...run("DT", 1, 16),
  ],
  "HVM state": [
    ...run("HP", 1, 9),
    ...run("HC", 1, 12),
    ...run("HC", 20, 27),
    ...run("VG", 1, 11),
    ...run("VG", 20, 26),
  ],
  "xenstore stream": [
    ...run("XS-HDR", 1, 4),
    ...run("XS-REC", 1, 8),
    ...run("XS-GLB", 1, 3),
    ...run("XS-CON", 1, 9),
    ...run("XS-WAT", 1, 3),
    ...run("XS-WEX", 1, 4),
    ...run("XS-TA", 1, 2),
    ...run("XS-NOD", 1, 8),
    ...run("XS-QUO", 1, 5),
    ...run("XS-DOM", 1, 3),
    ...run("XS-CVT", 1, 3),
  ],
  "legacy stream": [
    ...run("LG-HDR", 1, 3),
    ...run("LG-DET", 1, 6),
    ...run("LG-PV", 1, 5),
    ...run("LG-CH", 1, 9),
    ...run("LG-PT", 1, 3),
    ...run("LG-HT", 1, 2),
    ...run("LG-TS", 1, 4),
    ...run("LG-CNV", 1, 12),
    ...run("LG-TM", 1),
  ],
};

/** Ids that xenstream added, going on from the pages' numbers. */
export const OWN_IDS: readonly string[] = [
  ...["XA-12", "HP-10", "LG-CH-10", "LG-CH-11"],
  ...run("HF", 1, 6),
];
