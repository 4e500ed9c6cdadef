/** The command `host`: flags and pasted texts through ops/host, one file. */
import { type HostGuest, UsageError } from "../findings/index.js";
import {
  describeHost,
  type HostOptions,
  openOutput,
  readTextFile,
  STANDARD_OUTPUT,
} from "../ops/index.js";
import { printable } from "../report/index.js";
import { EXIT_ACCEPTED } from "./exit-codes.js";
import type { OutputOptions } from "./options.js";
import { writeErr, writeJson, writeOut } from "./output.js";
import { TOOL } from "./reading.js";

/** What the command's options parse to. */
export interface HostFlags extends OutputOptions {
  readonly output: string;
  readonly xlInfo?: string;
  readonly xenCpuid?: readonly string[];
  readonly name?: string;
  readonly xen?: string;
  readonly arch?: string;
  readonly guests?: readonly HostGuest[];
  readonly memory?: number;
  readonly freeMemory?: number;
  readonly cpus?: number;
  readonly vcpus?: number;
  readonly hvmVcpus?: number;
  readonly pvVcpus?: number;
  readonly cpuVendor?: string;
  readonly addressBits?: number;
  readonly xcr0?: string;
  readonly hvmMax?: readonly string[];
  readonly pvMax?: readonly string[];
  readonly viridian?: string;
  readonly tscKhz?: number;
  readonly tscScaling?: "yes" | "no";
  readonly deviceModels?: readonly string[];
  readonly machines?: readonly string[];
}

/** Returns the exit code. */
export async function hostCommand(flags: HostFlags): Promise<number> {
  const toStdout = flags.output === STANDARD_OUTPUT;
  if (flags.json && toStdout) {
    throw new UsageError("the description and the document would both go to standard output", {
      option: "--json",
      allowed: "with a path for --output",
    });
  }
  const host = describeHost(await optionsOf(flags));
  const output = openOutput(flags.output);
  try {
    output.write(new TextEncoder().encode(`${JSON.stringify(host, null, 2)}\n`));
    output.close();
  } catch (error) {
    output.abort();
    throw error;
  }
  if (flags.json) {
    writeJson({ v: 1, command: "host", tool: TOOL, file: flags.output, host });
  } else if (!flags.quiet) {
    const write = toStdout ? writeErr : writeOut;
    const notes = (host.notes ?? []).map((note) => `note: ${note}`);
    const lines = toStdout ? notes : [`wrote ${flags.output}`, ...notes];
    for (const line of lines) write(`${printable(line)}\n`);
  }
  return EXIT_ACCEPTED;
}

async function optionsOf(flags: HostFlags): Promise<HostOptions> {
  const texts = [flags.xlInfo, ...(flags.xenCpuid ?? [])];
  if (texts.filter((path) => path === "-").length > 1) {
    throw new UsageError("standard input can be one text alone", {
      option: "--xl-info",
      allowed: '"-" once',
    });
  }
  const xlInfo =
    flags.xlInfo === undefined ? undefined : await readTextFile(flags.xlInfo, "--xl-info");
  const xenCpuid: string[] = [];
  for (const path of flags.xenCpuid ?? []) xenCpuid.push(await readTextFile(path, "--xen-cpuid"));
  return {
    name: flags.name,
    xen: flags.xen,
    architecture: flags.arch,
    guests: flags.guests,
    memoryBytes: flags.memory,
    freeMemoryBytes: flags.freeMemory,
    cpus: flags.cpus,
    hvmVcpus: flags.hvmVcpus ?? flags.vcpus,
    pvVcpus: flags.pvVcpus ?? flags.vcpus,
    vendor: flags.cpuVendor,
    physicalAddressBits: flags.addressBits,
    xcr0: flags.xcr0,
    tscKhz: flags.tscKhz,
    tscScaling: flags.tscScaling === undefined ? undefined : flags.tscScaling === "yes",
    deviceModels: flags.deviceModels,
    machines: flags.machines,
    hvmMax: flags.hvmMax,
    pvMax: flags.pvMax,
    viridianFeatures: flags.viridian,
    xlInfo,
    xenCpuid,
  };
}
