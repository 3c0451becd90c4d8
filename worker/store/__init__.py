"""The truth: tables, migrations, transactions, and the queries that the flow needs."""
