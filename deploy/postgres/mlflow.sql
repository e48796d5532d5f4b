-- Read once, when the database is made: Dagster's is there already.
CREATE DATABASE mlflow;
