/**
 * Finds file and line of a syntax error in an ES module: Node keeps them to itself
 * unless it prints the error, so another Node is asked to print it.
 */
import { spawnSync } from "node:child_process";

const MOST_FILES = 20;

/** Add the place to the error's stack; files are those that were read, in order. */
export function locate(error, files) {
  if (error.name !== "Runtime.UserCodeSyntaxError" || /\.[cm]?js:\d+/.test(error.stack)) return;
  for (const file of files.slice(-MOST_FILES).reverse()) {
    const { status, stderr } = spawnSync(process.execPath, ["--check", file], { env: {} });
    if (status !== 0) {
      const [place] = stderr.toString().split("\nSyntaxError:");
      error.stack = `${error.name}: ${error.message}\n${place.trim()}\n    at ${place.split("\n")[0]}`;
      return;
    }
  }
}
