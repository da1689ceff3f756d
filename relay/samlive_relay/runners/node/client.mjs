/** The Runtime API's client: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html */
import http from "node:http";

export class RuntimeClient {
  /** @param {string} api host:port, with a path when there is one */
  constructor(api) {
    const url = new URL(`http://${api}`);
    this.host = url.hostname;
    this.port = url.port;
    this.root = url.pathname.replace(/\/$/, "");
    this.base = `${this.root}/2018-06-01/runtime`;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 2, noDelay: true });
  }

  /** Wait for the next invocation; the process ends when the relay has hung up. */
  async next() {
    try {
      const { headers, body } = await this.send("GET", `${this.base}/invocation/next`);
      return { headers, event: body };
    } catch {
      process.exit(0);
    }
  }

  response(id, body) {
    return this.send("POST", `${this.base}/invocation/${id}/response`, body);
  }

  /** Begin a response that is posted while it is written; `done` resolves with its answer. */
  stream(id) {
    const path = `${this.base}/invocation/${id}/response`;
    const headers = {
      "Content-Type": "application/octet-stream",
      "Lambda-Runtime-Function-Response-Mode": "streaming",
      Trailer: ["Lambda-Runtime-Function-Error-Type", "Lambda-Runtime-Function-Error-Body"],
    };
    const { request, done } = this.begin("POST", path, headers);
    done.catch(() => {}); // whoever waits for it is told
    return { request, done };
  }

  error(id, error) {
    return this.sendError(`${this.base}/invocation/${id}/error`, error);
  }

  initError(error) {
    return this.sendError(`${this.base}/init/error`, error);
  }

  loaded(files) {
    return this.send("POST", `${this.root}/samlive/loaded`, JSON.stringify(files));
  }

  /** Ask or tell the relay something that is no part of Lambda's API; returns its answer. */
  async ours(name, value = null) {
    try {
      const { body } = await this.send("POST", `${this.root}/samlive/${name}`, JSON.stringify(value));
      return JSON.parse(body);
    } catch {
      process.exit(0); // it has hung up
    }
  }

  sendError(path, error) {
    const headers = { "Lambda-Runtime-Function-Error-Type": encodeURI(error.errorType ?? "Error") };
    return this.send("POST", path, JSON.stringify(error), headers).catch(() => process.exit(1));
  }

  send(method, path, body, headers = {}) {
    const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
    const { request, done } = this.begin(method, path, { ...headers, ...length });
    request.end(body);
    return done;
  }

  begin(method, path, headers) {
    const { host, port, agent } = this;
    const request = http.request({ host, port, agent, method, path, headers });
    const done = new Promise((resolve, reject) => {
      request.on("response", (reply) => {
        const parts = [];
        reply.on("data", (part) => parts.push(part));
        reply.on("end", () => resolve({ headers: reply.headers, body: Buffer.concat(parts) }));
        reply.on("error", reject);
      });
      request.on("error", reject);
    });
    return { request, done };
  }
}
