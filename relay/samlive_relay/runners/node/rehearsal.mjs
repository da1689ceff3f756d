/**
 * Goes once through what happens between a save and the first answer, with handlers of
 * our own, in a process that stands ready.
 *
 * Whatever runs for the first time has to be compiled, Node's own code too: that takes
 * as long as a small function's whole start. Nothing is left of it that the user's code
 * could see.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { findHandler } from "./handler.mjs";
import { invoke } from "./invoke.mjs";
import { rehearseLine } from "./logs.mjs";

const require = createRequire(import.meta.url);
const FOLDER = fileURLToPath(new URL("rehearsed", import.meta.url));
const HANDLERS = ["module.handler", "common.handler"];

/** Find and call a handler of each kind, and make what a line of output needs. */
export async function rehearse() {
  for (const name of HANDLERS) {
    const handler = await findHandler(FOLDER, name);
    await invoke(handler, Buffer.from("{}"), {});
  }
  delete require.cache[require.resolve("./rehearsed/common.cjs")];
  rehearseLine();
}
