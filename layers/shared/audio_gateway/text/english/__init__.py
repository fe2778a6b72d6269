"""How written English is read aloud, one module per kind of writing: numbers, dates, money, addresses, capitals."""
