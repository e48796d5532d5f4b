"""The Spark engine: the same steps as ``mapInArrow`` stages, Delta written by Spark. Importing this package needs no pyspark."""
