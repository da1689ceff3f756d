raise KeyError("DB_HOST")
