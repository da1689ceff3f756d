import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { answer } = require("./common.cjs");

export const handler = async () => answer;
