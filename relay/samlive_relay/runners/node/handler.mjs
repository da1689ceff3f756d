/** Finds the function that a handler string names, as CommonJS or ES module. */
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { RuntimeFault } from "./errors.mjs";
import { isModern } from "./generation.mjs";
import { isStreaming } from "./streaming.mjs";

const NO_CALLBACKS =
  "ERROR: AWS Lambda has removed support for callback-based function handlers starting with " +
  "Node.js 24. You need to modify this function to use a supported handler signature to use " +
  "Node.js 24 or later. For more information see " +
  "https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.";
const EXTENSIONS = ["", ".js", ".mjs", ".cjs"];

/**
 * @param {string} root code folder
 * @param {string} name the template's Handler, such as "src/index.handler"
 * @param {string} [built] folder of what was built of it
 */
export async function findHandler(root, name, built = root) {
  if (name.includes("..")) {
    const hint = "Use absolute paths when specifying root directories in handler names.";
    throw new RuntimeFault("MalformedHandlerName", `'${name}' is not a valid handler name. ${hint}`);
  }
  const folder = path.dirname(name);
  const match = path.basename(name).match(/^([^.]*)\.(.*)$/);
  if (!match) throw new RuntimeFault("MalformedHandlerName", "Bad handler");
  const module = await load(root, path.join(folder, match[1]), built);
  let found = module;
  for (const part of match[2].split(".")) found = found?.[part];
  if (isModern() && !found && module.default) {
    found = module.default;
    for (const part of match[2].split(".")) found = found?.[part];
  }
  if (!found) throw new RuntimeFault("HandlerNotFound", `${name} is undefined or not exported`);
  if (typeof found !== "function") {
    throw new RuntimeFault("HandlerNotFound", `${name} is not a function`);
  }
  if (isModern() && found.length >= 3 && !isStreaming(found)) {
    throw new RuntimeFault("CallbackHandlerDeprecated", NO_CALLBACKS);
  }
  return found;
}

async function load(root, name, built) {
  const base = path.resolve(built, name);
  const file = EXTENSIONS.map((extension) => base + extension).find(isFile);
  const require = createRequire(path.join(path.resolve(root), "_"));
  try {
    if (file && isEsm(file)) return await import(pathToFileURL(file).href);
    return require(file ?? require.resolve(name, { paths: [root, path.dirname(base)] }));
  } catch (error) {
    throw explain(error);
  }
}

function explain(error) {
  if (error instanceof SyntaxError) return new RuntimeFault("UserCodeSyntaxError", error);
  if (error?.code === "MODULE_NOT_FOUND") return new RuntimeFault("ImportModuleError", error);
  return error;
}

function isFile(name) {
  return fs.statSync(name, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isEsm(file) {
  if (file.endsWith(".mjs")) return true;
  if (file.endsWith(".cjs")) return false;
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const settings = path.join(folder, "package.json");
    if (isFile(settings)) return JSON.parse(fs.readFileSync(settings)).type === "module";
    if (folder === path.dirname(folder)) return false;
  }
}
