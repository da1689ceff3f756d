/**
 * Notes when packages look at files of the user's own while they are loaded ahead:
 * such a file may be another one when the process is needed.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";
import { isInstalled } from "./stamp.mjs";

const LOOKING = [
  "accessSync", "createReadStream", "existsSync", "lstatSync", "open", "openSync", "opendirSync",
  "readFile", "readFileSync", "readdir", "readdirSync", "stat", "statSync",
];

/**
 * @param {string[]} folders folders of the user's own files
 * @param {() => void} tell called at each look
 */
export function watchFiles(folders, tell) {
  const undo = [...wrap(fs, folders, tell), ...wrap(fs.promises, folders, tell)];
  syncBuiltinESMExports();
  return () => {
    for (const restore of undo) restore();
    syncBuiltinESMExports();
  };
}

function wrap(module, folders, tell) {
  let on = true;
  return LOOKING.filter((name) => typeof module[name] === "function").map((name) => {
    const original = module[name];
    const wrapped = Object.assign(function (file, ...rest) {
      if (on && isOwn(file, folders)) tell();
      return original.call(this, file, ...rest);
    }, original);
    module[name] = wrapped;
    return () => {
      on = false;
      if (module[name] === wrapped) module[name] = original;
    };
  });
}

function isOwn(file, folders) {
  if (typeof file !== "string" && !(file instanceof URL)) return false;
  const name = path.resolve(file instanceof URL ? decodeURIComponent(file.pathname) : file);
  return folders.some((folder) => name.startsWith(folder + path.sep)) && !isInstalled(name + path.sep);
}
