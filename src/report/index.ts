/** The door of report/: results as text and as the documents of other tools. */
export * from "./human.js";
export * from "./memory.js";
