/**
 * Notes what a bundle is made of: each file of the user's own that esbuild reads,
 * looked at before it is read, so that a save during the build shows as a difference.
 */
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { isInstalled, look } from "./stamp.mjs";

const SETTINGS = ["package.json", "tsconfig.json"];

/** @param {string} own folder of the handler's file, from which settings are looked for */
export function noteInputs(own) {
  let noted = new Map();
  const note = (file) => {
    const entry = look(file);
    if (entry) noted.set(file, entry);
  };
  return {
    begin() {
      noted = new Map();
      for (const name of SETTINGS) note(nearest(own, name));
    },
    taken: () => [...noted.values()],
    /** What changes with the settings. */
    settings: () => JSON.stringify(SETTINGS.map((name) => noted.get(nearest(own, name)))),
    plugin: {
      name: "samlive-inputs",
      setup(build) {
        build.onLoad({ filter: /./, namespace: "file" }, ({ path: file }) => {
          if (isInstalled(file)) return undefined;
          note(file);
          return { contents: readFileSync(file), loader: "default" };
        });
      },
    },
  };
}

function nearest(folder, name) {
  for (let at = folder; ; at = path.dirname(at)) {
    const file = path.join(at, name);
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
    if (at === path.dirname(at)) return "";
  }
}
