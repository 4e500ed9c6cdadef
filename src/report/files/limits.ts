/**
 * How much report files hold. What goes beyond is counted in the file and never left out silently;
 * `--json` has all. Sources: GitHub's documentation of SARIF uploads, workflow commands and job
 * summaries; the others are ours, so that a report of thousands of images can still be opened.
 */

/** Results of a SARIF run: GitHub refuses a file of more than 25,000 and shows 5,000 of them. */
export const SARIF_ERRORS = 20_000;
/** Warnings and notes, which must not crowd out errors. */
export const SARIF_OTHERS = 5_000;
/** Each image may have this many errors, or its share of SARIF_ERRORS if that is more. */
export const SARIF_IMAGE_ERRORS = 100;
/** The same for warnings and notes, of SARIF_OTHERS. */
export const SARIF_IMAGE_OTHERS = 10;
/** Notifications of a SARIF invocation: one an image that has no verdict. */
export const SARIF_NOTIFICATIONS = 1_000;
/** Characters of a message, or of a rule's description, that GitHub takes. */
export const SARIF_TEXT_CHARACTERS = 1_000;

/** Annotations of each level that GitHub shows of one step. */
export const GITHUB_ANNOTATIONS = 10;
/** Rules of one image that may be annotated. */
export const GITHUB_ANNOTATIONS_PER_IMAGE = 10;
/** Characters of an annotation's message. */
export const GITHUB_ANNOTATION_CHARACTERS = 4_000;
/** Bytes of a step's summary; GitHub takes 1 MiB and drops the whole of a larger one. */
export const GITHUB_SUMMARY_BYTES = 1_000_000;
/** Images that a summary lists. */
export const GITHUB_SUMMARY_IMAGES = 500;

/** Findings of one image that a JUnit file lists. */
export const JUNIT_IMAGE_FINDINGS = 10_000;

/** Images in the HTML table, and how many of them are shown with their findings. */
export const HTML_IMAGES = 5_000;
export const HTML_DETAILS = 200;
/** Findings of one image in an HTML file. */
export const HTML_IMAGE_FINDINGS = 100;

/** Images that a Prometheus file has series of; the totals are over all. */
export const PROMETHEUS_IMAGES = 10_000;
