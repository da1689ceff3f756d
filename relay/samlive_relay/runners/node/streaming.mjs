/**
 * Streaming handlers: the global `awslambda` of Lambda's Node.js runtime, and
 * the response that such a handler writes. What it writes leaves at once; an
 * error in the middle follows in the trailers.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
 */
import { Writable } from "node:stream";
import { makeContext } from "./context.mjs";
import { describe, RuntimeFault } from "./errors.mjs";
import { isModern } from "./generation.mjs";
import { logError } from "./logs.mjs";

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HIGH_WATER_MARK = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");
const HTTP_TYPE = "application/vnd.awslambda.http-integration-response";
const SEPARATOR = new Uint8Array(8);

/** Offer `awslambda` to handlers, unless their function's variables say no. */
export function offerStreaming() {
  delete globalThis.awslambda;
  if (/^(1|true)$/.test(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA ?? "")) return;
  globalThis.awslambda = {
    streamifyResponse(handler, options) {
      handler[STREAMING] = "response";
      if (typeof options?.highWaterMark === "number") {
        handler[HIGH_WATER_MARK] = Math.trunc(options.highWaterMark);
      }
      return handler;
    },
    HttpResponseStream: {
      from(stream, prelude) {
        stream.setContentType(HTTP_TYPE);
        const head = JSON.stringify(prelude);
        stream._onBeforeFirstWrite = (write) => {
          write(head);
          write(SEPARATOR);
        };
        return stream;
      },
    },
  };
}

export function isStreaming(handler) {
  return handler[STREAMING] === "response";
}

/** What a handler writes to: each piece becomes a chunk of the post. */
class ResponseStream extends Writable {
  #request;
  #beforeEnd;
  #begun = false;
  #error;

  constructor(request, beforeEnd, highWaterMark) {
    super(highWaterMark === undefined ? {} : { highWaterMark });
    this.#request = request;
    this.#beforeEnd = beforeEnd;
  }

  setContentType(type) {
    if (this.#begun) {
      throw new RuntimeFault("InvalidStreamingOperation", "Cannot set content-type, too late.");
    }
    this.#request.setHeader("Content-Type", type);
  }

  write(part, ...others) {
    const first = !this.#begun;
    this.#begun = true;
    // Libraries set this hook themselves. As in Lambda, `end` with a piece does not call it.
    if (first) this._onBeforeFirstWrite?.((head) => super.write(head));
    const raw = typeof part === "string" || part instanceof Uint8Array;
    return super.write(raw ? part : JSON.stringify(part), ...others);
  }

  end(...values) {
    super.end(...values);
    return isModern() ? this : undefined;
  }

  _write(part, encoding, next) {
    if (part.length) this.#request.write(part, encoding, next);
    else next();
  }

  _final(next) {
    this.#beforeEnd().then(() => {
      if (this.#error) this.#request.addTrailers(trailers(this.#error));
      this.#request.end();
      next();
    }, next);
  }

  _destroy(error, next) {
    if (!this.writableFinished) this.#request.destroy();
    next(error);
  }

  /** End with an error, after what was written before it; what the handler has ended stays so. */
  fail(error) {
    if (this.writableEnded) return;
    this.#error = describe(error);
    this.end();
  }
}

/** What a stack names as the caller of a handler that has no name. */
class Runtime {
  constructor(handler) {
    this.handler = handler;
  }
}

function trailers(report) {
  return {
    "Lambda-Runtime-Function-Error-Type": encodeURI(report.errorType ?? "Error"),
    "Lambda-Runtime-Function-Error-Body": Buffer.from(JSON.stringify(report)).toString("base64"),
  };
}

/**
 * Run a streaming handler and post its response; never fails, errors are posted too.
 * @param {Function} handler the user's function
 * @param {object} event the event
 * @param {object} headers headers of /next
 * @param {{request: object, done: Promise, beforeEnd: Function}} post the response, under way
 */
export async function invokeStreaming(handler, event, headers, post) {
  const stream = new ResponseStream(post.request, post.beforeEnd, handler[HIGH_WATER_MARK]);
  const broken = new Promise((_, reject) => stream.on("error", reject));
  broken.catch(() => {}); // it may come after another error
  try {
    const result = new Runtime(handler).handler(event, stream, makeContext(headers));
    if (typeof result?.then !== "function") {
      throw "Streaming does not support non-async handlers.";
    }
    const value = await Promise.race([result, broken]);
    if (value !== undefined) console.warn("Streaming handlers ignore return values.");
    await Promise.race([post.done, broken]);
  } catch (error) {
    logError("Invoke Error", error);
    if (!stream.destroyed) stream.fail(error);
    await post.done.catch(() => {});
  }
}
