/** Errors in the shape that Lambda's Node.js runtime gives them: errorType, errorMessage, trace. */
import util from "node:util";

export function isError(value) {
  return (
    util.types.isNativeError(value) ||
    Boolean(value && value.name && value.message && value.stack)
  );
}

/** Return the error object for anything that was thrown. */
export function describe(error) {
  if (!isError(error)) {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  return {
    errorType: error.name,
    errorMessage: error.message,
    trace: (error.stack ?? "").split("\n"),
  };
}

/** An error that the runtime names itself. */
export class RuntimeFault extends Error {
  constructor(kind, reason) {
    super(String(reason));
    this.name = `Runtime.${kind}`;
    if (isError(reason)) this.stack = `${this.name}: ${this.message}\n${frames(reason)}`;
  }
}

function frames(error) {
  const stack = error.stack ?? "";
  // A syntax error's stack starts with file and line: keep all of it.
  return error instanceof SyntaxError ? stack : stack.split("\n").slice(1).join("\n");
}
