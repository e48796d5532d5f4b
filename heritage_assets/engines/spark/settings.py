"""Settings of the Spark engine."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

DELTA_PACKAGES = ("io.delta:delta-spark_4.2_2.13:4.4.0",)
AWS_SDK = "2.35.4"
S3A_PACKAGES = (
    "org.apache.hadoop:hadoop-aws:3.5.0",
    *(
        f"software.amazon.awssdk:{part}:{AWS_SDK}"
        for part in ("s3", "s3-transfer-manager", "sts", "apache-client", "netty-nio-client")
    ),
)
"""hadoop-aws asks for the SDK as one bundle of 686 MB; these parts (18 MB) are what S3A uses of it."""

EXCLUDES = (
    "software.amazon.awssdk:bundle",
    # What Spark ships itself.
    "com.fasterxml.jackson.*:*",
    "com.github.luben:*",
    "com.google.code.findbugs:*",
    "commons-*:*",
    "io.airlift:*",
    "org.apache.hadoop:hadoop-client-*",
    "org.apache.logging.log4j:*",
    "org.apache.parquet:*",
    "org.roaringbitmap:*",
    "org.scala-lang:*",
    "org.slf4j:*",
    "org.xerial.snappy:*",
    # Unity Catalog's client; tables here are reached by address.
    "io.unitycatalog:*",
    "javax.annotation:*",
)

PICTURES = "*.{jpg,jpeg,png,gif,webp,tif,tiff,bmp,jp2,JPG,JPEG,PNG,TIF,TIFF}"
"""Names of the files of a folder of pictures; their bytes decide what they are."""


class SparkSettings(BaseModel):
    """How Spark is reached and what it may use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    master: str = Field("local[*]", description="Spark master: local[4], local-cluster[2,1,2048], spark://host:7077.")
    driver_memory: str = Field("2g", description="Memory of the driver's JVM.")
    executor_memory: str | None = Field(
        None, description="Memory of an executor's JVM (default: Spark's); Python workers come on top of it."
    )
    partitions: int | None = Field(
        None, ge=1, description="Pieces that a bulk step is cut into; default: two for each core that Spark has."
    )
    python: str | None = Field(
        None, description="Python on the executors, with this package installed; default: the driver's own."
    )
    packages: tuple[str, ...] | None = Field(
        None, description="Maven coordinates of the jars; default: Delta, and S3A where the lake is on S3. []: none."
    )
    excludes: tuple[str, ...] = Field(EXCLUDES, description="group:artifact patterns that are not fetched with them.")
    executor_wait: float = Field(
        120.0, gt=0, description="Seconds in which a cluster must give the first executor; otherwise the step fails."
    )
    log_level: str = Field("ERROR", description="Spark's own log on the terminal: ERROR, WARN, INFO.")
    conf: dict[str, str] = Field(default_factory=dict, description="Further Spark settings, as JSON; they come last.")
