// Notes each of its runs, then does what the event says.

import { createHash } from "node:crypto";
import fs from "node:fs";

const note = (event, context) => {
  const digest = createHash("sha256").update(event.value).digest("hex");
  const name = event.name ?? event.value;
  fs.appendFileSync(event.journal, `${name} ${context.awsRequestId} ${process.pid} ${digest}\n`);
};

const fail = (message) => {
  throw new RangeError(message);
};

export const handler = async (event, context) => {
  if (event.journal) note(event, context);
  const action = event.action ?? "echo";
  if (action === "raise") return fail(event.message);
  if (action === "exit") process.exit(event.status);
  if (action === "kill") process.kill(process.pid, "SIGKILL");
  if (action === "marshal") return { big: 1n };
  if (action === "silent") return null;
  if (action === "repeat") return event.value.repeat(event.times);
  return event.value;
};
