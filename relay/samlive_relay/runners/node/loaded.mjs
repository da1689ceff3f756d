/**
 * Notes every file of the user's own that Node reads as a module.
 *
 * CommonJS goes through require's extensions, in this thread; ES modules through
 * a load hook, in Node's loader thread, which sends its notes over a port before
 * it hands the module over. Each file is looked at before it is read: a save
 * during the read then shows as a difference.
 */
import fs from "node:fs";
import Module, { register } from "node:module";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { look } from "./stamp.mjs";

/** Start noting; returns a function that takes the notes since its last call. */
export function watchLoads() {
  const noted = new Map();
  const note = (entry) => entry && !noted.has(entry[0]) && noted.set(entry[0], entry);

  for (const extension of Object.keys(Module._extensions)) {
    const original = Module._extensions[extension];
    Module._extensions[extension] = (module, file) => {
      note(look(file));
      return original(module, file);
    };
  }

  let port;
  if (register) {
    const channel = new MessageChannel();
    port = channel.port1;
    port.unref();
    const data = { port: channel.port2 };
    register("./hooks.mjs", import.meta.url, { data, transferList: [channel.port2] });
  }

  const sent = new Set();
  return () => {
    for (let message; port && (message = receiveMessageOnPort(port)); ) note(message.message);
    const fresh = [...noted.values()].filter(([file]) => !sent.has(file));
    for (const [file] of fresh) sent.add(file);
    return fresh;
  };
}
