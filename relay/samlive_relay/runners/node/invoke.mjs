/** Calls a handler of any form: async, callback, or streaming; returns the raw answer. */
import { makeContext } from "./context.mjs";
import { invokeStreaming, isStreaming } from "./streaming.mjs";

/**
 * @param {Function} handler the user's function
 * @param {Buffer} raw the raw event
 * @param {object} headers headers of /next
 */
export async function invoke(handler, raw, headers) {
  const event = JSON.parse(raw.toString("utf8"));
  if (isStreaming(handler)) return invokeStreaming(handler, event, headers);
  const result = await settle(handler, event, headers);
  try {
    return JSON.stringify(result === undefined ? null : result);
  } catch {
    throw new Error("Unable to stringify response body");
  }
}

function settle(handler, event, headers) {
  return new Promise((resolve, reject) => {
    const nothing = onEmptyLoop(() => resolve(null));
    const done = (error, value) => {
      nothing.cancel();
      const act = () => (error == null ? resolve(value) : reject(error));
      if (context.callbackWaitsForEmptyEventLoop) onEmptyLoop(act);
      else setImmediate(act);
    };
    const context = makeContext(headers, done);
    const result = handler(event, context, done);
    if (typeof result?.then === "function") {
      nothing.cancel();
      result.then(resolve, reject);
    }
  });
}

/** Act once nothing keeps the event loop alive, unless cancelled before. */
function onEmptyLoop(act) {
  process.once("beforeExit", act);
  return { cancel: () => process.removeListener("beforeExit", act) };
}
