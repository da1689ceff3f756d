/**
 * What identifies a file's content: path, mtime in nanoseconds, size, inode, and
 * a digest when it was saved so recently that its time may not change at once.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const OURS = path.dirname(fileURLToPath(import.meta.url)) + path.sep;
const INSTALLED = `${path.sep}node_modules${path.sep}`;
const LAYER = /^(.*\/nodejs\/(?:node\d+\/)?node_modules)\/(@[^/]+\/[^/]+|[^/]+)/;
const TICK_MS = 50;
const installed = new Map();

/** Look at a file; undefined for our own ones. */
export function look(file) {
  if (isOurs(file)) return undefined;
  const found = fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  if (!found) return undefined;
  const recent = !isInstalled(file) && Date.now() - Number(found.mtimeMs) < TICK_MS;
  return [file, String(found.mtimeNs), String(found.size), String(found.ino), recent ? digest(file) : ""];
}

/**
 * Tell whether a file belongs to an installed package. What lies in a layer's
 * node_modules without an installer having put it there is the project's own.
 */
export function isInstalled(file) {
  if (!file.includes(INSTALLED)) return false;
  const found = LAYER.exec(file);
  if (!found || file.lastIndexOf(INSTALLED) > found[1].length) return true;
  if (!installed.has(found[1])) installed.set(found[1], installedIn(found[1]));
  const names = installed.get(found[1]);
  return names === undefined || names.has(found[2]);
}

/** Return the names of the packages in a layer's folder; undefined for all of them. */
function installedIn(folder) {
  try {
    const text = fs.readFileSync(path.join(folder, ".package-lock.json"), "utf8");
    const names = Object.keys(JSON.parse(text).packages);
    return new Set(names.map((name) => name.replace("node_modules/", "")));
  } catch {
    return fs.existsSync(path.join(folder, "..", "package.json")) ? undefined : new Set();
  }
}

/** Tell whether a file is one of the runner's. */
export function isOurs(file) {
  return file.startsWith(OURS);
}

function digest(file) {
  return createHash("sha256").update(fs.readFileSync(file)).digest("hex");
}
