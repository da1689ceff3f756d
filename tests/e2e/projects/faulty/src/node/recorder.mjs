// Does what the event says.

const fail = (message) => {
  throw new RangeError(message);
};

export const handler = async (event) => {
  const action = event.action ?? "echo";
  if (action === "raise") return fail(event.message);
  if (action === "exit") process.exit(event.status);
  if (action === "kill") process.kill(process.pid, "SIGKILL");
  if (action === "marshal") return { big: 1n };
  if (action === "repeat") return event.value.repeat(event.times);
  return event.value;
};
