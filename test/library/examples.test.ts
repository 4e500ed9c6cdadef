/** Runs every file of examples/ as a user would, on the library as it was built. */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { ascii, PAGE_BYTES, poke, zeros } from "../builders/bytes.js";
import { hvmStream } from "../builders/hvm.js";
import { join } from "../builders/parts.js";
import { fixture } from "../fixtures/load.js";
import { ROOT } from "../harness.js";
import { fileOf, temporaryFolder } from "./support.js";

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Run an example; `input` is its standard input. */
async function run(name: string, args: readonly string[], input?: Uint8Array): Promise<Ended> {
  const child = spawn(process.execPath, [resolve(ROOT, "examples", name), ...args]);
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output.stderr += chunk;
  });
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, ...output };
}

const tiny = resolve(ROOT, "test/fixtures/hvm-tiny.xcs");

const EXAMPLES: Readonly<Record<string, () => Promise<void>>> = {
  "verify.mjs": async () => {
    const ended = await run("verify.mjs", [tiny, resolve(ROOT, "package.json"), "/no/such/file"]);
    expect(ended.stdout).toContain(`${tiny}: accept (libxc)`);
    expect(ended.stdout).toMatch(/package\.json: reject .*\n {2}error DT-14 at byte 0/);
    expect(ended.stderr).toContain("not-found");
    expect(ended.code).toBe(2);
  },
  "receive.mjs": async () => {
    const ended = await run("receive.mjs", [], fixture("hvm-tiny.xcs"));
    expect(ended.stdout).toMatch(/^accept 22 [0-9a-f]{16}\n$/);
    expect(ended.stderr).toContain("read 93688 bytes");
    expect(ended.code).toBe(0);
  },
  "guest-pages.mjs": async () => {
    const page = poke(zeros(PAGE_BYTES), 0x123, ...ascii("here it is"));
    const batches = [[{ pfn: 2, page }, { pfn: 3 }, { pfn: 9 }]];
    const path = fileOf(await temporaryFolder(), "vm.save", join(hvmStream({ batches })));
    const ended = await run("guest-pages.mjs", [path, "here it is"]);
    const stdout = "hvm, 3 pages in 2 runs\n0x2123 (page type 0)\n";
    expect(ended).toEqual({ code: 0, stdout, stderr: "" });
  },
  "custom-source.mjs": async () => {
    const bytes = fixture("libvirt-hvm-tiny.save");
    const server = createServer(({ method, headers }, response) => {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
      if (method === "HEAD") response.setHeader("content-length", bytes.length).end();
      else response.writeHead(206).end(bytes.subarray(Number(from), Number(to) + 1));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const ended = await run("custom-source.mjs", [`http://127.0.0.1:${port}/vm.save`]);
      expect(ended).toMatchObject({ code: 0, stderr: "" });
      expect(ended.stdout).toMatch(/^accept /);
    } finally {
      server.close();
    }
  },
};

it("knows every example", () => {
  expect(readdirSync(resolve(ROOT, "examples")).sort()).toEqual(Object.keys(EXAMPLES).sort());
});

it.each(Object.entries(EXAMPLES))("%s does what it says", async (_name, check) => {
  await check();
});
