/** Tables by cli-table3: columns side by side, no frame. Loaded by the commands that print one. */
import Table from "cli-table3";
import type { TableMaker } from "../report/index.js";

const NO_FRAME = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "",
};

/** Lines of a table; cells may hold colour codes. */
export const tableOf: TableMaker = (rows, aligns) => {
  const table = new Table({
    chars: NO_FRAME,
    colAligns: [...aligns],
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
};
