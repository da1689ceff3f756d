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
const TICK_MS = 50;

/** Look at a file; undefined for our own ones. */
export function look(file) {
  if (isOurs(file)) return undefined;
  const found = fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  if (!found) return undefined;
  const recent = !isInstalled(file) && Date.now() - Number(found.mtimeMs) < TICK_MS;
  return [file, String(found.mtimeNs), String(found.size), String(found.ino), recent ? digest(file) : ""];
}

/** Tell whether a file belongs to an installed package. */
export function isInstalled(file) {
  return file.includes(INSTALLED);
}

/** Tell whether a file is one of the runner's. */
export function isOurs(file) {
  return file.startsWith(OURS);
}

function digest(file) {
  return createHash("sha256").update(fs.readFileSync(file)).digest("hex");
}
