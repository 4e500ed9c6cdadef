/** The bundled command on URLs: trust, exit codes, secrets, interrupts, and the optional S3 package. */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { selfSigned } from "../input/remote/certificate.js";
import { type Misbehave, ObjectServer } from "../input/remote/server.js";
import { smallImage, temporaryFolder } from "./image.js";
import { COMMAND, plainEnvironment, ROOT, type Run } from "./run.js";

const folder = temporaryFolder();
const SECRET = "s3cr3t";
const GOOD = smallImage();
const BAD = smallImage({ entries: { 3: 0x7000_0000_0000_0003n } });
const certificate = selfSigned();
const trusted = { NODE_EXTRA_CA_CERTS: folder.write("ca.pem", Buffer.from(certificate.cert)) };

const paths: Misbehave = (asked, response) => {
  const path = new URL(asked.message.url ?? "", "http://h").pathname;
  if (path === "/vm.save") return undefined;
  if (path === "/downgrade") response.writeHead(302, { location: plain.url() }).end();
  else if (path === "/hang-later" && asked.range?.first === 0) return undefined;
  else if (!path.startsWith("/hang")) response.writeHead(404).end();
  return "answered";
};
const plain = new ObjectServer(GOOD, { misbehave: paths });
const secure = new ObjectServer(GOOD, { misbehave: paths, tls: certificate });
const pipes = new ObjectServer(GOOD, { ranges: false });
const servers = [plain, secure, pipes];

beforeAll(async () => {
  await Promise.all(servers.map((server) => server.start()));
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  folder.remove();
});

interface Where {
  readonly env?: Readonly<Record<string, string>>;
  readonly command?: string;
  readonly cwd?: string;
}

function start(args: readonly string[], { env = {}, command = COMMAND, cwd }: Where = {}) {
  const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
  const place = cwd === undefined ? {} : { cwd };
  const child = spawn(process.execPath, [command, ...args], {
    env: plainEnvironment(env),
    stdio,
    ...place,
  });
  return { child, run: finished(child) };
}

/** The server is in this process, so that the command cannot be waited for synchronously. */
async function finished(child: ChildProcess): Promise<Run & { readonly signal: string | null }> {
  const told = { stdout: "", stderr: "" };
  child.stdout?.on("data", (text: Buffer) => {
    told.stdout += text;
  });
  child.stderr?.on("data", (text: Buffer) => {
    told.stderr += text;
  });
  return await new Promise((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, ...told })),
  );
}

const xenstream = (args: readonly string[], where: Where = {}) => start(args, where).run;

describe("a URL on the command line", () => {
  it.each([
    ["0 for a good image", GOOD, "/vm.save", 0],
    ["1 for a broken one", BAD, "/vm.save", 1],
    ["2 for one that is not there", GOOD, "/nothing", 2],
  ] as const)("gives exit code %s", async (_, bytes, path, code) => {
    plain.bytes = bytes;
    const run = await xenstream(["verify", plain.url(path)]);
    plain.bytes = GOOD;
    expect(run.code).toBe(code);
    if (code === 2) {
      expect(run.stderr).toBe(
        `xenstream: ${plain.url(path)}: no such object (HTTP 404 Not Found)\n`,
      );
    }
  });

  it("may be any of several inputs", async () => {
    const file = folder.write("good.xcs", GOOD);
    const { code, stdout } = await xenstream(["verify", "--json", plain.url(), file]);
    const { files } = JSON.parse(stdout) as { files: { file: string; verdict: string }[] };
    expect(code).toBe(0);
    expect(files.map(({ file, verdict }) => [file, verdict])).toEqual([
      [plain.url(), "accept"],
      [file, "accept"],
    ]);
  });

  it("is trusted by the certificates that NODE_EXTRA_CA_CERTS names, and by no others", async () => {
    const good = await xenstream(["verify", secure.url()], { env: trusted });
    expect([good.code, good.stderr]).toEqual([0, ""]);
    const refused = await xenstream(["verify", secure.url()]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("no trusted connection: self-signed certificate");
    expect(refused.stderr).toContain("NODE_EXTRA_CA_CERTS");
  });

  it("is not followed from https to http", async () => {
    const run = await xenstream(["verify", secure.url("/downgrade")], { env: trusted });
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(`redirects from https to ${plain.url()}, which is not followed`);
  });

  it.each(["/vm.save", "/nothing"])("shows no secret, whatever comes of it: %s", async (path) => {
    const url = `${plain.url(path).replace("//", `//ann:${SECRET}@`)}?sig=${SECRET}#${SECRET}`;
    const junit = ["verify", "--junit", "-"];
    for (const args of [
      ["verify"],
      junit,
      ["verify", "--json"],
      ["inspect", "--json"],
      ["restore"],
    ]) {
      const { stdout, stderr } = await xenstream([...args, "--verbose", url]);
      expect(stdout + stderr).toContain(`//***@127.0.0.1:${plain.port}${path}?sig=***`);
      expect(stdout + stderr).not.toContain(SECRET);
    }
  });

  it("has a note with --verbose where it is read as a pipe", async () => {
    const { code, stderr } = await xenstream(["verify", "--verbose", pipes.url()]);
    expect([code, stderr]).toEqual([
      0,
      `note: ${pipes.url()}: the server gives no ranges: it is read as a pipe is, to its end\n`,
    ]);
    expect((await xenstream(["verify", pipes.url()])).stderr).toBe("");
  });
});

describe("a batch of URLs", () => {
  it("gives what verify gives, makes manifests, and shows no secret", async () => {
    const urls = ["/vm.save", "/nothing"].map((path) =>
      `${plain.url(path)}?sig=${SECRET}`.replace("//", `//ann:${SECRET}@`),
    );
    const manifests = folder.path("manifests");
    const flags = ["--manifest-dir", manifests, "--resume", folder.path("journal"), "--json"];
    const run = await xenstream(["batch", "verify", ...flags, ...urls]);
    expect(run.code).toBe(2);
    expect(run.stdout + run.stderr).not.toContain(SECRET);
    const lines = run.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const shown = urls.map((url) => url.replace(`ann:${SECRET}@`, "***@").replace(SECRET, "***"));
    const files = lines.filter(({ type }) => type === "file").sort((a) => (a.error ? 1 : -1));
    expect(files.map(({ file }) => file)).toEqual(shown);
    expect(files[0]).toMatchObject({ verdict: "accept", manifest: { state: "stream" } });
    expect(files[1]).toMatchObject({ error: { code: "not-found" } });
    const made = readdirSync(manifests, { recursive: true }).map(String);
    expect(made.filter((name) => name.endsWith(".manifest"))).toEqual([
      `http/127.0.0.1:${plain.port}/vm.save.manifest`,
    ]);
    expect(readFileSync(folder.path("journal"), "latin1")).not.toContain(SECRET);
  });
});

describe("an interrupt while the server is silent", () => {
  const out = folder.path("out.libxl");

  it.each([
    ["verify", ["verify"], "/hang", null],
    ["convert while it opens", ["convert", "--to", "libxl", "-o", out], "/hang", 130],
    ["convert while it reads", ["convert", "--to", "libxl", "-o", out], "/hang-later", 130],
    ["extract", ["extract", "-o", out], "/hang", 130],
  ] as const)("ends %s at once, and leaves nothing", async (_, args, path, code) => {
    plain.bytes = smallImage({ pages: 100 });
    plain.reset();
    const { child, run } = start([...args, plain.url(path)]);
    const wanted = path === "/hang-later" ? 2 : 1;
    while (plain.asked.length < wanted) await new Promise((resolve) => setTimeout(resolve, 20));
    const beginMs = performance.now();
    child.kill("SIGINT");
    const { code: given, signal } = await run;
    plain.bytes = GOOD;
    expect([given, signal]).toEqual([code, code === null ? "SIGINT" : null]);
    expect(performance.now() - beginMs).toBeLessThan(3000);
    expect(existsSync(out)).toBe(false);
  });
});

describe("an s3 URL on the command line", () => {
  const env = () => ({
    AWS_ACCESS_KEY_ID: "test-id",
    AWS_SECRET_ACCESS_KEY: SECRET,
    AWS_REGION: "eu-test-1",
    AWS_ENDPOINT_URL: plain.url(""),
    AWS_CONFIG_FILE: folder.path("none"),
    AWS_SHARED_CREDENTIALS_FILE: folder.path("none"),
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
  });
  /** The command as somebody has it who did not install the package beside it. */
  const lonely = folder.path("lonely");
  const command = join(lonely, "xenstream.cjs");

  beforeAll(() => {
    mkdirSync(lonely);
    const built = readdirSync(join(ROOT, "dist")).filter((name) => name.includes(".cjs"));
    for (const name of built) cpSync(join(ROOT, "dist", name), join(lonely, name));
  });

  it("wants a package, and says how to install it", async () => {
    const run = await xenstream(["verify", "s3://bucket/key"], {
      command,
      cwd: lonely,
      env: env(),
    });
    expect([run.code, run.stdout]).toEqual([2, ""]);
    expect(run.stderr).toBe(
      "xenstream: s3://bucket/key needs the package @aws-sdk/client-s3, which is not installed. " +
        "Install: npm install @aws-sdk/client-s3 (with -g if xenstream was installed so)\n",
    );
  });

  it("finds it beside the command, and in the project that it is called from", async () => {
    const project = folder.path("project");
    mkdirSync(project);
    symlinkSync(join(ROOT, "node_modules"), join(project, "node_modules"));
    for (const where of [{ command, cwd: project }, { cwd: lonely }]) {
      const run = await xenstream(["verify", "s3://bucket/key"], { ...where, env: env() });
      expect([run.code, run.stdout]).toEqual([2, ""]);
      expect(run.stderr).toContain("s3://bucket/key: no such object (HTTP 404");
    }
  });
});
