/** Node's module loading hook; runs in the loader thread. */
import { fileURLToPath } from "node:url";
import { look } from "./stamp.mjs";

let port;

export function initialize(data) {
  port = data.port;
}

export async function load(url, context, next) {
  if (url.startsWith("file:")) {
    const entry = look(fileURLToPath(url));
    if (entry) port.postMessage(entry);
  }
  return next(url, context);
}
