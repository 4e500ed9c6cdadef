/** What inspect shows of a Xenstore stream: the tree, its text, and single records. */
import { describe, expect, it } from "vitest";
import { CapacityError, DEFAULT_LIMITS } from "../../../src/findings/index.js";
import { describeXenstoreContent, xenstoreTree } from "../../../src/stream/xenstore/index.js";
import { fullStream, XenstoreStream } from "../../builders/xenstore.js";
import { judge } from "../../builders/xenstore-run.js";

const treeOf = (bytes: Uint8Array) => xenstoreTree(judge(bytes).records);

describe("the tree of a Xenstore stream", () => {
  const tree = treeOf(fullStream().end());

  it("has the nodes with values and permissions, and what stands beside the tree last", () => {
    expect(tree.nodes).toEqual([
      { path: "/", level: 0, value: "", permissions: ["n0"] },
      { path: "/local", level: 1, value: "v", permissions: ["n0", "r3 (stale)"] },
      { path: "/local/bin", level: 2, valueHex: "0001ff", permissions: ["b3"] },
      { path: "@introduceDomain", level: 0, value: "", permissions: ["n0"] },
      { path: "@releaseDomain", level: 0, value: "", permissions: ["n0"] },
    ]);
    expect(tree.pendingNodes).toMatchObject([
      { path: "/local/gone", connId: 2, txId: 17, access: ["deleted"], permissions: [] },
      { path: "/local/new", access: ["read", "written"], value: "1" },
    ]);
  });

  it("has connections, watches with their depth, transactions, quotas and domains", () => {
    expect(tree.global).toEqual({ rwSocketFd: -1, evtchnFd: 5 });
    expect(tree.connections).toMatchObject([
      { connId: 1, connType: "ring", domid: 0, tdomid: 0x7ff4, uniqueId: "0x1122334455667788" },
      { connId: 2, outRespLen: 4, inDataLen: 37, outDataLen: 23 },
      { connId: 3, connType: "socket", fd: 21, fields: "0x0" },
    ]);
    expect(tree.watches).toEqual([
      { connId: 1, wpath: "@releaseDomain", token: "one", depth: "unlimited" },
      { connId: 2, wpath: "device/vbd", token: "", depth: "unlimited" },
      { connId: 2, wpath: "/local", token: "deep", depth: 2 },
      { connId: 2, wpath: "@introduceDomain/5", token: "x", depth: "unlimited" },
    ]);
    expect(tree.transactions).toEqual([{ connId: 2, txId: 17 }]);
    expect(tree.quotas).toEqual({
      domain: [
        { name: "nodes", value: 1000 },
        { name: "soft-memory", value: 0 },
      ],
      global: [],
    });
    expect(tree.domains).toMatchObject([
      { domid: 0, features: "0x0" },
      { domid: 3, features: "0x3", quotas: [{ name: "nodes" }, { name: "watches", value: 7 }] },
    ]);
  });

  it("is plain JSON, the same from either byte order", () => {
    expect(JSON.parse(JSON.stringify(tree))).toEqual(tree);
    expect(treeOf(fullStream({ order: "big" }).end())).toMatchObject({
      nodes: tree.nodes,
      watches: tree.watches,
      domains: tree.domains,
    });
  });

  it("puts a node before its children and these before its siblings", () => {
    const stream = new XenstoreStream();
    for (const path of ["/b", "/a-b", "/", "/a/c/d", "/a", "/a/c"]) stream.node(path);
    const paths = treeOf(stream.end()).nodes.map((node) => node.path);
    expect(paths).toEqual(["/", "/a", "/a/c", "/a/c/d", "/a-b", "/b"]);
  });

  it("takes the later of two nodes with one path", () => {
    const stream = new XenstoreStream().node("/a", { value: "old" }).node("/a", { value: "new" });
    expect(treeOf(stream.end()).nodes).toMatchObject([{ path: "/a", value: "new" }]);
  });

  it("tells the form of a shifted watch, and that its depth is not there", () => {
    const watch = { path: "/abc", token: "t", form: 8 } as const;
    const [shown] = treeOf(new XenstoreStream().connection().extended(watch).end()).watches;
    expect(shown).toMatchObject({ wpath: "/abc", depth: "unknown", shiftedForm: 8 });
  });

  it("shows what cannot be printed as escapes or hex, and UTF-8 as it is", () => {
    const stream = new XenstoreStream().node("/a\x1b[31m", { value: "\x1b[31m" });
    stream.node("/k", { value: "\xc3\xa4\n" }).node("/n", { value: "\xff\xfe" });
    stream.node("/r", { value: "\xe2\x80\xae" });
    expect(treeOf(stream.end()).nodes).toMatchObject([
      { path: "/a\\x1b[31m", valueHex: "1b5b33316d" },
      { value: "\u00e4\n" },
      { valueHex: "fffe" },
      { valueHex: "e280ae" },
    ]);
  });

  it("takes a path of thousands of levels", () => {
    const stream = new XenstoreStream().node("/a".repeat(30_000));
    const { nodes } = treeOf(stream.end());
    expect(nodes[0]?.level).toBe(30_000);
    expect(JSON.stringify(nodes)).toContain("/a/a");
  });

  it("holds no more records than the limits allow", () => {
    const { records } = judge(fullStream().end());
    const few = { ...DEFAULT_LIMITS, maxXenstoreItems: 5 };
    expect(() => xenstoreTree(records, few)).toThrow(CapacityError);
    const little = { ...DEFAULT_LIMITS, maxXenstoreTextBytes: 100 };
    expect(() => xenstoreTree(records, little)).toThrow(CapacityError);
  });
});

describe("a single record as inspect shows it", () => {
  it("has the document's fields, as plain JSON", () => {
    const stream = fullStream().record(9, new Uint8Array(16)).record(5, new Uint8Array(8));
    const shown = judge(stream.end()).records.map(({ content }) =>
      describeXenstoreContent(content),
    );
    expect(JSON.parse(JSON.stringify(shown))).toEqual(shown);
    expect(shown).toMatchObject([
      { rwSocketFd: -1 },
      { domainQuotas: [{ name: "nodes" }, { name: "soft-memory" }], globalQuotas: [] },
      { connId: 1, uniqueId: "0x1122334455667788" },
      { connId: 2 },
      { connId: 3, fd: 21 },
      { connId: 1, wpath: "@releaseDomain", token: "one" },
      { connId: 2, wpath: "device/vbd", token: "" },
      { depth: 2, form: 12 },
      { depth: "unlimited" },
      { connId: 2, txId: 17 },
      { path: "/", access: "0x0" },
      { path: "/local", value: "v", permissions: ["n0", "r3 (stale)"] },
      { path: "/local/bin" },
      { path: "/local/gone", connId: 2, txId: 17 },
      { path: "/local/new", access: "0x3" },
      { path: "@releaseDomain" },
      { path: "@introduceDomain" },
      { domid: 0, features: "0x0" },
      { domid: 3, features: "0x3" },
      { bodyBytes: 16 },
      { malformed: "XS-NOD-6" },
      {},
    ]);
  });
});
