// A brace is missing.

export const handler = async (event) => {
  return event;
