// The managed Node runtimes, as far as a kept function can tell.
//
// Stands in for AWS's bootstrap: it is started as `node <this file>`, speaks
// the Runtime API and runs the handler that _HANDLER names, CommonJS or ES
// module, with a promise or a callback. No packages.

import http from "node:http";
import fs from "node:fs";
import path from "node:path";
import util from "node:util";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Writable } from "node:stream";

const API = "/2018-06-01/runtime/";
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const STREAMING = Symbol.for("samlive.streaming");
const PRELUDE = Symbol.for("samlive.prelude");
const HTTP_CONTENT = "application/vnd.awslambda.http-integration-response";
let requestId = "";

class StartError extends Error {
  constructor(type, message) {
    super(message);
    this.name = type;
  }
}

function call(method, target, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const sent = http.request(
      { host, port, agent, method, path: API + target, headers },
      (reply) => {
        const parts = [];
        reply.on("data", (part) => parts.push(part));
        reply.on("end", () => resolve({ headers: reply.headers, body: Buffer.concat(parts) }));
        reply.on("error", reject);
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

async function load(name) {
  const match = /^(.*?)\.([^/]+)$/.exec(path.basename(name));
  if (!match) throw new StartError("Runtime.MalformedHandlerName", `Bad handler: ${name}`);
  const base = path.resolve(process.env.LAMBDA_TASK_ROOT, path.dirname(name), match[1]);
  let value = await imported(base, name);
  for (const key of match[2].split(".")) value = value?.[key] ?? value?.default?.[key];
  if (value === undefined) {
    throw new StartError("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  }
  if (typeof value !== "function") {
    throw new StartError("Runtime.HandlerNotFound", `${name} is not a function`);
  }
  return value;
}

async function imported(base, name) {
  const file = ["", ".js", ".mjs", ".cjs"].map((end) => base + end).find(isFile);
  if (!file) {
    throw new StartError("Runtime.ImportModuleError", `Error: Cannot find module '${name}'`);
  }
  try {
    if (!file.endsWith(".mjs")) {
      try {
        return createRequire(file)(file);
      } catch (error) {
        const known = ["ERR_REQUIRE_ESM", "ERR_REQUIRE_ASYNC_MODULE"];
        const esm = known.includes(error.code) || error.name === "SyntaxError";
        if (!esm) throw error;
      }
    }
    return await import(pathToFileURL(file));
  } catch (error) {
    if (error?.name === "SyntaxError") {
      throw new StartError("Runtime.UserCodeSyntaxError", `SyntaxError: ${error.message}`);
    }
    const missing = ["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"].includes(error?.code);
    if (missing) throw new StartError("Runtime.ImportModuleError", `Error: ${error.message}`);
    throw error;
  }
}

function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

function contextOf(headers) {
  const environment = process.env;
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const parsed = (name) => (headers[name] ? JSON.parse(headers[name]) : undefined);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    clientContext: parsed("lambda-runtime-client-context"),
    identity: parsed("lambda-runtime-cognito-identity"),
    tenantId: headers["lambda-runtime-aws-tenant-id"],
    getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
  };
}

function run(handler, event, context) {
  if (handler[STREAMING]) return streamed(handler, event, context);
  return new Promise((resolve, reject) => {
    const callback = (error, value) => (error ? reject(error) : resolve({ value }));
    context.done = callback;
    context.succeed = (value) => resolve({ value });
    context.fail = reject;
    const result = handler(event, context, callback);
    if (typeof result?.then === "function") result.then((value) => resolve({ value }), reject);
    // As on Lambda: a handler that takes no callback and returns no promise has answered.
    else if (handler.length < 3 && result !== undefined) resolve({ value: result });
  });
}

/** Run a streaming handler; what it writes is posted at once, an error follows in trailers. */
async function streamed(handler, event, context) {
  const headers = {
    "Lambda-Runtime-Function-Response-Mode": "streaming",
    Trailer: "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
  };
  const target = API + `invocation/${requestId}/response`;
  const sent = http.request({ host, port, agent, method: "POST", path: target, headers });
  const answered = new Promise((resolve, reject) => {
    sent.on("response", (reply) => reply.resume().on("end", resolve));
    sent.on("error", reject);
  });
  answered.catch(() => {});
  let failure;
  const output = new Writable({
    write: (part, encoding, done) => sent.write(part, encoding, done),
    final(done) {
      if (failure) sent.addTrailers(trailers(failure));
      sent.end();
      done();
    },
  });
  const plain = output.write.bind(output);
  output.setContentType = (type) => sent.setHeader("Content-Type", type);
  output.setContentType("application/octet-stream");
  output.write = (...values) => {
    const prelude = output[PRELUDE];
    delete output[PRELUDE];
    if (prelude) plain(Buffer.concat([Buffer.from(prelude), Buffer.alloc(8)]));
    return plain(...values);
  };
  try {
    await handler(event, output, context);
  } catch (error) {
    console.error("Invoke Error", JSON.stringify((failure = described(error))));
    if (!output.writableEnded) output.end();
  }
  await answered;
  return { posted: true };
}

function trailers(report) {
  return {
    "Lambda-Runtime-Function-Error-Type": encodeURI(report.errorType),
    "Lambda-Runtime-Function-Error-Body": Buffer.from(JSON.stringify(report)).toString("base64"),
  };
}

function described(error) {
  const known = error instanceof Error;
  const name = known ? error.name : typeof error;
  const message = known ? error.message : String(error);
  const trace = known && error.stack ? error.stack.split("\n") : [];
  return { errorType: name || "Error", errorMessage: message, trace };
}

function format(level, values) {
  const text = util.format(...values).replaceAll("\n", "\r");
  return `${new Date().toISOString()}\t${requestId}\t${level}\t${text}\n`;
}

function patchConsole() {
  const levels = { log: "INFO", info: "INFO", warn: "WARN", error: "ERROR", debug: "DEBUG", trace: "TRACE" };
  for (const [method, level] of Object.entries(levels)) {
    console[method] = (...values) => fs.writeSync(1, format(level, values));
  }
}

async function fail(target, error) {
  const report = described(error);
  console.error(`${target.startsWith("init") ? "Uncaught Exception" : "Invoke Error"}`, JSON.stringify(report));
  const headers = { "Lambda-Runtime-Function-Error-Type": report.errorType };
  await call("POST", target, JSON.stringify(report), headers);
}

async function respond(result) {
  if (result.posted) return;
  await call("POST", `invocation/${requestId}/response`, JSON.stringify(result.value) ?? "null");
}

async function serve(handler) {
  for (;;) {
    const next = await call("GET", "invocation/next");
    requestId = next.headers["lambda-runtime-aws-request-id"];
    process.env._X_AMZN_TRACE_ID = next.headers["lambda-runtime-trace-id"] ?? "";
    let result;
    try {
      result = await run(handler, JSON.parse(next.body), contextOf(next.headers));
    } catch (error) {
      await fail(`invocation/${requestId}/error`, error);
      continue;
    }
    await respond(result);
  }
}

globalThis.awslambda = {
  streamifyResponse(handler) {
    handler[STREAMING] = true;
    return handler;
  },
  HttpResponseStream: {
    from(output, prelude) {
      output.setContentType(HTTP_CONTENT);
      output[PRELUDE] = JSON.stringify(prelude);
      return output;
    },
  },
};

patchConsole();
process.on("uncaughtException", (error) => {
  console.error("Uncaught Exception", JSON.stringify(described(error)));
  process.exit(129);
});
let handler;
try {
  handler = await load(process.env._HANDLER);
} catch (error) {
  await fail("init/error", error);
  process.exit(129);
}
try {
  await serve(handler);
} catch (error) {
  // The cloud went.
  process.exit(error?.code ? 0 : 1);
}
