import { lost } from "./app.mjs";
export const handler = async () => lost;
