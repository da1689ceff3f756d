/**
 * Bundles TypeScript for the relay, with the project's own esbuild.
 *
 *     node bundler.mjs <descriptor> <esbuild's main module>
 *
 * One process for the session: esbuild keeps what it has parsed, so that a save
 * costs the one file that was saved. Over the descriptor, a stream socket, each
 * line is a JSON object: a request {id, key, options, entry, own, folder, output}
 * and its answer {id, folder, inputs} or {id, error}. `folder` is where the bundle
 * was written: a new one, or that of the build before if nothing has changed.
 *
 * Options: https://esbuild.github.io/api/
 */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import path from "node:path";
import readline from "node:readline";
import { packagesOutside, PREAMBLE } from "./externals.mjs";
import { noteInputs } from "./inputs.mjs";

const [descriptor, main] = process.argv.slice(2);
const esbuild = createRequire(import.meta.url)(main);
const socket = new net.Socket({ fd: Number(descriptor) });
const projects = new Map();

/** A function's build, ready to be repeated. */
class Project {
  constructor(request) {
    const { options, entry } = request;
    const { format, banner = {} } = options;
    const esm = format === "esm";
    this.signature = signatureOf(request);
    this.inputs = noteInputs(request.own);
    this.options = {
      ...options,
      entryPoints: { [request.output]: entry },
      bundle: true,
      platform: "node",
      sourcemap: "linked",
      write: false,
      logLevel: "silent",
      outExtension: { ".js": esm ? ".mjs" : ".cjs" },
      banner: esm ? { ...banner, js: [PREAMBLE, banner?.js].filter(Boolean).join("\n") } : banner,
      // Only its depth counts: sources are named relative to where the bundle is.
      outdir: path.join(path.dirname(request.folder), "0"),
      plugins: [packagesOutside(format, this.inputs.settings), this.inputs.plugin],
    };
  }

  async build(folder, modules) {
    this.inputs.begin();
    this.context ??= await (esbuild.context ?? withoutContext)(this.options);
    const { outputFiles } = await this.context.rebuild();
    const same = this.files?.every(({ contents }, at) => Buffer.compare(contents, outputFiles[at].contents) === 0);
    if (!same) {
      this.files = outputFiles;
      this.folder = folder;
      this.write(modules);
    }
    return { folder: this.folder, inputs: this.inputs.taken() };
  }

  write(modules) {
    for (const file of this.files) {
      const name = path.join(this.folder, path.relative(this.options.outdir, file.path));
      mkdirSync(path.dirname(name), { recursive: true, mode: 0o700 });
      writeFileSync(name, file.contents);
    }
    if (modules) symlinkSync(modules, path.join(this.folder, "node_modules"));
  }

  async dispose() {
    await this.context?.dispose();
  }
}

/** Stands for `context` of esbuild before 0.17. */
function withoutContext(options) {
  return { rebuild: () => esbuild.build(options), dispose: () => undefined };
}

function signatureOf({ options, entry, own, output }) {
  return JSON.stringify([options, entry, own, output]);
}

async function serve(request) {
  const { key, folder, modules } = request;
  let project = projects.get(key);
  if (project?.signature !== signatureOf(request)) {
    await project?.dispose();
    project = new Project(request);
    projects.set(key, project);
  }
  try {
    return await project.build(folder, modules);
  } catch (problem) {
    rmSync(folder, { recursive: true, force: true });
    if (!problem.errors) return { error: String(problem.message ?? problem) };
    const texts = await esbuild.formatMessages(problem.errors, { kind: "error", color: false });
    return { error: texts.join("").trim() };
  }
}

// The relay's end closes with the relay, and then nobody needs this process.
socket.on("close", () => process.exit(0));
socket.on("error", () => process.exit(0));
for await (const line of readline.createInterface({ input: socket })) {
  const request = JSON.parse(line);
  serve(request).then((answer) => socket.write(JSON.stringify({ id: request.id, ...answer }) + "\n"));
}
