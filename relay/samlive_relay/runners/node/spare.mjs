/**
 * A process that stands ready: it loads the packages that the user's code asked for
 * last time, waits until it is needed, and then becomes an ordinary environment.
 *
 * That must not be told from a fresh start. The relay leaves a package out of the
 * next spare that fails while it is loaded ahead, looks at the user's own files, or
 * has read a variable which has another value when the process is needed. When the
 * code no longer asks for a package, or sets such a variable itself before it does,
 * the process is of no use, and says so before it takes a call.
 */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import v8 from "node:v8";
import { watchFiles } from "./files.mjs";
import { rehearse } from "./rehearsal.mjs";
import { watchVariables } from "./variables.mjs";

const require = createRequire(import.meta.url);

/**
 * Load packages ahead, wait, and take over an environment's variables.
 *
 * @param {import("./client.mjs").RuntimeClient} client
 * @param {object} loads what `watchLoads` returned
 * @returns {Promise<Function>} to be called with what the user's code has asked for, or
 *     without when it has failed; returns undefined, or why this process is of no use
 */
export async function standBy(client, loads) {
  delete process.env.SAMLIVE_SPARE;
  const { modules, folders } = await client.ours("spare/modules");
  // All that is defined from here on is compiled at once, not when it is called first.
  v8.setFlagsFromString("--no-lazy");
  await rehearse();
  const unfit = new Set();
  let loading = "";
  const blame = () => unfit.add(loading);
  loads.onOwn = blame;
  const variables = watchVariables(() => loading);
  const unwatch = watchFiles(folders, blame);
  for (const [kind, file] of modules) {
    loading = file;
    try {
      if (kind === "import") await import(pathToFileURL(file).href);
      else require(file);
    } catch {
      blame();
    }
  }
  unwatch();
  v8.setFlagsFromString("--lazy");
  loads.taken();
  loads.onOwn = undefined;
  const report = { unfit: [...unfit], reads: variables.reads(), files: loads.takenInstalled() };
  await client.ours("spare/ready", report);
  variables.take(await client.ours("spare/boot"));
  loads.bundle = process.env.SAMLIVE_BUNDLE;
  return (wanted) => {
    const asked = new Set(wanted?.map(([, file]) => file));
    const unasked = wanted ? modules.map(([, file]) => file).filter((file) => !asked.has(file)) : [];
    const conflict = variables.finish();
    return conflict.length + unasked.length ? { conflict, unasked } : undefined;
  };
}
