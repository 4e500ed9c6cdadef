/** The door of checks/: pure functions from facts to faults. */
export { XenstoreChecks } from "./xenstore.js";
