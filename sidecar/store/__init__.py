"""All SQL: one transaction a function, one writer."""
