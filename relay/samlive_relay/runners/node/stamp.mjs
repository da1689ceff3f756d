/**
 * What identifies a file's content: path, mtime in nanoseconds, size, inode, and
 * a digest when it was saved so recently that its time may not change at once.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const OURS = path.dirname(fileURLToPath(import.meta.url)) + path.sep;
const TICK_MS = 50;
const INSTALLED = `${path.sep}node_modules${path.sep}`;

/** Look at a file of the user's own; undefined for dependencies and our own files. */
export function look(file) {
  // A bundle is stood for by what it was made of, which the relay knows.
  const bundle = process.env.SAMLIVE_BUNDLE;
  if (file.startsWith(OURS) || (bundle && file.startsWith(bundle)) || isInstalled(file)) return undefined;
  const found = fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  if (!found) return undefined;
  const recent = Date.now() - Number(found.mtimeMs) < TICK_MS;
  return [file, String(found.mtimeNs), String(found.size), String(found.ino), recent ? digest(file) : ""];
}

/** Tell whether a file belongs to an installed package. */
export function isInstalled(file) {
  return file.includes(INSTALLED);
}

function digest(file) {
  return createHash("sha256").update(fs.readFileSync(file)).digest("hex");
}
