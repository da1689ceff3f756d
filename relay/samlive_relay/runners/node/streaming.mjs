/**
 * Streaming handlers: the global `awslambda` of Lambda's Node.js runtime.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
 *
 * What the handler writes is collected and answered as a whole. With
 * HttpResponseStream.from the answer becomes an ordinary HTTP response object.
 */
import { Writable } from "node:stream";
import { makeContext } from "./context.mjs";

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const METADATA = Symbol("http metadata");

export function offerStreaming() {
  globalThis.awslambda = {
    streamifyResponse(handler, options) {
      handler[STREAMING] = "response";
      if (typeof options?.highWaterMark === "number") {
        handler[Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark")] =
          options.highWaterMark;
      }
      return handler;
    },
    HttpResponseStream: {
      from(stream, metadata) {
        stream[METADATA] = metadata;
        return stream;
      },
    },
  };
}

export function isStreaming(handler) {
  return handler[STREAMING] === "response";
}

class Collected extends Writable {
  parts = [];
  contentType = "application/octet-stream";

  setContentType(type) {
    this.contentType = type;
  }

  _write(part, encoding, next) {
    this.parts.push(typeof part === "string" ? Buffer.from(part, encoding) : part);
    next();
  }
}

export async function invokeStreaming(handler, event, headers) {
  const stream = new Collected();
  const finished = new Promise((resolve, reject) => {
    stream.on("finish", resolve);
    stream.on("error", reject);
  });
  await Promise.race([handler(event, stream, makeContext(headers, () => stream.end())), rejection(finished)]);
  await finished;
  const body = Buffer.concat(stream.parts);
  const metadata = stream[METADATA];
  if (!metadata) return body;
  return JSON.stringify({
    ...metadata,
    body: body.toString("base64"),
    isBase64Encoded: true,
  });
}

/** A promise that only ever rejects, with another one. */
function rejection(promise) {
  return new Promise((_, reject) => promise.catch(reject));
}
