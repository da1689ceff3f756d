throw new RangeError("DB_HOST");
