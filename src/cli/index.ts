/** The door of cli/: the program, for the executable and for what is generated from its tree. */
export { buildProgram, run } from "./program.js";
