/** The door of cli/: the program, for the executable and for what is generated from its tree. */
export { completionScript } from "./completion.js";
export { manPage } from "./man-page.js";
export { buildProgram, run } from "./program.js";
export { treeOf } from "./tree.js";
