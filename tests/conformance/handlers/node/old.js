/** Handlers in the forms from before promises. */
const later = (act) => setTimeout(act, 5);

const FORMS = {
  callback: (context, done) => done(null, { by: "callback" }),
  "callback with error": (context, done) => done(new RangeError("no stock")),
  "callback with text": (context, done) => done("no stock"),
  "callback later": (context, done) => later(() => done(null, "later")),
  "callback, then throw": (context, done) => {
    done(null, "first");
  },
  "callback twice": (context, done) => {
    done(null, "first");
    done(null, "second");
  },
  succeed: (context) => context.succeed({ by: "succeed" }),
  fail: (context) => context.fail(new RangeError("no stock")),
  done: (context) => context.done(null, { by: "done" }),
  "done with error": (context) => context.done(new RangeError("no stock")),
  "fail with nothing": (context) => context.fail(),
  "not waiting": (context, done) => {
    context.callbackWaitsForEmptyEventLoop = false;
    setTimeout(() => {}, 3000).unref();
    done(null, "at once");
  },
  "waiting": (context, done) => {
    done(null, "after the timer");
    later(() => {});
  },
  throws: () => {
    throw new TypeError("at once");
  },
  "value is not an answer": () => "ignored",
  "promise of a plain function": () => Promise.resolve("promised"),
  thenable: () => ({ then: (resolve) => resolve("thenable") }),
};

exports.names = { FORMS };
exports.handler = (event, context, callback) => FORMS[event.ask[1]](context, callback);
exports.two = (event, context) => FORMS[event.ask[1]](context);
exports.number = 1;
exports.nested = { handler: async () => "nested" };
