"""Which types and variables grew across the pods of a release: see README.md.

    spark-submit grew.py 'fleet/*' [--json]
"""

import json
import sys

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F


def table(spark, fleet, name):
    """A table of all cores. The column core_id is in the files: a partition of that name says the same, and is not read."""
    return spark.read.option("mergeSchema", "true").parquet(f"{fleet}/{name}.parquet")


def ends(run):
    """The first core of each pod, which counts down, and the last one, which counts up."""
    pod = F.concat_ws(" ", F.coalesce("host", F.lit("")), F.coalesce(F.col("pid").cast("string"), F.lit("")))
    run = run.select("core_id", "program", F.coalesce("version", "build_id", "go_version").alias("release"), pod.alias("pod"),
                     "time", "collections")
    whole = Window.partitionBy("program", "release", "pod")
    in_order = whole.orderBy("time", "collections", "core_id")
    run = run.withColumn("nth", F.row_number().over(in_order)).withColumn("cores", F.count("*").over(whole))
    run = run.where("cores > 1 AND (nth = 1 OR nth = cores)")
    return run.select("core_id", "program", "release", "pod", F.when(F.col("nth") == 1, -1).otherwise(1).alias("sign"))


def grew(spark, fleet):
    """A row for each type and variable that grew."""
    types = table(spark, fleet, "types").select("core_id", F.lit("type").alias("what"), F.col("type").alias("name"), "bytes")
    roots = table(spark, fleet, "roots").where("is_holder")
    roots = roots.select("core_id", F.lit("variable").alias("what"), F.col("holder").alias("name"),
                         F.col("retained_bytes").alias("bytes"))
    last_and_first = ends(table(spark, fleet, "run")).cache()
    pods = last_and_first.groupBy("program", "release").agg(F.countDistinct("pod").alias("all_pods"))
    of_pod = types.unionByName(roots).join(last_and_first, "core_id")
    of_pod = of_pod.groupBy("program", "release", "pod", "what", "name").agg(F.sum(F.col("sign") * F.col("bytes")).alias("grew"))
    rows = of_pod.join(pods, ["program", "release"]).groupBy("program", "release", "what", "name", "all_pods").agg(
        F.sum((F.col("grew") > 0).cast("long")).alias("pods"), F.median("grew").cast("long").alias("median_grew"),
        F.sum("grew").alias("total"))
    rows = rows.where("total > 0").withColumnRenamed("total", "grew")
    rows = rows.select("program", "release", "what", "name", "pods", "all_pods", "median_grew", "grew")
    return rows.orderBy("program", "release", "what", F.desc("grew"), "name")


def main():
    spark = SparkSession.builder.appName("what grew").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    rows = grew(spark, sys.argv[1])
    if "--json" in sys.argv:
        print(json.dumps([row.asDict() for row in rows.collect()]))
    else:
        rows.show(60, truncate=80)
    spark.stop()


if __name__ == "__main__":
    main()
