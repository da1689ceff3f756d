// Imports what is not there.

import { answer } from "not-installed-anywhere";

export const handler = async (event) => answer(event);
