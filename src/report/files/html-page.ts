/**
 * The frame of the HTML report: its head, its style, tables. One file that asks for nothing else:
 * no script, no font, no image, and a policy that would refuse them. Content is html.ts.
 */

/** Cells of a row: markup that is escaped already; numbers stand to the right. */
export type Cell = string | number;

const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE = `
:root { color-scheme: light dark; --line: #c8ccd1; --dim: #57606a; --bad: #b3261e; --odd: #8a5300;
  --good: #1a6b33; --back: #ffffff; --text: #1c2024; --stripe: #f4f6f8; }
@media (prefers-color-scheme: dark) {
  :root { --line: #454c54; --dim: #a3adb8; --bad: #ff9c92; --odd: #f0b965; --good: #7fd99a;
    --back: #15181c; --text: #e4e8ec; --stripe: #1d2126; }
}
body { margin: 0 auto; max-width: 80rem; padding: 1.5rem; background: var(--back);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
h2 { overflow-wrap: anywhere; margin-top: 2.5rem; font-size: 1.2rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
caption { text-align: left; font-weight: 600; padding: 0.4rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.6rem;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
tbody tr:nth-child(even) { background: var(--stripe); }
th { font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.reject, .error { color: var(--bad); font-weight: 600; }
.warning { color: var(--odd); }
.accept { color: var(--good); }
.dim { color: var(--dim); }
a { color: inherit; }
a:focus-visible { outline: 2px solid currentcolor; outline-offset: 2px; }
.scroll { overflow-x: auto; }
@media print { body { max-width: none; padding: 0; } }
`;

/** What stands before the content; `title` is escaped already. */
export function pageHead(title: string): string {
  return [
    "<!DOCTYPE html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${title}</title>`,
    `<style>${STYLE}</style>`,
    "</head>",
    "<body>",
    "<main>",
    "",
  ].join("\n");
}

/** What stands behind it. */
export const PAGE_END = "</main>\n</body>\n</html>\n";

/** A table that says what it is and what its columns are. Rows are made by tableRow(). */
export function table(
  caption: string,
  columns: readonly string[],
  rows: readonly string[],
): string {
  const heads = columns.map((name) => `<th scope="col">${name}</th>`).join("");
  return [
    // What scrolls must be reachable without a pointer.
    `<section class="scroll" aria-label="${caption}" tabindex="0">`,
    "<table>",
    `<caption>${caption}</caption>`,
    `<thead><tr>${heads}</tr></thead>`,
    "<tbody>",
    ...rows,
    "</tbody>",
    "</table>",
    "</section>",
    "",
  ].join("\n");
}

/** A row; its first cell names it. */
export function tableRow([first = "", ...others]: readonly Cell[]): string {
  const cells = others.map((cell) =>
    typeof cell === "number" ? `<td class="number">${cell}</td>` : `<td>${cell}</td>`,
  );
  return `<tr><th scope="row">${first}</th>${cells.join("")}</tr>`;
}
