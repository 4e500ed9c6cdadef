/** Door of the batch room: jobs, what comes of them, and who does them. Knows no format. */
export * from "./port.js";
