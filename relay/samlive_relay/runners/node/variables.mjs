/**
 * Notes which environment variables packages read while they are loaded ahead.
 *
 * A package that has read a variable must not be used with another value of it.
 * What differs from the start is known to the relay; what the user's own code sets
 * before it imports a package (dotenv, or by hand) is noticed here.
 */
import { syncBuiltinESMExports } from "node:module";

/** @param {() => string} loading returns the package that is being loaded */
export function watchVariables(loading) {
  const real = process.env;
  const reads = new Map();
  let ahead = true;
  const conflict = new Set();

  const read = (name) => {
    if (ahead && typeof name === "string" && !reads.has(name)) {
      reads.set(name, { value: real[name], by: loading() });
    }
  };
  const change = (name, value) => {
    const before = reads.get(name);
    if (!ahead && before && before.value !== value) conflict.add(before.by);
    read(name);
  };
  const watched = new Proxy(real, {
    get: (target, name) => (read(name), target[name]),
    has: (target, name) => (read(name), name in target),
    set(target, name, value) {
      change(name, String(value));
      target[name] = value;
      return true;
    },
    deleteProperty(target, name) {
      change(name, undefined);
      return delete target[name];
    },
  });
  replace(watched);
  return {
    /** Which variables were read, and by which package first. */
    reads: () => Object.fromEntries([...reads].map(([name, { by }]) => [name, by])),
    /** Take an environment's own values; from now on the user's code runs. */
    take(variables) {
      ahead = false;
      for (const [name, value] of Object.entries(variables)) {
        if (value === null) delete real[name];
        else real[name] = value;
      }
    },
    /** End the watch; returns the packages that have read what was changed since. */
    finish() {
      if (process.env === watched) replace(real);
      return [...conflict];
    },
  };
}

function replace(variables) {
  process.env = variables;
  syncBuiltinESMExports();
}
