/** How progress is drawn, whether of one image or of many. Loads nothing: the library is loaded late. */

/** For cli-progress. */
export const BAR_OPTIONS = {
  fps: 10,
  clearOnComplete: true,
  // Neither is switched off, for a process that is killed could not switch it on again.
  hideCursor: false,
  linewrap: true,
  gracefulExit: false,
  forceRedraw: true,
} as const;
