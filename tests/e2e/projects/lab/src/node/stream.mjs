// Streams: says "first", waits for a file, then goes on as told.
import fs from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

const VERSION = "one";

export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const told = event.queryStringParameters ?? event;
  if (told.http) {
    const prelude = { statusCode: 201, headers: { "x-version": VERSION } };
    stream = awslambda.HttpResponseStream.from(stream, prelude);
  }
  stream.write("first ");
  while (!fs.existsSync(told.gate)) await pause(5);
  if (told.file) return void fs.createReadStream(told.file).pipe(stream);
  if (told.fail) throw new RangeError("in the middle");
  stream.write("x".repeat(Number(told.times ?? 0)));
  stream.end("last");
});
