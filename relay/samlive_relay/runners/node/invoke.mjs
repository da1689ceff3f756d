/**
 * Calls a handler of any form: async, callback, or streaming; returns the raw
 * answer, nothing when it was posted while it was written.
 */
import { makeContext, makeOldContext } from "./context.mjs";
import { RuntimeFault } from "./errors.mjs";
import { isModern } from "./generation.mjs";
import { invokeStreaming, isStreaming } from "./streaming.mjs";

/**
 * @param {Function} handler the user's function
 * @param {Buffer} raw the raw event
 * @param {object} headers headers of /next
 * @param {Function} post begins a response that is posted while it is written
 */
export async function invoke(handler, raw, headers, post) {
  const event = JSON.parse(raw.toString("utf8"));
  if (isStreaming(handler)) return invokeStreaming(handler, event, headers, post());
  const result = isModern()
    ? await handler(event, makeContext(headers))
    : await settle(handler, event, headers);
  const answer = stringify(result === undefined ? null : result);
  if (answer === undefined) throw new TypeError("Wrong arguments"); // a function, or a symbol
  return answer;
}

function stringify(value) {
  try {
    return JSON.stringify(value);
  } catch {
    const text = "Unable to stringify response body";
    throw isModern() ? new RuntimeFault("JSONStringifyError", text) : new Error(text);
  }
}

function settle(handler, event, headers) {
  return new Promise((resolve, reject) => {
    const nothing = onEmptyLoop(() => resolve(null));
    let waiting = nothing;
    const settled = (error, value) => {
      waiting.cancel();
      if (error == null) resolve(value);
      else reject(error);
    };
    const callback = (error, value) => {
      nothing.cancel();
      const act = () => settled(error, value);
      if (error == null && context.callbackWaitsForEmptyEventLoop) waiting = onEmptyLoop(act);
      else act();
    };
    const context = makeOldContext(headers, settled);
    try {
      const result = handler(event, context, once(callback));
      if (typeof result?.then === "function") {
        result.then(context.succeed, context.fail)?.catch?.(context.fail);
      }
    } catch (error) {
      callback(error);
    }
  });
}

function once(act) {
  let done = false;
  return (...values) => {
    if (!done) act(...values);
    done = true;
  };
}

/** Act once nothing keeps the event loop alive, unless cancelled before. */
function onEmptyLoop(act) {
  process.once("beforeExit", act);
  return { cancel: () => process.removeListener("beforeExit", act) };
}
