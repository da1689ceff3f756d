/** What identifies a file's content: path, mtime in nanoseconds, size, inode. */
import fs from "node:fs";
import path from "node:path";

const OURS = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);

/** Look at a file of the user's own; undefined for dependencies and our own files. */
export function look(file) {
  if (file.startsWith(OURS) || file.includes(`${path.sep}node_modules${path.sep}`)) return undefined;
  const found = fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  return found && [file, String(found.mtimeNs), String(found.size), String(found.ino)];
}
