/**
 * Stands for one Lambda execution environment of a Node.js function.
 *
 *     node run_handler.mjs        (variables: _HANDLER, LAMBDA_TASK_ROOT, AWS_LAMBDA_RUNTIME_API)
 *
 * Started by the relay with the Node.js of the user; no package but Node's own.
 * With SAMLIVE_SPARE it waits first until it is needed (spare.mjs). Then
 * it imports the handler, reports which files were read, then takes one
 * invocation after another from the Runtime API until that hangs up.
 */
import { inspect } from "node:util";
import { watchLoads } from "./loaded.mjs";
import { RuntimeClient } from "./client.mjs";
import { describe, UnhandledPromiseRejection } from "./errors.mjs";
import { isModern } from "./generation.mjs";
import { findHandler } from "./handler.mjs";
import { patchConsole, logError, setRequest } from "./logs.mjs";
import { invoke } from "./invoke.mjs";
import { standBy } from "./spare.mjs";
import { offerStreaming } from "./streaming.mjs";
import { locate } from "./syntax.mjs";

const client = new RuntimeClient(process.env.AWS_LAMBDA_RUNTIME_API);
const loads = watchLoads();
let running = "";
let reported = Promise.resolve();

async function fail(kind, error, status) {
  logError(kind, error);
  // On a connection of its own: the other one may be waiting for an invocation.
  const apart = new RuntimeClient(process.env.AWS_LAMBDA_RUNTIME_API);
  if (running) await apart.error(running, describe(error));
  else await apart.initError(describe(error));
  process.exit(status);
}

/** End as a process does whose error nobody catches; newer runtimes do not. */
function crash(error) {
  process.stderr.write(`${inspect(error)}\n`);
  process.exit(1);
}

process.on("uncaughtException", (error) =>
  isModern() ? crash(error) : fail("Uncaught Exception", error, 129),
);
process.on("unhandledRejection", (reason, promise) =>
  isModern()
    ? crash(reason)
    : fail("Unhandled Promise Rejection", new UnhandledPromiseRejection(reason, promise), 128),
);

patchConsole();
offerStreaming();

/** Tell which files were read: before the answer, as what is sent first is served first. */
function reportLoaded() {
  const files = loads.taken();
  if (files.length) reported = client.loaded(files);
  return files.map(([file]) => file);
}

/** Begin a response on a connection of its own; it waits for the report before it ends. */
const post = () => ({
  ...client.stream(running),
  beforeEnd: () => (reportLoaded(), reported),
});

async function serve(handler) {
  for (;;) {
    const { headers, event } = await client.next();
    running = headers["lambda-runtime-aws-request-id"];
    setRequest(running, headers["lambda-runtime-aws-tenant-id"]);
    const trace = headers["lambda-runtime-trace-id"];
    if (trace) process.env._X_AMZN_TRACE_ID = trace;
    else delete process.env._X_AMZN_TRACE_ID;
    let answer;
    try {
      answer = await invoke(handler, event, headers, post);
    } catch (error) {
      logError("Invoke Error", error);
      reportLoaded();
      client.error(running, describe(error));
      running = "";
      continue;
    }
    reportLoaded();
    if (answer !== undefined) client.response(running, answer);
    running = "";
  }
}

async function endIfUseless(wanted) {
  const reason = judge?.(wanted);
  if (!reason) return;
  await client.ours("spare/useless", reason);
  process.exit(0);
}

const judge = process.env.SAMLIVE_SPARE ? await standBy(client, loads) : undefined;
offerStreaming(); // again: a spare has learnt its variables
let handler;
try {
  const { LAMBDA_TASK_ROOT, _HANDLER, SAMLIVE_BUNDLE } = process.env;
  handler = await findHandler(LAMBDA_TASK_ROOT, _HANDLER, SAMLIVE_BUNDLE);
} catch (error) {
  await endIfUseless();
  locate(error, reportLoaded());
  await fail(isModern() ? "Init Error" : "Uncaught Exception", error, 1);
}
const wanted = loads.takenWanted();
await endIfUseless(wanted);
reportLoaded();
client.ours("wanted", wanted);
await serve(handler);
