/** Node's module hooks; they run in the loader thread. */
import { fileURLToPath } from "node:url";
import { isInstalled, isOurs, look } from "./stamp.mjs";

let port;

export function initialize(data) {
  port = data.port;
}

export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  const file = fileOf(found.url);
  const by = fileOf(context.parentURL);
  if (file && by && isInstalled(file) && !isInstalled(by) && !isOurs(by)) {
    port.postMessage({ wanted: file });
  }
  return found;
}

export async function load(url, context, next) {
  const file = fileOf(url);
  const entry = file && look(file);
  if (entry) port.postMessage({ entry });
  return next(url, context);
}

function fileOf(url) {
  return url?.startsWith("file:") ? fileURLToPath(url) : "";
}
