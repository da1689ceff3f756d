exports.handler = async (event, context) => {
  if (event.act === "throw") throw new RangeError("out of range");
  if (event.act === "exit") process.exit(3);
  console.log("a line");
  return {
    id: context.awsRequestId,
    left: context.getRemainingTimeInMillis(),
    task: process.env.LAMBDA_TASK_ROOT,
  };
};

exports.callback = (event, context, done) => setImmediate(() => done(null, "called back"));

exports.stream = awslambda.streamifyResponse(async (event, output) => {
  output = awslambda.HttpResponseStream.from(output, { statusCode: 201, headers: { a: "b" } });
  output.write("one,");
  output.write("two");
  output.end();
});

// Says "first", waits for a file, and goes on as told.
exports.slow = awslambda.streamifyResponse(async (event, output) => {
  const told = event.queryStringParameters ?? event;
  const prelude = { statusCode: 201, headers: { a: "b" }, cookies: ["c=d", "e=f"] };
  if (told.http) output = awslambda.HttpResponseStream.from(output, prelude);
  output.write("first ");
  while (!require("fs").existsSync(told.gate)) await new Promise((done) => setTimeout(done, 5));
  if (told.act === "throw") throw new RangeError("in the middle");
  if (told.act === "exit") process.exit(3);
  output.write("last");
  output.end();
});
