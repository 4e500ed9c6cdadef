/**
 * Builds Xenstore streams field by field, good or broken, in either byte order. It shares nothing
 * with the codecs of src/, so that both would have to make the same mistake.
 */

export type Order = "little" | "big";

/** Bytes of unsigned numbers and strings, one after another. */
export class Bytes {
  readonly #out: number[] = [];
  readonly #little: boolean;

  constructor(order: Order) {
    this.#little = order === "little";
  }

  u8(value: number): this {
    this.#out.push(value & 0xff);
    return this;
  }

  u16(value: number): this {
    return this.#put(BigInt(value & 0xffff), 2);
  }

  u32(value: number): this {
    return this.#put(BigInt.asUintN(32, BigInt(value)), 4);
  }

  u64(value: bigint): this {
    return this.#put(value, 8);
  }

  /** One byte per character. */
  text(text: string): this {
    for (const character of text) this.u8(character.charCodeAt(0));
    return this;
  }

  raw(bytes: ArrayLike<number>): this {
    for (let index = 0; index < bytes.length; index++) this.u8(bytes[index] ?? 0);
    return this;
  }

  /** Zeros up to a multiple of 8. */
  pad(): this {
    while (this.#out.length % 8 !== 0) this.u8(0);
    return this;
  }

  get length(): number {
    return this.#out.length;
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#out);
  }

  #put(value: bigint, bytes: number): this {
    for (let index = 0; index < bytes; index++) {
      const shift = this.#little ? index : bytes - 1 - index;
      this.u8(Number((value >> BigInt(8 * shift)) & 0xffn));
    }
    return this;
  }
}

export interface ConnectionSpec {
  readonly id?: number;
  readonly type?: number;
  readonly fields?: number;
  readonly domid?: number;
  readonly tdomid?: number;
  readonly port?: number;
  readonly fd?: number;
  readonly socketPad?: number;
  readonly input?: Uint8Array;
  readonly partial?: number;
  readonly output?: Uint8Array;
  readonly gap?: number;
  readonly uniqueId?: bigint;
}

export interface ExtendedSpec {
  readonly conn?: number;
  readonly path: string;
  readonly token: string;
  readonly depth?: number;
  readonly form?: 12 | 10 | 8;
  readonly pad?: number;
  /** As xenstored writes form 8: len of form 12, bytes of form 8. */
  readonly asWritten?: boolean;
}

export interface NodeSpec {
  readonly conn?: number;
  readonly tx?: number;
  readonly access?: number;
  readonly value?: string;
  /** Letter, domid, flags. */
  readonly perms?: readonly (readonly [string, number, number?])[];
  /** Written as it is; the default is the path and its NUL. */
  readonly rawPath?: string;
}

type Quotas = Readonly<Record<string, number>>;

/** A xenstore message as it waits in a connection's buffers. */
export function message(order: Order, payload: string, claimed = payload.length): Uint8Array {
  return new Bytes(order).u32(2).u32(7).u32(0).u32(claimed).text(payload).done();
}

/** A stream under construction. Records are written as xenstored does: padding counted in len. */
export class XenstoreStream {
  readonly order: Order;
  /** Offset of each record's header, in order. */
  readonly offsets: number[] = [];
  readonly #out: Bytes;
  readonly #documentLengths: boolean;

  constructor(
    options: { version?: number; order?: Order; flags?: number; document?: boolean } = {},
  ) {
    const { version = 2, order = "little", flags = order === "big" ? 1 : 0 } = options;
    this.order = order;
    this.#documentLengths = options.document ?? false;
    const head = new Bytes("big").text("xenstore").u32(version).u32(flags).done();
    this.#out = new Bytes(order).raw(head);
  }

  /** Fresh bytes in the stream's order. */
  fields(): Bytes {
    return new Bytes(this.order);
  }

  /** Any record. `len` overrides what the body's length would be. */
  record(type: number, body: Uint8Array, len?: number): this {
    this.offsets.push(this.#out.length);
    const bodyBytes = this.#documentLengths ? body.length : Math.ceil(body.length / 8) * 8;
    this.#out
      .u32(type)
      .u32(len ?? bodyBytes)
      .raw(body)
      .pad();
    return this;
  }

  global(rwSocketFd = -1, evtchnFd = 5): this {
    return this.record(1, this.fields().u32(rwSocketFd).u32(evtchnFd).done());
  }

  connection(spec: ConnectionSpec = {}): this {
    const { id = 1, type = 0, input = new Uint8Array(0), output = new Uint8Array(0) } = spec;
    const body = this.fields()
      .u32(id)
      .u16(type)
      .u16(spec.fields ?? (spec.uniqueId === undefined ? 0 : 1));
    if (type === 1) body.u32(spec.fd ?? 21).u32(spec.socketPad ?? 0);
    else
      body
        .u16(spec.domid ?? 3)
        .u16(spec.tdomid ?? 0x7ff4)
        .u32(spec.port ?? 9);
    body
      .u16(input.length)
      .u16(spec.partial ?? 0)
      .u32(output.length)
      .raw(input)
      .raw(output);
    if (spec.uniqueId !== undefined) {
      while (body.length % 8 !== 0) body.u8(spec.gap ?? 0);
      body.u64(spec.uniqueId);
    }
    return this.record(2, body.done());
  }

  watch(path: string, token = "t", conn = 1): this {
    const body = this.fields()
      .u32(conn)
      .u16(path.length + 1)
      .u16(token.length + 1);
    return this.record(3, body.text(`${path}\0${token}\0`).done());
  }

  extended(spec: ExtendedSpec): this {
    const { conn = 1, path, token, depth = 0, form = 12 } = spec;
    const body = this.fields()
      .u32(conn)
      .u16(path.length + 1)
      .u16(token.length + 1);
    if (form !== 8) body.u16(depth);
    if (form === 12) body.u16(spec.pad ?? 0);
    body.text(`${path}\0${token}\0`);
    const full = Math.ceil((12 + path.length + token.length + 2) / 8) * 8;
    if (spec.asWritten) return this.record(8, body.done(), full);
    while (form !== 12 && body.length < full) body.u8(0);
    return this.record(8, body.done());
  }

  transaction(conn = 1, tx = 17): this {
    return this.record(4, this.fields().u32(conn).u32(tx).done());
  }

  node(path: string, spec: NodeSpec = {}): this {
    const { conn = 0, tx = 0, access = 0, value = "", perms = [["n", 0]] } = spec;
    const rawPath = spec.rawPath ?? `${path}\0`;
    const body = this.fields().u32(conn).u32(tx).u16(rawPath.length).u16(value.length);
    body.u16(access).u16(perms.length);
    for (const [letter, domid, flags = 0] of perms) body.text(letter).u8(flags).u16(domid);
    return this.record(5, body.text(rawPath).text(value).done());
  }

  globalQuota(domain: Quotas, global: Quotas = {}): this {
    const all = [...Object.entries(domain), ...Object.entries(global)];
    const body = this.fields().u16(Object.keys(domain).length).u16(Object.keys(global).length);
    for (const [, value] of all) body.u32(value);
    for (const [name] of all) body.text(`${name}\0`);
    return this.record(6, body.done());
  }

  domain(domid: number, quotas: Quotas = {}, features = 0): this {
    const all = Object.entries(quotas);
    const body = this.fields().u16(domid).u16(all.length).u32(features);
    for (const [, value] of all) body.u32(value);
    for (const [name] of all) body.text(`${name}\0`);
    return this.record(7, body.done());
  }

  /** END, and the stream's bytes. */
  end(): Uint8Array {
    return this.record(0, new Uint8Array(0)).bytes();
  }

  /** The bytes so far, without END. */
  bytes(): Uint8Array {
    return this.#out.done();
  }
}

/** A stream with every record type, each good under both profiles where the file can tell. */
export function fullStream(options: ConstructorParameters<typeof XenstoreStream>[0] = {}) {
  const stream = new XenstoreStream(options);
  const { order } = stream;
  stream.global().globalQuota({ nodes: 1000, "soft-memory": 0 });
  stream.connection({ id: 1, domid: 0, uniqueId: 0x1122334455667788n });
  const output = stream.fields().text("rest").raw(message(order, "OK\0")).done();
  const input = stream
    .fields()
    .raw(message(order, "/a"))
    .raw(message(order, "cut", 9))
    .done();
  stream.connection({ id: 2, domid: 3, input, partial: 4, output, uniqueId: 42n });
  stream.connection({ id: 3, type: 1 });
  stream.watch("@releaseDomain", "one", 1).watch("device/vbd", "", 2);
  if (options.version !== 1) {
    stream.extended({ conn: 2, path: "/local", token: "deep", depth: 2 });
    stream.extended({ conn: 2, path: "@introduceDomain/5", token: "x", depth: 0xffff });
  }
  stream.transaction(2, 17);
  stream.node("/").node("/local", {
    value: "v",
    perms: [
      ["n", 0],
      ["r", 3, 1],
    ],
  });
  stream.node("/local/bin", { value: "\0\x01\xff", perms: [["b", 3]] });
  stream.node("/local/gone", { conn: 2, tx: 17, perms: [] });
  stream.node("/local/new", { conn: 2, tx: 17, access: 3, value: "1" });
  stream.node("@releaseDomain").node("@introduceDomain");
  stream
    .domain(0, { nodes: 0 }, 0)
    .domain(3, { nodes: 500, watches: 7 }, options.version === 1 ? 0 : 3);
  return stream;
}

/** The 200-byte test vector of the format page (version 2, little-endian), typed by hand. */
export const VECTOR_HEX = [
  "78656e73746f7265 00000002 00000000",
  "01000000 08000000 ffffffff 05000000",
  "02000000 20000000 01000000 0000 0100 0300 f47f 09000000 0000 0000 00000000 8877665544332211",
  "08000000 18000000 01000000 0500 0200 0000 0000 2f612f6200 7400 0000000000",
  "05000000 18000000 00000000 00000000 0300 0100 0000 0100 6e000000 2f6100 76",
  "06000000 10000000 0100 0000 e8030000 6e6f64657300 0000",
  "07000000 18000000 0300 0100 00000000 e8030000 6e6f64657300 000000000000",
  "00000000 00000000",
].join("");

export const VECTOR_SHA256 = "025e59406aea7cb3544bea119f41898c04610a5cec7ab14c0b6e3e71894e4f5a";

/** Bytes of a hex text; blanks do not count. */
export function fromHex(hex: string): Uint8Array {
  const digits = hex.replaceAll(" ", "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  );
}
