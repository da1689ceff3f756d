interface Event {
  pathParameters: { name: string };
}

interface Response {
  statusCode: number;
  body: string;
}

const word: string = "Hello";

/** Greets whoever the path names. */
export const handler = async (event: Event): Promise<Response> => {
  const { name } = event.pathParameters;
  if (name === "nobody") throw new RangeError("nobody is here");
  return { statusCode: 200, body: `${word}, ${name}, from TypeScript` };
};
