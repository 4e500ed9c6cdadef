/**
 * Whether report files are asked for. All that makes them is loaded only then: a plain run of a
 * command must not pay for them.
 */
import type { ReportFlags } from "./options.js";
import type { ReportFiles } from "./report-files.js";

/**
 * The report files that the flags ask for; null if there are none.
 *
 * @param json  standard output is taken by the command's JSON
 * @throws {UsageError} the flags cannot be: see ReportFiles
 */
export async function openReports(flags: ReportFlags, json: boolean): Promise<ReportFiles | null> {
  const { junit, sarif, html, prometheus, github } = flags;
  const asked = [junit, sarif, html, prometheus].some((path) => path !== undefined) || github;
  if (!asked) return null;
  const { ReportFiles } = await import("./report-files.js");
  return new ReportFiles(flags, json);
}
