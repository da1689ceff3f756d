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
