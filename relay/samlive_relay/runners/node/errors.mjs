/**
 * Errors in the shape that Lambda's Node.js runtime gives them: errorType,
 * errorMessage, trace. The frames of this runner are left out of every trace.
 */
import util from "node:util";
import { isModern } from "./generation.mjs";

const OURS = new URL(".", import.meta.url).href;

export function isError(value) {
  return (
    util.types.isNativeError(value) ||
    Boolean(value && value.name && value.message && value.stack)
  );
}

/** Return an error for anything that was thrown. */
export function asError(value) {
  return value instanceof Error ? value : new Error(String(value));
}

/** Return the error object for anything that was thrown. */
export function describe(error) {
  try {
    if (!isError(error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
    return {
      errorType: cleaned(error.name),
      errorMessage: cleaned(error.message),
      trace: linesOf(error).map(cleaned),
    };
  } catch {
    return {
      errorType: "handled",
      errorMessage:
        "callback called with Error argument, but there was a problem while retrieving " +
        "one or more of its message, name, and stack",
    };
  }
}

/** Return an error's stack by lines, without the frames of this runner. */
export function linesOf(error) {
  const lines = typeof error.stack === "string" ? error.stack.split("\n") : [];
  return lines.filter((line, at) => !isOurs(line) && !(isWrapper(line) && isOurs(lines[at + 1])));
}

const isOurs = (line) => line !== undefined && /^ +at /.test(line) && line.includes(OURS);
const isWrapper = (line) => line === "    at new Promise (<anonymous>)";

/** A header takes no DEL. */
const cleaned = (text) => text?.replaceAll("\x7F", "%7F");

/** An error that the runtime names itself. */
export class RuntimeFault extends Error {
  constructor(kind, reason) {
    super(String(reason));
    if (isModern()) this.name = `Runtime.${kind}`;
    else hide(this, "name", `Runtime.${kind}`);
    if (isError(reason)) this.stack = `${this.name}: ${this.message}\n${frames(reason)}`.trimEnd();
  }
}

/** What nobody caught of a promise, as runtimes before nodejs24.x name it. */
export class UnhandledPromiseRejection extends Error {
  constructor(reason, promise) {
    super(String(reason));
    hide(this, "name", "Runtime.UnhandledPromiseRejection");
    this.reason = reason;
    this.promise = promise;
    this.stack = `${this.name}: ${this.message}`;
  }
}

/** Set a property that is not shown when the error is logged with its own. */
function hide(error, name, value) {
  Object.defineProperty(error, name, { value, configurable: true, writable: true });
}

function frames(error) {
  const stack = error.stack ?? "";
  // A syntax error's stack starts with file and line: keep all of it.
  if (error instanceof SyntaxError) return stack;
  const at = stack.search(/^ +at /m);
  return at < 0 ? "" : stack.slice(at);
}
