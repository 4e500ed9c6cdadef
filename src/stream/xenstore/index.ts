/** The parts of the Xenstore stream that other rooms use by the door of stream/. */
export { decodeXenstoreBody, encodeXenstoreBody } from "./codec/body.js";
export {
  decodeXenstoreRecord,
  encodeXenstoreRecordHead,
  xenstoreRecordName,
} from "./codec/record.js";
export * from "./describe.js";
export { decodeXenstoreHeader, encodeXenstoreHeader, xenstoreHeaderOf } from "./header.js";
export { readXenstore } from "./reader.js";
export * from "./tree.js";
