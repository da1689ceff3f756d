/**
 * The console as Lambda's Node.js runtime sets it up: time, request id, level, text;
 * or one JSON object per call with AWS_LAMBDA_LOG_FORMAT=JSON.
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
 */
import { format } from "node:util";
import { describe, isError } from "./errors.mjs";

const LEVELS = { trace: "TRACE", debug: "DEBUG", log: "INFO", info: "INFO", warn: "WARN", error: "ERROR" };
const ORDER = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const asJson = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === "JSON";
const lowest = asJson ? Math.max(0, ORDER.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase())) : 0;
let request = "";

export function setRequest(id) {
  request = id;
}

export function patchConsole() {
  for (const [name, level] of Object.entries(LEVELS)) {
    console[name] = (...values) => write(level, values);
  }
}

/** Log an error that ends an invocation. */
export function logError(error) {
  const { errorType, errorMessage, trace } = describe(error);
  const kind = "Invoke Error";
  if (asJson) write("ERROR", [{ errorType, errorMessage, stackTrace: trace.slice(1) }]);
  else write("ERROR", [`${kind} \t${JSON.stringify({ errorType, errorMessage, stack: trace })}`]);
}

function write(level, values) {
  if (asJson && ORDER.indexOf(level) < lowest) return;
  process.stdout.write((asJson ? jsonLine(level, values) : textLine(level, values)) + "\n");
}

function textLine(level, values) {
  return [new Date().toISOString(), request || undefined, level, format(...values)].join("\t");
}

function jsonLine(level, values) {
  const entry = { timestamp: new Date().toISOString(), level, requestId: request || undefined };
  const [only] = values;
  if (values.length === 1 && isError(only)) {
    Object.assign(entry, { message: describe(only) });
  } else if (values.length === 1 && typeof only === "object") {
    entry.message = only;
  } else {
    entry.message = format(...values);
  }
  try {
    return JSON.stringify(entry);
  } catch {
    return JSON.stringify({ ...entry, message: format(...values) });
  }
}
