/**
 * Stands for rapid-client.node, the native HTTP client of aws-lambda-ric: next()
 * is a promise, done() and error() return when the answer has been taken.
 */
const http = require("node:http");
const Module = require("node:module");
const { Worker } = require("node:worker_threads");

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const ROOT = "/2018-06-01/runtime/invocation";
const taken = new Int32Array(new SharedArrayBuffer(4));
let worker;

/** The native client takes texts only. */
function check(...values) {
  if (values.some((value) => typeof value !== "string")) throw new TypeError("Wrong arguments");
}

/** Post from another thread, as this one has to wait. */
function post(path, body, headers) {
  worker ??= new Worker(
    `const http = require("node:http");
     const { parentPort, workerData: { host, port, taken } } = require("node:worker_threads");
     parentPort.on("message", ({ path, body, headers }) => {
       const end = () => { Atomics.store(taken, 0, 1); Atomics.notify(taken, 0); };
       const request = http.request({ host, port, path, method: "POST", headers }, (reply) => {
         reply.resume().on("end", end);
       });
       request.on("error", end);
       request.end(body);
     });`,
    { eval: true, execArgv: [], workerData: { host, port, taken } },
  );
  worker.unref();
  Atomics.store(taken, 0, 0);
  worker.postMessage({ path, body, headers });
  Atomics.wait(taken, 0, 0);
}

const client = {
  next: () =>
    new Promise((resolve, reject) => {
      const get = http.get({ host, port, path: `${ROOT}/next` }, (reply) => {
        let bodyJson = "";
        reply.setEncoding("utf8").on("data", (part) => (bodyJson += part));
        reply.on("end", () => resolve({ bodyJson, headers: chosen(reply.headers) }));
      });
      get.on("error", reject);
    }),
  done(id, body) {
    check(id, body);
    post(`${ROOT}/${id}/response`, body, { "Content-Type": "application/json" });
  },
  error(id, body, cause) {
    check(id, body, cause);
    post(`${ROOT}/${id}/error`, body, { "Content-Type": "application/json" });
  },
};

function chosen(headers) {
  const found = { "lambda-runtime-trace-id": "", "lambda-runtime-invoked-function-arn": "" };
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith("lambda-runtime-")) found[name] = value;
  }
  found["lambda-runtime-deadline-ms"] = Number(found["lambda-runtime-deadline-ms"]);
  return found;
}

const load = Module._extensions[".node"];
Module._extensions[".node"] = (module, file) => {
  if (file.endsWith("rapid-client.node")) module.exports = client;
  else load(module, file);
};
