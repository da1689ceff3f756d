/** Handlers that stream. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

const FORMS = {
  text: async (stream) => {
    stream.write("one, ");
    stream.write("two");
    stream.end();
  },
  bytes: async (stream) => {
    stream.write(Buffer.from([0, 255, 10]));
    stream.end(Buffer.from("end"));
  },
  object: async (stream) => {
    stream.write({ a: 1 });
    stream.end();
  },
  nothing: async (stream) => stream.end(),
  "value is ignored": async (stream) => {
    stream.end("written");
    return "returned";
  },
  throws: async () => {
    throw new RangeError("before a byte");
  },
  "throws later": async (stream) => {
    stream.write("written");
    throw new RangeError("after a byte");
  },
  "throws after its end": async (stream) => {
    stream.end("written");
    throw new RangeError("after the end");
  },
  prelude: async (stream) => {
    const http = awslambda.HttpResponseStream.from(stream, { statusCode: 201, cookies: ["a=b"] });
    http.write("made");
    http.end();
  },
  "prelude without a write": async (stream) => {
    awslambda.HttpResponseStream.from(stream, { statusCode: 201 }).end("made");
  },
  "hook of a library": async (stream) => {
    stream._onBeforeFirstWrite = (write) => write("head ");
    stream.write("body");
    stream.end();
  },
  "type too late": async (stream) => {
    stream.write("written");
    stream.setContentType("text/html");
  },
  pipeline: async (stream) => pipeline(Readable.from(["a", "b"]), stream),
  "says whether it is full": async (stream) => {
    const full = !stream.write("x".repeat(200_000));
    stream.end(String(full));
  },
};

export const names = { FORMS };
export const handler = awslambda.streamifyResponse(async (event, stream) =>
  FORMS[event.ask[1]](stream),
);
