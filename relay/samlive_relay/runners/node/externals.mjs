/**
 * Leaves installed packages out of a bundle wherever Node can load them itself.
 *
 * That keeps a build at a few milliseconds, and lets a process stand ready with
 * the packages loaded. A package is named by the file that Node would load for
 * the importing file, so it is found from wherever the bundle is. What Node could
 * not load as it stands is bundled, as in a deployment: ES modules that CommonJS
 * needs, TypeScript of a workspace, files of other kinds.
 *
 * In an ES module, CommonJS is required by way of a module in between: esbuild
 * then offers its names as in a bundle, where Node's own import misses some.
 */
import { readFileSync, statSync } from "node:fs";
import { builtinModules, createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { isInstalled } from "./stamp.mjs";

const COMMONJS = "samlive-commonjs";
const REQUIRE = "__samliveRequire";
const BUILTIN = new Set(builtinModules);

/** What the plugin's ES modules need at their beginning. */
export const PREAMBLE =
  `import { createRequire as ${REQUIRE}From } from "node:module"; ` +
  `const ${REQUIRE} = ${REQUIRE}From(import.meta.url);`;

/**
 * @param {string} format "cjs" or "esm"
 * @param {() => string} settings returns what changes with the settings of the project
 */
export function packagesOutside(format, settings) {
  const known = new Map();
  return {
    name: "samlive-externals",
    setup(build) {
      // A package's name: neither a path nor an import of the package itself (#).
      build.onResolve({ filter: /^[^./#]/ }, async (request) => {
        const { path: name, importer, resolveDir, kind, namespace } = request;
        if (request.pluginData === COMMONJS || namespace !== "file" || isInstalled(importer)) return undefined;
        if (name.startsWith("node:") || BUILTIN.has(name)) return undefined;
        // Asking esbuild again costs more than looking whether anything has changed.
        const key = JSON.stringify([name, resolveDir, kind]);
        const state = [settings(), stateOf(name, resolveDir)].join();
        const before = known.get(key);
        if (before?.state === state) return before.found;
        const found = await resolve(build, format, request);
        if (found && isInstalled(found.path)) known.set(key, { state, found });
        return found;
      });
      build.onLoad({ filter: /./, namespace: COMMONJS }, ({ path: file }) => ({
        contents: `module.exports = ${REQUIRE}(${JSON.stringify(file)});`,
        loader: "js",
      }));
    },
  };
}

/** Return what changes when another package, or another version of it, is found by a name. */
function stateOf(name, folder) {
  const [scope, inner] = name.split("/");
  const own = scope.startsWith("@") ? path.join(scope, inner ?? "") : scope;
  for (let at = folder; ; at = path.dirname(at)) {
    const settings = path.join(at, "node_modules", own, "package.json");
    const found = statSync(settings, { throwIfNoEntry: false });
    if (found) return [settings, found.ino, found.mtimeMs, found.size].join();
    if (at === path.dirname(at)) return "";
  }
}

async function resolve(build, format, { path: name, importer, resolveDir, kind, namespace }) {
  const found = await build.resolve(name, { importer, resolveDir, kind, namespace, pluginData: COMMONJS });
  if (found.errors.length) return undefined; // esbuild says so, with file and line
  if (found.external || !isInstalled(found.path)) return found;
  const byImport = kind === "import-statement" || kind === "dynamic-import";
  if (format === "esm" && byImport && isModule(found.path)) {
    return { path: pathToFileURL(found.path).href, external: true };
  }
  const file = required(name, importer);
  if (!file) return found;
  if (format === "esm") return { path: file, namespace: COMMONJS };
  return { path: file, external: true };
}

/** Return the CommonJS file that Node finds for a name; "" when there is none. */
function required(name, importer) {
  let file;
  try {
    file = createRequire(importer).resolve(name);
  } catch {
    return "";
  }
  if (!isInstalled(file) || !/\.(c?js|json|node)$/.test(file)) return "";
  return isModule(file) ? "" : file;
}

const kinds = new Map();

/** Tell whether Node takes a file for an ES module. */
function isModule(file) {
  if (file.endsWith(".mjs")) return true;
  if (!file.endsWith(".js")) return false;
  for (let folder = path.dirname(file); folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const settings = path.join(folder, "package.json");
    const found = statSync(settings, { throwIfNoEntry: false });
    if (!found) continue;
    const known = kinds.get(settings);
    if (known?.stamp === found.ino + found.mtimeMs) return known.module;
    const module = JSON.parse(readFileSync(settings)).type === "module";
    kinds.set(settings, { stamp: found.ino + found.mtimeMs, module });
    return module;
  }
  return false;
}
