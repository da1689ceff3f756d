/**
 * Stands for one Lambda execution environment of a Node.js function.
 *
 *     node run_handler.mjs        (variables: _HANDLER, LAMBDA_TASK_ROOT, AWS_LAMBDA_RUNTIME_API)
 *
 * Started by the relay with the Node.js of the user; no package but Node's own.
 * It imports the handler, reports which files were read, then takes one
 * invocation after another from the Runtime API until that hangs up.
 */
import { watchLoads } from "./loaded.mjs";
import { RuntimeClient } from "./client.mjs";
import { describe, isError } from "./errors.mjs";
import { findHandler } from "./handler.mjs";
import { patchConsole, logError, setRequest } from "./logs.mjs";
import { invoke } from "./invoke.mjs";
import { offerStreaming } from "./streaming.mjs";
import { locate } from "./syntax.mjs";

const client = new RuntimeClient(process.env.AWS_LAMBDA_RUNTIME_API);
const takeLoaded = watchLoads();
let running = "";

async function fail(error, status) {
  logError(error);
  if (running) await client.error(running, describe(error));
  else await client.initError(describe(error));
  process.exit(status);
}

class UnhandledPromiseRejection extends Error {
  constructor(reason) {
    super(isError(reason) ? `${reason}` : String(reason));
    this.name = "Runtime.UnhandledPromiseRejection";
    this.reason = reason;
  }
}

process.on("uncaughtException", (error) => fail(error, 129));
process.on("unhandledRejection", (reason) => fail(new UnhandledPromiseRejection(reason), 128));

patchConsole();
offerStreaming();

async function reportLoaded() {
  const files = takeLoaded();
  if (files.length) await client.loaded(files);
  return files.map(([file]) => file);
}

async function serve(handler) {
  for (;;) {
    const { headers, event } = await client.next();
    running = headers["lambda-runtime-aws-request-id"];
    setRequest(running);
    const trace = headers["lambda-runtime-trace-id"];
    if (trace) process.env._X_AMZN_TRACE_ID = trace;
    else delete process.env._X_AMZN_TRACE_ID;
    let answer;
    try {
      answer = await invoke(handler, event, headers);
    } catch (error) {
      logError(error);
      await reportLoaded();
      await client.error(running, describe(error));
      running = "";
      continue;
    }
    await reportLoaded();
    await client.response(running, answer);
    running = "";
  }
}

let handler;
try {
  handler = await findHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
} catch (error) {
  locate(error, await reportLoaded());
  await fail(error, 1);
}
await reportLoaded();
await serve(handler);
