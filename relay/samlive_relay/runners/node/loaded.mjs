/**
 * Notes every file that Node reads as a module, and which packages the user's own
 * code asks for: what the relay compares with the disk, and what the next process
 * can load ahead.
 *
 * CommonJS goes through require's extensions; ES modules through a hook in this
 * thread, from Node 22.15 on, or else through hooks in Node's loader thread, which
 * sends its notes over a port before it hands a module over. Each file is looked at
 * before it is read: a save during the read then shows as a difference.
 */
import Module from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { isInstalled, isOurs, look } from "./stamp.mjs";

class Loads {
  /** Called at each file of the user's own, if set. */
  onOwn = undefined;
  /** Folder of a bundle: it is stood for by what it was made of, which the relay knows. */
  bundle = process.env.SAMLIVE_BUNDLE;
  #noted = new Set();
  #own = [];
  #installed = [];
  #wanted = new Map();
  #port;

  constructor() {
    this.#watchRequire();
    if (Module.registerHooks) this.#watchHere();
    else if (Module.register) this.#watchThere();
  }

  /** Take the notes of the user's own files since the last call. */
  taken() {
    this.#receive();
    return this.#own.splice(0);
  }

  /** Take the notes of the files of packages, likewise. */
  takenInstalled() {
    this.#receive();
    return this.#installed.splice(0);
  }

  /** Take how and which files of packages the user's code has asked for. */
  takenWanted() {
    this.#receive();
    const found = [...this.#wanted].map(([file, kind]) => [kind, file]);
    this.#wanted.clear();
    return found;
  }

  #watchRequire() {
    for (const extension of Object.keys(Module._extensions)) {
      const original = Module._extensions[extension];
      Module._extensions[extension] = (module, file) => {
        this.#note(look(file));
        return original(module, file);
      };
    }
    const original = Module._resolveFilename;
    Module._resolveFilename = (request, parent, ...rest) => {
      const file = original.call(Module, request, parent, ...rest);
      const by = parent?.filename;
      if (by && isInstalled(file) && !isInstalled(by) && !isOurs(by) && !this.#wanted.has(file)) {
        this.#wanted.set(file, "require");
      }
      return file;
    };
  }

  #watchHere() {
    const resolve = (specifier, context, next) => {
      const found = next(specifier, context);
      if (context.conditions.includes("import")) this.#resolved(found.url, context.parentURL);
      return found;
    };
    Module.registerHooks({ resolve });
  }

  #resolved(url, parentURL) {
    if (!url.startsWith("file:")) return;
    const file = fileURLToPath(url);
    const by = parentURL?.startsWith("file:") ? fileURLToPath(parentURL) : "";
    if (by && isInstalled(file) && !isInstalled(by) && !isOurs(by)) this.#wanted.set(file, "import");
    this.#note(look(file));
  }

  #watchThere() {
    const channel = new MessageChannel();
    this.#port = channel.port1;
    this.#port.unref();
    const data = { port: channel.port2 };
    Module.register("./hooks.mjs", import.meta.url, { data, transferList: [channel.port2] });
  }

  #note(entry) {
    if (!entry || this.#noted.has(entry[0]) || this.#isBundle(entry[0])) return;
    this.#noted.add(entry[0]);
    if (isInstalled(entry[0])) {
      this.#installed.push(entry);
    } else {
      this.#own.push(entry);
      this.onOwn?.();
    }
  }

  #isBundle(file) {
    return Boolean(this.bundle) && file.startsWith(this.bundle + path.sep);
  }

  #receive() {
    for (let received; this.#port && (received = receiveMessageOnPort(this.#port)); ) {
      const { entry, wanted } = received.message;
      if (entry) this.#note(entry);
      else this.#wanted.set(wanted, "import");
    }
  }
}

/** Start noting. */
export function watchLoads() {
  return new Loads();
}
