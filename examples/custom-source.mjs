/**
 * Read an image from a place of your own: node custom-source.mjs URL
 * Asks an HTTP server for ranges, so that a verify reads only what the verdict needs. A source that
 * can be read anywhere (`seekable`) has nothing to do on hold() and release().
 */
import { verify } from "xenstream";

/** An image on a server that answers range requests. */
class HttpSource {
  seekable = true;

  static async open(url) {
    const { headers } = await fetch(url, { method: "HEAD" });
    return Object.assign(new HttpSource(), {
      name: url,
      size: Number(headers.get("content-length")),
    });
  }

  async read(into, byteOffset, signal) {
    const end = Math.min(byteOffset + into.length, this.size);
    if (end <= byteOffset) return 0;
    const range = `bytes=${byteOffset}-${end - 1}`;
    const answer = await fetch(this.name, { headers: { range }, signal });
    if (answer.status !== 206) throw new Error(`HTTP status ${answer.status}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    into.set(bytes);
    return bytes.length;
  }

  skip(byteOffset, bytes) {
    return Math.max(0, Math.min(bytes, this.size - byteOffset));
  }

  hold() {}
  release() {}
  close() {}
}

const { verdict, findings } = await verify(await HttpSource.open(process.argv[2]));
console.log(verdict, findings.map(({ rule }) => rule).join(" "));
