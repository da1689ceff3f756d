/**
 * The console as Lambda's Node.js runtime sets it up: time, request id, level, text;
 * or one JSON object per call with AWS_LAMBDA_LOG_FORMAT=JSON.
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
 *
 * Format and level are looked up at each line: a process may stand ready before
 * it knows the variables of its function.
 */
import { format } from "node:util";
import { asError, linesOf } from "./errors.mjs";
import { isModern } from "./generation.mjs";

const LEVELS = {
  trace: "TRACE",
  debug: "DEBUG",
  log: "INFO",
  info: "INFO",
  warn: "WARN",
  error: "ERROR",
  fatal: "FATAL",
};
const ORDER = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
let request;
let tenant;

/** Tag lines with a request, and its tenant, from now on. */
export function setRequest(id, tenantId) {
  request = id;
  tenant = tenantId;
}

export function patchConsole() {
  for (const [name, level] of Object.entries(LEVELS)) {
    console[name] = (message, ...values) => write(level, message, ...values);
  }
}

/**
 * Log an error that ends an invocation, or the process.
 * @param {string} kind what ended, in Lambda's words
 * @param {unknown} thrown what was thrown
 */
export function logError(kind, thrown) {
  const error = asError(thrown);
  if (isJson()) write("ERROR", error);
  else write("ERROR", kind, `\t${JSON.stringify(error, shown)}`);
}

/** Make what the first line of a process needs, and write none. */
export function rehearseLine() {
  const level = LEVELS.log;
  return [textLine(level, "", []), jsonLine(level, "", []), process.stdout, process.stderr];
}

function isJson() {
  return process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === "JSON";
}

function write(level, message, ...values) {
  const lowest = ORDER.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase());
  if (ORDER.indexOf(level) < lowest) return;
  const line = isJson() ? jsonLine(level, message, values) : textLine(level, message, values);
  process.stdout.write(line + "\n");
}

/** What stands for a request that is not there yet is each runtime's own. */
function requestId() {
  return request ?? (isModern() ? "-" : undefined);
}

function textLine(level, message, values) {
  const time = new Date().toISOString();
  return `${time}\t${requestId()}\t${level}\t${format(message, ...values)}`;
}

function jsonLine(level, message, values) {
  const entry = { timestamp: new Date().toISOString(), level, requestId: requestId() };
  if (tenant) entry.tenantId = tenant;
  if (values.length === 0) {
    try {
      return JSON.stringify({ ...entry, message }, logged);
    } catch {
      return JSON.stringify({ ...entry, message: format(message) });
    }
  }
  entry.message = format(message, ...values);
  const error = [message, ...values].find((value) => value instanceof Error);
  return JSON.stringify(error ? { ...entry, ...named(error) } : entry);
}

function named(error) {
  return {
    errorType: error.constructor?.name ?? "UnknownError",
    errorMessage: error.message,
    stackTrace: linesOf(error),
  };
}

/** What JSON.stringify makes of errors within a logged object. */
function logged(_, value) {
  return value instanceof Error ? { ...named(value), ...value } : value;
}

/** What JSON.stringify makes of an error that ended something. */
function shown(_, value) {
  if (!(value instanceof Error)) return value;
  const { name, message, code } = value;
  const stack = typeof value.stack === "string" ? linesOf(value) : undefined;
  return { errorType: name, errorMessage: message, code, ...value, stack };
}
