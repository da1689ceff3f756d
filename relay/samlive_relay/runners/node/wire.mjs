/**
 * HTTP/1.1 to the relay over one connection, as much of it as its Runtime API speaks:
 * every body has a length, answers come in the order of their requests.
 *
 * Node's own client writes a request only after the answer to the one before, and the
 * first use of its code takes several milliseconds of every process.
 */
import net from "node:net";

const END = Buffer.from("\r\n\r\n");

export class Wire {
  #host;
  #port;
  #socket;
  #waiting = [];
  #parts = [];
  #size = 0;
  #reply;

  constructor(host, port) {
    this.#host = host;
    this.#port = port;
  }

  /**
   * Send a request; those of one turn of the event loop leave together.
   * The connection keeps the process alive only while an answer is due.
   * @returns {Promise<{headers: object, body: Buffer}>} rejects when the relay hangs up
   */
  send(method, path, body = "", headers = {}) {
    return new Promise((resolve, reject) => {
      const socket = (this.#socket ??= this.#connect());
      if (!this.#waiting.length) socket.ref();
      this.#waiting.push({ resolve, reject });
      if (!socket.writableCorked) {
        socket.cork();
        process.nextTick(() => socket.uncork());
      }
      const lines = [`${method} ${path} HTTP/1.1`, `Host: ${this.#host}:${this.#port}`];
      for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
      lines.push(`Content-Length: ${Buffer.byteLength(body)}`, "", "");
      socket.write(lines.join("\r\n"), "latin1");
      if (body.length) socket.write(body);
    });
  }

  #connect() {
    const socket = net.connect({ host: this.#host, port: this.#port, noDelay: true });
    socket.on("data", (data) => this.#take(data));
    socket.on("error", () => {}); // it is closed next
    socket.on("close", () => {
      this.#socket = undefined;
      for (const { reject } of this.#waiting.splice(0)) reject(new Error("the relay has hung up"));
    });
    return socket;
  }

  #take(data) {
    this.#parts.push(data);
    this.#size += data.length;
    if (this.#size < (this.#reply?.end ?? 0)) return; // large events come in many pieces
    let bytes = this.#parts.length > 1 ? Buffer.concat(this.#parts) : data;
    while ((this.#reply ??= headOf(bytes)) && bytes.length >= this.#reply.end) {
      const { headers, start, end } = this.#reply;
      this.#reply = undefined;
      const { resolve } = this.#waiting.shift();
      if (!this.#waiting.length) this.#socket.unref();
      resolve({ headers, body: bytes.subarray(start, end) });
      bytes = bytes.subarray(end);
    }
    this.#parts = bytes.length ? [bytes] : [];
    this.#size = bytes.length;
  }
}

/** Return an answer's headers and where its body starts and ends; undefined while it arrives. */
function headOf(bytes) {
  const at = bytes.indexOf(END);
  if (at < 0) return undefined;
  const headers = {};
  for (const line of bytes.latin1Slice(0, at).split("\r\n").slice(1)) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const start = at + END.length;
  return { headers, start, end: start + Number(headers["content-length"] ?? 0) };
}
