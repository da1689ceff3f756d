/** Handlers that stream. */
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
};

export const names = { FORMS };
export const handler = awslambda.streamifyResponse(async (event, stream) =>
  FORMS[event.ask[1]](stream),
);
