/**
 * The Runtime API's client: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 *
 * Requests are written without waiting for the answers to those before (`wire.mjs`), and
 * served in their order: what was loaded, an answer, and the wait for the next invocation
 * leave in one piece. The process ends when the relay has hung up.
 */
import { createRequire } from "node:module";
import { Wire } from "./wire.mjs";

const require = createRequire(import.meta.url);

export class RuntimeClient {
  /** @param {string} api host:port, with a path when there is one */
  constructor(api) {
    const url = new URL(`http://${api}`);
    this.host = url.hostname;
    this.port = url.port;
    this.root = url.pathname.replace(/\/$/, "");
    this.base = `${this.root}/2018-06-01/runtime`;
    this.wire = new Wire(this.host, this.port);
  }

  /** Wait for the next invocation. */
  async next() {
    const { headers, body } = await this.send("GET", `${this.base}/invocation/next`);
    return { headers, event: body };
  }

  response(id, body) {
    return this.send("POST", `${this.base}/invocation/${id}/response`, body);
  }

  /**
   * Begin a response that is posted while it is written, on a connection of its own;
   * `done` resolves once it is taken.
   */
  stream(id) {
    const http = require("node:http"); // most functions need none
    this.agent ??= new http.Agent({ keepAlive: true, maxSockets: 1, noDelay: true });
    const { host, port, agent } = this;
    const path = `${this.base}/invocation/${id}/response`;
    const headers = {
      "Content-Type": "application/octet-stream",
      "Lambda-Runtime-Function-Response-Mode": "streaming",
      Trailer: ["Lambda-Runtime-Function-Error-Type", "Lambda-Runtime-Function-Error-Body"],
    };
    const request = http.request({ host, port, agent, method: "POST", path, headers });
    const done = new Promise((resolve, reject) => {
      request.on("response", (reply) => reply.resume().on("end", resolve).on("error", reject));
      request.on("error", reject);
    });
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
    const { body } = await this.send("POST", `${this.root}/samlive/${name}`, JSON.stringify(value));
    return JSON.parse(body);
  }

  sendError(path, error) {
    const headers = { "Lambda-Runtime-Function-Error-Type": encodeURI(error.errorType ?? "Error") };
    return this.send("POST", path, JSON.stringify(error), headers);
  }

  async send(method, path, body, headers) {
    try {
      return await this.wire.send(method, path, body, headers);
    } catch {
      process.exit(0);
    }
  }
}
