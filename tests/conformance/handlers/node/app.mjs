/** What the conformance suite's events ask for, by name. */

class OutOfStock extends Error {
  constructor(message) {
    super(message);
    this.name = "OutOfStock";
    this.order = 7;
    this.code = "E_STOCK";
  }
}

class Nameless extends Error {}

const circular = {};
circular.self = circular;

const ANSWERS = {
  undefined: () => undefined,
  null: () => null,
  text: () => "plain",
  unicode: () => "é \u2028 🎉 \u007f \u0000 <>&'\"\\/ \ud800",
  numbers: () => [0, -0, 1.5, 1e21, NaN, Infinity],
  nested: () => ({ a: [1, { b: undefined, c: null }], d: new Date(0), e: new Map([[1, 2]]) }),
  "with toJSON": () => ({ toJSON: () => "own" }),
  bytes: () => Buffer.from("raw"),
  function: () => () => 1,
  symbol: () => Symbol("s"),
  bigint: () => ({ n: 1n }),
  circular: () => circular,
  "error as value": () => new Error("returned"),
  "http answer": () => ({ statusCode: 200, headers: { a: "b" }, body: "{}" }),
};

const ERRORS = {
  error: () => {
    throw new TypeError("no stock");
  },
  custom: () => {
    throw new OutOfStock("nothing\nleft é");
  },
  subclass: () => {
    throw new Nameless("of a class");
  },
  cause: () => {
    throw new Error("outer", { cause: new Error("inner") });
  },
  "text thrown": () => {
    throw "no stock";
  },
  "nothing thrown": () => {
    throw undefined;
  },
  "object thrown": () => {
    throw { message: "like an error", name: "Odd" };
  },
  "number thrown": () => {
    throw 42;
  },
  "without stack": () => {
    const error = new Error("bare");
    delete error.stack;
    throw error;
  },
  "delete character": () => {
    throw new Error("odd \u007f text");
  },
  aggregate: () => {
    throw new AggregateError([new Error("one")], "many");
  },
  rejected: () => Promise.reject(new RangeError("later")),
};

const ENDINGS = {
  "unhandled rejection": async () => {
    Promise.reject(new Error("lost"));
    await new Promise((resolve) => setTimeout(resolve, 2000));
  },
  "rejection of text": async () => {
    Promise.reject("lost");
    await new Promise((resolve) => setTimeout(resolve, 2000));
  },
  "uncaught exception": async () => {
    setTimeout(() => {
      throw new OutOfStock("in a timer");
    }, 1);
    await new Promise((resolve) => setTimeout(resolve, 2000));
  },
  exit: () => process.exit(3),
  "exit code": async () => {
    process.exitCode = 4;
    process.exit();
  },
};

const LOGS = {
  levels: () => {
    console.trace("trace of %d", 2);
    console.debug("debug of %d", 2);
    console.log("log of %d", 2);
    console.info("info of %d", 2);
    console.warn("warn of %d", 2);
    console.error("error of %d", 2);
  },
  lines: () => console.log("two\nlines"),
  object: () => console.log({ order: 7, deep: { a: { b: { c: 1 } } } }),
  "text and object": () => console.log("order", { id: 7 }, [1, 2]),
  nothing: () => console.log(),
  undefined: () => console.log(undefined),
  number: () => console.log(7),
  error: () => console.error(new OutOfStock("shown")),
  "text and error": () => console.error("failed:", new TypeError("shown")),
  "error within": () => console.log({ failure: new TypeError("shown") }),
  "several objects": () => console.log({ a: 1 }, { b: 2 }),
  circular: () => console.log(circular),
  bigint: () => console.log({ n: 1n }),
  table: () => console.table([{ a: 1 }]),
  dir: () => console.dir({ a: 1 }),
  "standard output": () => process.stdout.write("written\n"),
  "standard error": () => process.stderr.write("written\n"),
  fatal: () => console.fatal?.("fatal of %d", 2),
};

const { AWS_LAMBDA_RUNTIME_API, ...others } = process.env;
const AROUND = {
  variables: () =>
    Object.fromEntries(
      Object.entries(process.env)
        .filter(([name]) => name !== "AWS_LAMBDA_RUNTIME_API")
        .sort(),
    ),
  "variables at import": () => Object.keys(others).sort(),
  cwd: () => process.cwd(),
  awslambda: () => Object.keys(globalThis.awslambda ?? {}).sort(),
  "is streaming": () => typeof globalThis.awslambda?.streamifyResponse,
  "listeners of the process": () =>
    ["uncaughtException", "unhandledRejection"].map((name) => process.listenerCount(name)),
  "exported names": () => import.meta.url.split("/").pop(),
};

export function describe(context) {
  const left = context.getRemainingTimeInMillis();
  if (!(left > 0 && left <= 100_000)) throw new Error(`left: ${left}`);
  return Object.fromEntries(
    Object.entries(context)
      .map(([name, value]) => [name, typeof value === "function" ? "function" : value])
      .sort(),
  );
}

export const names = { ANSWERS, ERRORS, ENDINGS, LOGS, AROUND };

export const handler = async (event, context) => {
  if (!Array.isArray(event?.ask)) return { got: event };
  const [kind, name] = event.ask;
  if (kind === "context") return describe(context);
  return names[kind][name]();
};
